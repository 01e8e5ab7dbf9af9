/** RaftNodes in one process: real timers, memory ports, and a way to wait for what happens. */
import { MemoryNetwork, MemoryStorage, RaftNode, combineObservers } from "../index.ts";
import type {
  CommittedCommand,
  FlightRecorder,
  Input,
  NodeId,
  RaftNodeOptions,
  RaftObserver,
  Ready,
  StateMachine,
  Storage,
} from "../index.ts";
import { members } from "./logs.ts";

/** Remembers every byte it was given; answers with how many there are. */
export class ListMachine implements StateMachine<number> {
  bytes: number[] = [];
  readonly batches: number[] = [];

  apply(commands: readonly CommittedCommand[]): readonly number[] | Promise<readonly number[]> {
    this.batches.push(commands.length);
    return commands.map(({ data }) => this.bytes.push(...data));
  }

  snapshot(): Iterable<Uint8Array> {
    return [Uint8Array.from(this.bytes)];
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes: number[] = [];
    for await (const chunk of chunks) bytes.push(...chunk);
    this.bytes = bytes;
  }
}

/** Lets a test go on when something has happened at a node, without a clock. */
export class Watch implements RaftObserver {
  readonly seen: ({ readonly input: Input } | { readonly ready: Ready })[] = [];
  fatal: Error | null = null;
  #waiting: (() => void)[] = [];

  onInput(input: Input): void {
    this.seen.push({ input });
    this.#wake();
  }

  onReady(ready: Ready): void {
    this.seen.push({ ready });
    this.#wake();
  }

  onApplied(): void {
    this.#wake();
  }

  onSnapshotSaved(): void {
    this.#wake();
  }

  onFatal(error: Error): void {
    this.fatal = error;
    this.#wake();
  }

  /** Resolves when the condition holds; looks whenever the node has done something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export type HostOptions = Partial<Omit<RaftNodeOptions<number>, "id" | "members" | "observer">> & {
  /** Watches beside the test. */
  readonly recorder?: FlightRecorder;
};

export interface Host {
  readonly node: RaftNode<number>;
  readonly machine: ListMachine;
  readonly storage: Storage;
  readonly watch: Watch;
}

/** Short times, so that an election takes some tens of milliseconds. */
export const quick = {
  tickMs: 2,
  raft: { electionTimeoutTicks: 20, heartbeatTicks: 2 },
} as const;

const started: RaftNode<number>[] = [];

/** For `afterEach`: a test that failed must not leave a node behind, whose clock would tick on. */
export function stopAll(): void {
  for (const node of started.splice(0)) node.stop().catch(() => undefined);
}

export async function startHost(
  id: NodeId,
  ids: readonly NodeId[] | "join",
  options: HostOptions & { readonly machine?: ListMachine } = {},
): Promise<Host> {
  const { machine = new ListMachine(), recorder, ...rest } = options;
  const storage = rest.storage ?? new MemoryStorage();
  const transport = rest.transport ?? new MemoryNetwork().transport(id);
  const watch = new Watch();
  const node = await RaftNode.start({
    ...quick,
    stateMachine: machine,
    ...rest,
    raft: { ...quick.raft, ...rest.raft },
    id,
    members: ids === "join" ? ids : members(...ids),
    storage,
    transport,
    observer: recorder === undefined ? watch : combineObservers(recorder, watch),
  });
  started.push(node);
  return { node, machine, storage, watch };
}

/** A leader that is alone in its cluster. */
export async function startAlone(
  options: HostOptions & { readonly machine?: ListMachine } = {},
): Promise<Host> {
  const host = await startHost("a", ["a"], options);
  // Elected, and its no-op applied: nothing of the start is under way any more.
  await host.watch.until(() => host.node.status().appliedIndex >= 2);
  return host;
}

export class HostCluster {
  readonly network = new MemoryNetwork();
  readonly hosts = new Map<NodeId, Host>();
  readonly #ids: readonly NodeId[];
  readonly #options: HostOptions;

  private constructor(ids: readonly NodeId[], options: HostOptions) {
    this.#ids = ids;
    this.#options = options;
  }

  static async start(options: HostOptions = {}): Promise<HostCluster> {
    const cluster = new HostCluster(["a", "b", "c"], options);
    for (const id of cluster.#ids) await cluster.startServer(id);
    return cluster;
  }

  async startServer(id: NodeId, storage: Storage = new MemoryStorage()): Promise<Host> {
    const transport = this.network.transport(id);
    const host = await startHost(id, this.#ids, { ...this.#options, storage, transport });
    this.hosts.set(id, host);
    return host;
  }

  /** A server that knows nobody. */
  async startJoiner(id: NodeId): Promise<Host> {
    const transport = this.network.transport(id);
    const host = await startHost(id, "join", { ...this.#options, transport });
    this.hosts.set(id, host);
    return host;
  }

  host(id: NodeId): Host {
    return this.hosts.get(id)!;
  }

  /** The leader that everybody follows, once there is one. */
  async leader(): Promise<Host> {
    return this.leaderAmong([...this.hosts.keys()]);
  }

  async leaderAmong(ids: readonly NodeId[]): Promise<Host> {
    const hosts = ids.map((id) => this.host(id));
    const agreed = (): NodeId | null => {
      const [first, ...others] = hosts.map(({ node }) => node.status().leaderId);
      return others.every((other) => other === first) ? (first ?? null) : null;
    };
    await hosts[0]!.watch.until(() => ids.includes(agreed() ?? ""));
    return this.host(agreed()!);
  }

  others(host: Host): Host[] {
    return [...this.hosts.values()].filter((other) => other !== host);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.hosts.values()].map(({ node }) => node.stop()));
  }
}

/** What a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it was not rejected");
    },
    (error: unknown) => error,
  );
}
