import { EventualError } from "../errors.ts";
import { NodeCluster, fast, stopAll, until } from "../test-support/host.ts";
import { TryingJournal, storageFull } from "../test-support/journals.ts";
import { dice } from "../test-support/messages.ts";

let isOver = false;
beforeEach(() => void (isOver = false));
afterEach(async () => {
  isOver = true; // a test that failed leaves clients behind
  await stopAll();
});

const addresses = ["a", "b", "c"];
const overrides = { timing: { ...fast, exchangeMs: 60, drainMs: 20 }, checkpointBytes: 2000 };

/** Sends one increment with a key to nodes of its choice, until one says that it counts. */
async function untilCounted(
  cluster: NodeCluster,
  key: string,
  roll: (bound: number) => number,
): Promise<void> {
  while (!isOver) {
    const node = cluster.node(addresses[roll(3)]!);
    const acks = roll(3) === 0 ? "majority" : "local";
    try {
      await node.add({ counter: "likes", delta: 1n, key }, { acks, timeoutMs: 40 });
      return;
    } catch (error) {
      if (!(error instanceof EventualError)) throw error;
      if (error.outcome === "applied") return;
      await new Promise((resolve) => setTimeout(resolve, 1)); // a stopped node answers at once
    }
  }
}

describe("nodes whose network, disks and processes fail", () => {
  it.each([1, 2, 3, 39, 122])(
    "count every key once in the end (seed %i)",
    async (seed) => {
      const roll = dice(seed);
      const cluster = new NodeCluster(...addresses);
      const journals = new Map(addresses.map((address) => [address, new TryingJournal()]));
      const start = (address: string): Promise<unknown> => {
        return cluster.start(address, { ...overrides, journal: journals.get(address)! });
      };
      await Promise.all(addresses.map(start));
      await cluster.placed(...addresses);
      const clients: Promise<void>[] = [];
      for (let step = 0; step < 60; step += 1) {
        for (let more = 0; more < 5; more += 1) {
          clients.push(untilCounted(cluster, `key-${clients.length}`, roll));
        }
        const address = addresses[roll(3)]!;
        const journal = journals.get(address)!;
        switch (roll(6)) {
          case 0:
            cluster.network.cut(address, addresses[roll(3)]!, roll(2) === 0 ? "both" : "one");
            break;
          case 1:
            cluster.network.heal();
            break;
          case 2:
            await cluster.stop(address);
            await start(address);
            break;
          case 3:
            journal.failWith(storageFull());
            break;
          case 4:
            journal.failWith(null);
            break;
          default:
            await cluster.node(address).read("likes");
        }
      }
      cluster.network.heal();
      for (const journal of journals.values()) journal.failWith(null);
      await Promise.all(clients);
      for (const address of addresses) {
        await until(() => cluster.node(address).value("likes") === 300n, `${address} has all`);
        expect(cluster.node(address).status().fatal).toBeNull();
      }
    },
    60_000,
  );
});
