/** Nodes in one process: a memory network, memory journals, short ticks. */
import { RefusedError } from "../errors.ts";
import { EventualNode } from "../node/eventual-node.ts";
import { MemoryNetwork } from "../node/memory-network.ts";
import type { EventualEvent, EventualNodeOptions } from "../node/options.ts";
import { MemoryJournal } from "../node/ports.ts";
import type { Journal } from "../node/ports.ts";
import { asError } from "../node/waiting.ts";

const running = new Set<EventualNode>();

/** For `afterEach`: stops every node that a test has left running. */
export async function stopAll(): Promise<void> {
  const nodes = [...running];
  running.clear();
  await Promise.all(nodes.map((node) => node.stop().catch(() => undefined)));
}

/** Waits for a condition, looking again at every few turns of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpMs = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > giveUpMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export type Overrides = Partial<EventualNodeOptions>;

export class NodeCluster {
  readonly network: MemoryNetwork = new MemoryNetwork();
  readonly #addresses: readonly string[];
  readonly #journals = new Map<string, Journal>();
  readonly #nodes = new Map<string, EventualNode>();

  constructor(...addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  node(address: string): EventualNode {
    return this.#nodes.get(address)!;
  }

  journal(address: string): Journal {
    let journal = this.#journals.get(address);
    if (journal === undefined) this.#journals.set(address, (journal = new MemoryJournal()));
    return journal;
  }

  /** Starts this node, or starts it again on the journal that it had. */
  async start(address: string, overrides: Overrides = {}): Promise<EventualNode> {
    const node = await EventualNode.start({
      node: idOf(address),
      address,
      label: `node ${address}`,
      peers: this.#addresses.filter((other) => other !== address),
      cluster: { id: "test", fixed: true },
      journal: this.journal(address),
      transport: this.network.transport(address),
      tickMs: 5,
      timing: fast,
      ...overrides,
    });
    this.#nodes.set(address, node);
    running.add(node);
    return node;
  }

  async startAll(overrides: Overrides = {}): Promise<void> {
    await Promise.all(this.#addresses.map((address) => this.start(address, overrides)));
    await until(() => {
      return this.#addresses.every((address) => this.#isComplete(address));
    }, "all are members and up");
  }

  /** Waits until these nodes accept keys. */
  async placed(...addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const operation = { counter: "placed", delta: 0n, key: `placed-${address}` };
      let isPlaced = false;
      while (!isPlaced) {
        isPlaced = await this.node(address)
          .add(operation)
          .then(
            () => true,
            (error: unknown) => (isStarting(error) ? false : Promise.reject(asError(error))),
          );
      }
    }
  }

  /** The next event of this type at a node. */
  async next(address: string, type: EventualEvent["type"]): Promise<EventualEvent> {
    for await (const event of this.node(address).events()) if (event.type === type) return event;
    throw new Error(`${address} stopped before any ${type}`);
  }

  async stop(address: string): Promise<void> {
    const node = this.node(address);
    running.delete(node);
    await node.stop();
  }

  #isComplete(address: string): boolean {
    const { ready, peers, members } = this.node(address).status();
    return ready && peers.every(({ up }) => up) && members.length === this.#addresses.length;
  }
}

function isStarting(error: unknown): boolean {
  return error instanceof RefusedError && error.reason === "starting";
}

/** Far apart where a slow machine must not take one for the other. */
export const fast: Overrides["timing"] & object = {
  heartbeatMs: 20,
  exchangeMs: 400,
  probeMaxMs: 60,
  antiEntropyMs: 20,
  resumeMs: 200,
  promiseMs: 100,
  drainMs: 2000,
};

/** A node id that tells whose it is. */
export function idOf(address: string): string {
  return Buffer.from(address).toString("hex").padStart(32, "0");
}
