import { appendOf, numbered } from "./test-support/messages.ts";
import { Nodes } from "./test-support/node.ts";
import type { TestNode } from "./test-support/node.ts";
import { Proxy } from "./test-support/proxy.ts";
import { turn } from "./test-support/watch.ts";

const nodes = new Nodes();
const proxies: Proxy[] = [];
afterEach(async () => {
  await nodes.closeAll();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

const ends = { from: "n1", to: "n2" };

/** n1 dials n2 through a proxy; n2 cannot dial n1. */
async function throughProxy(
  limits: Record<string, number> = {},
): Promise<{ n1: TestNode; n2: TestNode; proxy: Proxy }> {
  const n1 = await nodes.listen({ id: "n1", limits });
  const n2 = await nodes.listen({ id: "n2", limits });
  const proxy = await Proxy.to(n2.port);
  proxies.push(proxy);
  n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
  n1.transport.setMembers([{ id: "n2", address: proxy.address }]);
  await n1.dialled("n2");
  await n2.watch.until(() => n2.isConnected("n1"));
  return { n1, n2, proxy };
}

describe("a peer that restarts", () => {
  it("is connected again on the same port, and the loss is reported", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    await n2!.close();
    await n1!.watch.until(() => !n1!.isConnected("n2"));
    await n1!.watch.until(() => n1!.unreachablePeers.length > 0);
    n1!.transport.send(numbered(ends, 1)); // dropped at once, not kept for later
    const again = await nodes.listen({ id: "n2", port: n2!.port });
    again.transport.setMembers([n1!.member]);
    await n1!.dialled("n2");
    n1!.transport.send(numbered(ends, 2));
    await again.watch.until(() => again.received.length === 1);
    expect(again.received).toEqual([numbered(ends, 2)]);
    expect(n1!.transport.stats().peers["n2"]).toMatchObject({ reconnects: 1, dropped: 1 });
    // At most once for each of the two streams that broke, not once a message.
    expect(n1!.unreachablePeers.length).toBeLessThanOrEqual(2);
  });

  it("is dialled at once when it shows up, however long the next attempt is away", async () => {
    const limits = { backoffMinMs: 3_600_000, backoffMaxMs: 3_600_000 };
    const n1 = await nodes.listen({ id: "n1", limits, random: () => 0.9 });
    const n2 = await nodes.listen({ id: "n2" });
    n1.transport.setMembers([n2.member]);
    await n1.event("refused"); // n2 does not know n1 yet
    n2.transport.setMembers([n1.member]);
    await n1.dialled("n2");
  });

  it("replaces the stream that it dialled before", async () => {
    const [n1] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const twin = await nodes.listen({ id: "n2" });
    twin.transport.setMembers([n1!.member]);
    const { direction } = await n1!.event(
      "disconnected",
      ({ reason }) => reason === "replaced by a newer stream",
    );
    expect(direction).toBe("accepted");
  });
});

describe("a network that breaks", () => {
  it("a cut connection is reported and dialled again", async () => {
    const { n1, n2, proxy } = await throughProxy();
    proxy.cut();
    await n1.watch.until(() => n1.unreachablePeers.includes("n2"));
    await n1.watch.until(() => (n1.transport.stats().peers["n2"]?.reconnects ?? 0) > 0);
    n1.transport.send(numbered(ends, 1));
    await n2.watch.until(() => n2.received.length === 1);
  });

  it("a connection that is only half there is noticed by both ends", async () => {
    const { n1, n2, proxy } = await throughProxy({ pingEveryMs: 20, idleTimeoutMs: 80 });
    proxy.set({ forth: "stall", back: "stall" });
    const [here, there] = await Promise.all([n1.event("disconnected"), n2.event("disconnected")]);
    expect([here.reason, there.reason]).toEqual([
      "nothing received for 80 ms",
      "nothing received for 80 ms",
    ]);
  });

  it("an idle connection stays open: both ends send pings", async () => {
    const { n1, n2, proxy } = await throughProxy({ pingEveryMs: 10, idleTimeoutMs: 60 });
    // Long enough to be closed several times, told by a connection that is.
    const m1 = await nodes.listen({ id: "m1", limits: { pingEveryMs: 80, idleTimeoutMs: 240 } });
    const silent = await nodes.listen({
      id: "m2",
      limits: { pingEveryMs: 5000, idleTimeoutMs: 10_000 },
    });
    m1.transport.setMembers([silent.member]);
    silent.transport.setMembers([{ id: "m1", address: "127.0.0.1:1" }]);
    await m1.event("disconnected");
    expect(proxy.connections).toBe(1);
    expect([...n1.events, ...n2.events].filter(({ type }) => type === "disconnected")).toEqual([]);
    expect(n1.transport.stats().peers["n2"]).toMatchObject({ sent: 0, reconnects: 0 });
  });

  it("a connection that is busy in one direction still carries pings in the other", async () => {
    const limits = { pingEveryMs: 20, idleTimeoutMs: 80 };
    const [n1, n2] = await nodes.cluster({ id: "n1", limits }, { id: "n2", limits });
    const endsAt = performance.now() + 400; // five times the patience of either end
    for (let at = 1; performance.now() < endsAt; at += 1) {
      n1!.transport.send(numbered(ends, at));
      await n2!.watch.until(() => n2!.received.length === at);
    }
    expect([...n1!.events, ...n2!.events].filter(({ type }) => type === "disconnected")).toEqual(
      [],
    );
  });

  it("a dial that nobody answers is given up", async () => {
    const n1 = await nodes.listen({ id: "n1", limits: { dialTimeoutMs: 30 } });
    const proxy = await Proxy.to(n1.port);
    proxies.push(proxy);
    proxy.set({ forth: "stall", back: "stall" });
    n1.transport.setMembers([{ id: "n2", address: proxy.address }]);
    expect(await n1.event("dialFailed")).toMatchObject({ reason: "no answer within 30 ms" });
  });
});

describe("time", () => {
  it("waits longer after each failure, up to a limit, and never as long as another node", async () => {
    const limits = { backoffMinMs: 4, backoffMaxMs: 16 };
    const n1 = await nodes.listen({ id: "n1", limits, random: () => 0.5 });
    n1.transport.setMembers([{ id: "n2", address: "127.0.0.1:1" }]);
    const waits = (): number[] =>
      n1.events.flatMap((event) => (event.type === "dialFailed" ? [event.retryInMs] : []));
    await n1.watch.until(() => waits().length >= 5);
    expect(waits().slice(0, 5)).toEqual([2, 4, 8, 8, 8]);
  });

  it("does not pass for a peer while our own event loop stands still", async () => {
    const { n1, n2 } = await throughProxy({ pingEveryMs: 20, idleTimeoutMs: 80 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    n1.transport.send(numbered(ends, 1));
    await n2.watch.until(() => n2.received.length === 1);
    expect([...n1.events, ...n2.events].filter(({ type }) => type === "disconnected")).toEqual([]);
  });
});

describe("a peer that does not read", () => {
  const limits = { frameMaxBytes: 262_144, queueMaxBytes: 1_048_576 };
  const large = appendOf(ends, { dataBytes: 65_536 });

  it("costs bounded memory, is reported, and delays nobody else", async () => {
    const { n1, proxy } = await throughProxy(limits);
    const n3 = await nodes.listen({ id: "n3" });
    n3.transport.setMembers([n1.member]);
    n1.transport.setMembers([{ id: "n2", address: proxy.address }, n3.member]);
    await n1.dialled("n3");
    proxy.set({ forth: "stall" });
    const stats = (): NonNullable<ReturnType<typeof n1.transport.stats>["peers"][string]> =>
      n1.transport.stats().peers["n2"]!;
    let sent = 0;
    for (; stats().dropped < 200; sent += 1) {
      n1.transport.send(large);
      n1.transport.send(numbered({ from: "n1", to: "n3" }, sent));
      await turn();
      expect(stats().queuedBytes).toBeLessThanOrEqual(limits.queueMaxBytes);
    }
    await n3.watch.until(() => n3.received.length === sent);
    expect(n3.received).toEqual(
      Array.from({ length: sent }, (_, i) => numbered({ from: "n1", to: "n3" }, i)),
    );
    expect(stats()).toMatchObject({ connected: true });
    expect(n1.transport.stats().peers["n3"]).toMatchObject({ dropped: 0 });
    // Paced, not per message.
    expect(n1.unreachablePeers).toContain("n2");
    expect(n1.unreachablePeers.length).toBeLessThan(20);
    expect(await n1.event("dropped")).toMatchObject({ peer: "n2", reason: "queueFull" });
  });

  it("gets what was queued when it reads again, in order", async () => {
    const { n1, n2, proxy } = await throughProxy(limits);
    proxy.set({ forth: "stall" });
    let context = 0;
    while (n1.transport.stats().peers["n2"]?.queuedBytes === 0 || context < 100) {
      n1.transport.send(large);
      n1.transport.send(numbered(ends, context));
      context += 1;
      await turn();
    }
    const { dropped } = n1.transport.stats().peers["n2"]!;
    proxy.set({ forth: "flow" });
    await n2.watch.until(() => n2.received.length === 2 * context - dropped);
    const contexts = n2.received.flatMap((m) => (m.type === "readIndexRequest" ? [m.context] : []));
    expect(contexts).toEqual([...contexts].sort((a, b) => a - b));
  });

  it("may have so many messages waiting and no more", async () => {
    const [n1] = await nodes.cluster({ id: "n1", limits: { queueMaxMessages: 10 } }, { id: "n2" });
    for (let i = 0; i < 25; i += 1) n1!.transport.send(numbered(ends, i));
    expect(n1!.transport.stats().peers["n2"]).toMatchObject({ queuedMessages: 10, dropped: 15 });
    expect(await n1!.event("dropped")).toMatchObject({ reason: "queueFull", count: 15 });
    expect(n1!.unreachablePeers).toEqual(["n2"]);
  });
});
