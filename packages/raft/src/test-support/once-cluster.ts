/** Three servers under exactlyOnce, and a client that looks for whoever leads. */
import { MemoryNetwork, MemoryStorage, RaftNode } from "../index.ts";
import type {
  EntryId,
  ExactlyOnceMachine,
  NodeId,
  ProposeOptions,
  Proposed,
  Proposer,
  SessionChange,
  WaitOptions,
} from "../index.ts";
import { Watch, quick } from "./host.ts";
import { members } from "./logs.ts";
import { Tally, once } from "./once.ts";
import type { OnceOptions } from "./once.ts";

export interface OnceHost {
  readonly node: RaftNode<string>;
  readonly tally: Tally;
  readonly machine: ExactlyOnceMachine<string>;
  readonly watch: Watch;
}

export class OnceCluster implements Proposer<string> {
  readonly network = new MemoryNetwork();
  readonly hosts = new Map<NodeId, OnceHost>();
  /** How often a server was asked for a new session. */
  opensSent = 0;
  readonly #storages = new Map<NodeId, MemoryStorage>();
  readonly #options: OnceOptions;
  readonly #ids: readonly NodeId[] = ["a", "b", "c"];

  private constructor(options: OnceOptions) {
    this.#options = options;
  }

  static async start(options: OnceOptions = {}): Promise<OnceCluster> {
    const cluster = new OnceCluster(options);
    for (const id of cluster.#ids) await cluster.startServer(id);
    return cluster;
  }

  /** Starts a server on what it stored; its machine begins empty, and old entries are compacted. */
  async startServer(id: NodeId): Promise<void> {
    const storage = this.#storages.get(id) ?? new MemoryStorage();
    this.#storages.set(id, storage);
    const tally = new Tally();
    const machine = once(tally, this.#options);
    const watch = new Watch();
    const node = await RaftNode.start({
      ...quick,
      id,
      members: members(...this.#ids),
      stateMachine: machine,
      storage,
      transport: this.network.transport(id),
      observer: watch,
      snapshots: { everyEntries: 10, retainEntries: 2 },
    });
    this.hosts.set(id, { node, tally, machine, watch });
  }

  async stopServer(id: NodeId): Promise<void> {
    const { node } = this.hosts.get(id)!;
    this.hosts.delete(id);
    await node.stop();
  }

  /** The host that leads, or any if none does. Waits for one that is known to lead. */
  async leader(): Promise<OnceHost> {
    for (;;) {
      const running = [...this.hosts.values()];
      const leading = running.find(({ node }) => node.status().role === "leader");
      if (leading !== undefined) return leading;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #anybody(): RaftNode<string> {
    const running = [...this.hosts.values()];
    return (running.find(({ node }) => node.status().role === "leader") ?? running[0]!).node;
  }

  propose(command: Uint8Array, options?: ProposeOptions): Promise<Proposed<string>> {
    return this.#anybody().propose(command, options);
  }

  changeSession(change: SessionChange, options?: WaitOptions): Promise<EntryId> {
    if (change.type === "open") this.opensSent += 1;
    return this.#anybody().changeSession(change, options);
  }

  /** Resolves when every server has applied what this index stands for. */
  async applied(index: number): Promise<void> {
    for (const { node, watch } of this.hosts.values()) {
      await watch.until(() => node.status().appliedIndex >= index);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.hosts.keys()].map((id) => this.stopServer(id)));
  }
}
