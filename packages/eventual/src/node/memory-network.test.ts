import { until } from "../test-support/host.ts";
import { MemoryNetwork, exchangesInFlightMax } from "./memory-network.ts";

const ping = Uint8Array.of(1);
const never = new AbortController().signal;

function answering(network: MemoryNetwork, address: string, reply: number): { asked: number } {
  const counts = { asked: 0 };
  network.transport(address).start({
    answer: () => {
      counts.asked += 1;
      return Promise.resolve(Uint8Array.of(reply));
    },
  });
  return counts;
}

describe("a network in memory", () => {
  it("brings a request there and its reply back", async () => {
    const network = new MemoryNetwork();
    answering(network, "b", 7);
    const reply = await network.transport("a").exchange("b", "health", ping, never);
    expect(reply).toEqual(Uint8Array.of(7));
  });

  it("fails at once where nobody is", async () => {
    const network = new MemoryNetwork();
    const exchange = network.transport("a").exchange("b", "health", ping, never);
    await expect(exchange).rejects.toThrow("b did not answer");
  });

  it("loses what crosses a cut link, and says nothing, until the asker gives up", async () => {
    const network = new MemoryNetwork();
    const b = answering(network, "b", 7);
    network.cut("b", "a", "one");
    const abort = new AbortController();
    const exchange = network.transport("a").exchange("b", "health", ping, abort.signal);
    await until(() => b.asked === 1, "the request arrives"); // only the reply is lost
    abort.abort();
    await expect(exchange).rejects.toThrow("aborted");
    network.heal();
    await network.transport("a").exchange("b", "health", ping, never);
  });

  it("cuts groups from each other", async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = ["a", "b", "c"].map((address) => answering(network, address, 7));
    network.split(["a"], ["b", "c"]);
    await network.transport("b").exchange("c", "health", ping, never);
    const abort = new AbortController();
    const lost = network.transport("b").exchange("a", "health", ping, abort.signal);
    abort.abort();
    await expect(lost).rejects.toThrow();
    expect([a?.asked, b?.asked, c?.asked]).toEqual([0, 0, 1]);
  });

  it("takes its time where it is told to", async () => {
    const network = new MemoryNetwork();
    answering(network, "b", 7);
    answering(network, "c", 8);
    network.delay("a", "b", 20);
    const order: string[] = [];
    const from = network.transport("a");
    await Promise.all(
      ["b", "c"].map(async (to) => {
        await from.exchange(to, "health", ping, never);
        order.push(to);
      }),
    );
    expect(order).toEqual(["c", "b"]);
  });

  it("carries at most so many exchanges at once", async () => {
    const network = new MemoryNetwork();
    network.cut("a", "b");
    const aborts: AbortController[] = [];
    const from = network.transport("a");
    const lost = Array.from({ length: exchangesInFlightMax }, () => {
      const abort = new AbortController();
      aborts.push(abort);
      return from.exchange("b", "health", ping, abort.signal).catch(() => "aborted");
    });
    await expect(from.exchange("b", "health", ping, never)).rejects.toThrow("too many");
    for (const abort of aborts) abort.abort();
    expect(new Set(await Promise.all(lost))).toEqual(new Set(["aborted"]));
    answering(network, "b", 7);
    network.heal();
    await from.exchange("b", "health", ping, never);
  });
});
