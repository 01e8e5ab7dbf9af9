// A transport of your own: servers in worker threads, and their messages through MessagePorts.
// A transport may lose, double and reorder, and must never block or grow without a limit: so there
// is a window, and what does not fit into it is dropped and told. Raft sends it again.
import { MessageChannel, Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { MemoryStorage, RaftNode } from "@counter/raft";
import type { CommittedCommand, Member, Message, Transport, TransportHandler } from "@counter/raft";

/** Most messages to one peer that it has not taken out yet: its thread may be busy. */
const windowMax = 256;

type Ask = "add" | "read" | "stop";
type Parcel = { readonly message: Message } | { readonly taken: number };

class PortTransport implements Transport {
  readonly #ports: ReadonlyMap<string, MessagePort>;
  readonly #onTheWay = new Map<string, number>();
  #handler: TransportHandler | null = null;

  constructor(ports: ReadonlyMap<string, MessagePort>) {
    this.#ports = ports;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    for (const [peer, port] of this.#ports) {
      port.on("message", (parcel: Parcel) => this.#receive(peer, parcel));
    }
  }

  /** Returns at once, whatever the peer does. */
  send(message: Message): void {
    const port = this.#ports.get(message.to);
    const onTheWay = this.#onTheWay.get(message.to) ?? 0;
    if (port === undefined || onTheWay >= windowMax) {
      this.#handler?.unreachable(message.to);
      return;
    }
    this.#onTheWay.set(message.to, onTheWay + 1);
    port.postMessage({ message } satisfies Parcel); // copied: nothing is shared between threads
  }

  setMembers(): void {
    // Which member is where was settled when the ports were laid.
  }

  close(): Promise<void> {
    for (const port of this.#ports.values()) port.close();
    return Promise.resolve();
  }

  #receive(peer: string, parcel: Parcel): void {
    if ("taken" in parcel) {
      this.#onTheWay.set(peer, (this.#onTheWay.get(peer) ?? 0) - parcel.taken);
      return;
    }
    this.#ports.get(peer)?.postMessage({ taken: 1 } satisfies Parcel);
    this.#handler?.receive(parcel.message);
  }
}

interface Setup {
  readonly id: string;
  readonly members: readonly Member[];
  readonly ports: ReadonlyMap<string, MessagePort>;
}

/** One server, whose state is a set of numbers: adding one twice is adding it once. */
async function serve({ id, members, ports }: Setup): Promise<void> {
  const numbers = new Set<number>();
  const stateMachine = {
    apply: (commands: readonly CommittedCommand[]) =>
      commands.map(({ data }) => numbers.add(data[0] ?? 0).size),
    snapshot: () => [Uint8Array.from(numbers)],
    restore: async (chunks: AsyncIterable<Uint8Array>) => {
      numbers.clear();
      for await (const chunk of chunks) for (const number of chunk) numbers.add(number);
    },
  };
  const transport = new PortTransport(ports);
  const storage = new MemoryStorage();
  const node = await RaftNode.start({ id, members, stateMachine, storage, transport });

  /** Whether this server leads, and goes on leading until all are committed. */
  async function add(): Promise<boolean> {
    if ((await node.waitForLeader()) !== id) return false;
    const all = Array.from({ length: 100 }, (_, number) => node.propose(Uint8Array.of(number)));
    return (await Promise.allSettled(all)).every(({ status }) => status === "fulfilled");
  }
  parentPort?.on("message", (what: Ask) => {
    void (async () => {
      if (what === "add") parentPort?.postMessage(await add());
      if (what === "read") parentPort?.postMessage(await node.read(() => numbers.size));
      if (what === "stop") {
        await node.stop();
        parentPort?.postMessage(null);
        parentPort?.close();
      }
    })();
  });
}

/** Lays a channel between every two servers, and starts each in a thread. */
function startAll(ids: readonly string[]): readonly Worker[] {
  const ports = new Map(ids.map((id) => [id, new Map<string, MessagePort>()]));
  for (const [at, one] of ids.entries()) {
    for (const other of ids.slice(at + 1)) {
      const { port1, port2 } = new MessageChannel();
      ports.get(one)?.set(other, port1);
      ports.get(other)?.set(one, port2);
    }
  }
  const members = ids.map((id) => ({ id, address: `thread:${id}` }));
  return ids.map((id) => {
    const own = ports.get(id) ?? new Map<string, MessagePort>();
    const setup: Setup = { id, members, ports: own };
    return new Worker(new URL(import.meta.url), {
      workerData: setup,
      transferList: [...own.values()],
    });
  });
}

function ask(workers: readonly Worker[], what: Ask): Promise<unknown[]> {
  return Promise.all(
    workers.map((worker) => {
      const answer = new Promise((resolve, reject) => {
        worker.once("message", resolve).once("error", reject);
      });
      worker.postMessage(what);
      return answer;
    }),
  );
}

if (isMainThread) {
  const workers = startAll(["a", "b", "c"]);
  while (!(await ask(workers, "add")).includes(true)); // until one of them led all the while
  console.log("every thread reads", await ask(workers, "read"));
  await ask(workers, "stop");
} else {
  await serve(workerData as Setup);
}
