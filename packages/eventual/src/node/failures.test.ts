import { NodeCluster, idOf, stopAll, until } from "../test-support/host.ts";
import { TryingJournal, storageFull } from "../test-support/journals.ts";
import { EventualNode } from "./eventual-node.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { MemoryJournal } from "./ports.ts";
import type { EventualEvent } from "./options.ts";

afterEach(stopAll);

const one = { counter: "likes", delta: 1n };
const failureOf = (promise: Promise<unknown>): Promise<unknown> => {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
};

describe("a full disk", () => {
  it("refuses writes until there is room again, and keeps the one that found none", async () => {
    const journal = new TryingJournal();
    const cluster = new NodeCluster("a");
    const node = await cluster.start("a", { journal });
    await node.add(one);
    const events: EventualEvent[] = [];
    const following = (async () => {
      for await (const event of node.events()) if (event.type === "storageFull") events.push(event);
    })();
    journal.failWith(storageFull());
    const waiting = node.add(one, { timeoutMs: 60_000 });
    await until(() => node.status().storageFull, "it is full");
    expect(await failureOf(node.add(one))).toMatchObject({
      code: "EVENTUAL_STORAGE_FULL",
      outcome: "not-applied",
    });
    expect((await node.read("likes")).value).toBe(1n);
    journal.failWith(null);
    expect((await waiting).value).toBe(2n);
    expect((await node.add(one)).value).toBe(3n);
    await node.stop();
    await following;
    expect(events).toEqual([
      { type: "storageFull", full: true },
      { type: "storageFull", full: false },
    ]);
  });

  it("acknowledges nothing to the others, and takes it all when there is room", async () => {
    const journal = new TryingJournal();
    const cluster = new NodeCluster("a", "b");
    await Promise.all([cluster.start("a", { journal }), cluster.start("b")]);
    await until(() => cluster.node("b").status().members.length === 2, "both are members");
    journal.failWith(storageFull());
    const error = await failureOf(cluster.node("b").add(one, { acks: "all", timeoutMs: 50 }));
    expect(error).toMatchObject({ outcome: "applied", written: { acked: 1 } });
    expect(cluster.node("a").value("likes")).toBe(0n);
    journal.failWith(null);
    await until(() => cluster.node("a").value("likes") === 1n, "a has it");
  });
});

describe("a broken disk", () => {
  it("stops the node with its error, and nobody is told of what may be lost", async () => {
    const journal = new TryingJournal();
    const fatal: Error[] = [];
    const node = await new NodeCluster("a").start("a", {
      journal,
      observer: { onFatal: (error) => fatal.push(error) },
    });
    await node.add(one);
    const broken = new Error("input/output error");
    journal.failWith(broken);
    const error = await failureOf(node.add(one, { timeoutMs: 60_000 }));
    expect(error).toMatchObject({ code: "EVENTUAL_OUTCOME_UNKNOWN", cause: broken });
    expect(await node.stopped).toBe(broken);
    expect(journal.isClosed).toBe(true);
    expect(fatal).toEqual([broken]);
    expect(node.status().fatal).toBe(broken);
    await expect(node.add(one)).rejects.toMatchObject({ code: "EVENTUAL_STOPPED" });
    await expect(node.read("likes")).rejects.toMatchObject({ code: "EVENTUAL_STOPPED" });
  });

  it("is told by stop if it breaks then", async () => {
    const journal = new TryingJournal();
    const node = await new NodeCluster("a").start("a", { journal });
    await node.add(one);
    journal.hold();
    const waiting = failureOf(node.add(one, { timeoutMs: 60_000 }));
    const stopping = failureOf(node.stop());
    const broken = new Error("input/output error");
    journal.failWith(broken);
    journal.release();
    expect(await stopping).toBe(broken);
    expect(await waiting).toMatchObject({ outcome: "unknown" });
    expect(await node.stopped).toBe(broken);
  });
});

describe("a start that fails", () => {
  const options = {
    node: idOf("a"),
    address: "a",
    label: "a",
    cluster: { id: "test", fixed: true },
    transport: new MemoryNetwork().transport("a"),
  };

  it("lets go of the journal", async () => {
    const journal = new TryingJournal();
    await journal.append([Uint8Array.of(255, 1, 2)]);
    expect(await failureOf(EventualNode.start({ ...options, journal }))).toMatchObject({
      code: "EVENTUAL_MALFORMED",
    });
    expect(journal.isClosed).toBe(true);
  });

  it.each([
    { node: "me" },
    { label: "" },
    { address: "" },
    { peers: ["no spaces"] },
    { peers: Array<string>(65).fill("x:1") },
    { cluster: { id: "", fixed: true } },
    { tickMs: 0 },
    { checkpointBytes: 0.5 },
    { timing: { heartbeatMs: -1 } },
    { limits: { keysMax: 0 } },
    { limits: { messageMaxBytes: 2 ** 20 + 1 } },
    { limits: { recordMaxBytes: 2 ** 20 + 1 } },
    { limits: { messageMaxRecords: 16_385 } },
  ])("says which option is wrong: %j", async (wrong) => {
    const journal = new MemoryJournal();
    const error = await failureOf(EventualNode.start({ ...options, journal, ...wrong }));
    expect(error).toBeInstanceOf(RangeError);
  });
});

describe("a node that stops", () => {
  it("first hands over what it took", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const adds = Array.from({ length: 100 }, () => cluster.node("a").add(one));
    const stopping = cluster.stop("a");
    expect(await failureOf(cluster.node("a").add(one))).toMatchObject({ code: "EVENTUAL_STOPPED" });
    await Promise.all(adds);
    await stopping;
    expect(await cluster.node("a").stopped).toBeNull();
    const most = Math.max(
      ...["b", "c"].map((address) => Number(cluster.node(address).value("likes"))),
    );
    expect(most).toBe(100);
  });

  it("does not wait for ever for those that do not answer", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll({ timing: { exchangeMs: 60_000, drainMs: 30 } });
    cluster.network.cut("a", "b");
    await cluster.node("a").add(one);
    await cluster.stop("a");
    expect(await cluster.node("a").stopped).toBeNull();
  });

  it("stops once, and ends its events", async () => {
    const node = await new NodeCluster("a").start("a");
    const events = node.events();
    expect(node.stop()).toBe(node.stop());
    await node.stop();
    const types: string[] = [];
    for await (const { type } of events) types.push(type);
    expect(types).not.toContain("mustStop");
  });
});

describe("bytes that are no message", () => {
  it("are counted, and harm nobody", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    const stranger = cluster.network.transport("x");
    const signal = AbortSignal.timeout(20_000);
    const garbage = Uint8Array.of(1, 2, 3);
    await expect(stranger.exchange("a", "push", garbage, signal)).rejects.toThrow();
    expect(cluster.node("a").status().malformedMessages).toBe(1);
    stranger.start({ answer: () => Promise.resolve(garbage) });
    await cluster.node("b").registerPeers(["x"]);
    await until(() => cluster.node("b").status().malformedMessages > 1, "b was answered garbage");
    await cluster.node("a").add(one, { acks: 2 });
    expect(cluster.node("b").value("likes")).toBe(1n);
  });
});

describe("one node id in two processes", () => {
  it("goes on in the later one, and the earlier one stops", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    const earlier = cluster.node("a");
    const journal = new MemoryJournal();
    for await (const entry of cluster.journal("a").load()) await journal.append([entry]);
    const twin = await EventualNode.start({
      node: idOf("a"),
      address: "twin",
      label: "twin",
      peers: ["b"],
      cluster: { id: "test", fixed: true },
      journal,
      transport: cluster.network.transport("twin"),
      tickMs: 5,
    });
    expect(await earlier.stopped).toMatchObject({ code: "EVENTUAL_DUPLICATE_IDENTITY" });
    await twin.add(one, { timeoutMs: 20_000 });
    await until(() => cluster.node("b").value("likes") === 1n, "the twin is heard");
    await twin.stop();
  });
});
