import { AckTimeoutError } from "../errors.ts";
import { NodeCluster, idOf, stopAll, until } from "../test-support/host.ts";
import { TryingJournal } from "../test-support/journals.ts";
import { pendingWritesMax } from "./writes.ts";

afterEach(stopAll);

const one = { counter: "likes", delta: 1n };

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("a write that waits for others", () => {
  it.each([
    { acks: "local", least: 1 },
    { acks: "majority", least: 2 },
    { acks: "all", least: 3 },
    { acks: 1, least: 1 },
    { acks: 3, least: 3 },
  ] as const)("is answered when so many have it on their disks: $acks", async ({ acks, least }) => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    const { acked, value } = await cluster.node("a").add(one, { acks });
    expect(acked).toBeGreaterThanOrEqual(least);
    expect(value).toBe(1n);
    const have = ["a", "b", "c"].filter((address) => cluster.node(address).value("likes") === 1n);
    expect(have.length).toBeGreaterThanOrEqual(least);
  });

  it("is told what it has when too few answer in time: it counts all the same", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    cluster.network.split(["a"], ["b", "c"]);
    const error = await failureOf(cluster.node("a").add(one, { acks: "majority", timeoutMs: 30 }));
    expect(error).toBeInstanceOf(AckTimeoutError);
    expect(error).toMatchObject({
      code: "EVENTUAL_ACK_TIMEOUT",
      outcome: "applied",
      requested: 2,
      written: { value: 1n, acked: 1, replayed: false },
    });
    cluster.network.heal();
    await until(() => cluster.node("c").value("likes") === 1n, "c has it");
  });

  it("waits again when its key comes again, at the same node or at another", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    await cluster.placed("a", "b", "c");
    cluster.network.split(["a", "b"], ["c"]);
    const order = { ...one, key: "order-1" };
    const wait = { acks: "all", timeoutMs: 30 } as const;
    expect(await failureOf(cluster.node("a").add(order, wait))).toBeInstanceOf(AckTimeoutError);
    await until(() => cluster.node("b").value("likes") === 1n, "b has it");
    for (const address of ["a", "b"]) {
      const again = await failureOf(cluster.node(address).add(order, wait));
      expect(again).toMatchObject({
        outcome: "applied",
        requested: 3,
        written: { replayed: true },
      });
    }
    cluster.network.heal();
    for (const address of ["a", "b"]) {
      const written = await cluster.node(address).add(order, { acks: "all", timeoutMs: 20_000 });
      expect(written).toMatchObject({ replayed: true, acked: 3, value: 1n });
    }
    expect(cluster.node("c").value("likes")).toBe(1n);
  });

  it("counts an address that was registered and never met", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.node("a").registerPeers(["nobody:1"], { acks: "majority" });
    expect((await cluster.node("a").add(one, { acks: "majority" })).acked).toBe(2);
    const error = await failureOf(cluster.node("a").add(one, { acks: "all", timeoutMs: 30 }));
    expect(error).toMatchObject({ outcome: "applied", requested: 3 });
  });

  it("may be abandoned by a signal, before and behind the disk", async () => {
    const cluster = new NodeCluster("a", "b");
    const journal = new TryingJournal();
    const node = await cluster.start("a", { journal });
    await node.add(one);
    const early = await failureOf(node.add(one, { signal: AbortSignal.abort(new Error("no")) }));
    expect(early).toMatchObject({ code: "EVENTUAL_ABORTED", outcome: "not-applied" });
    const acking = new AbortController();
    const behind = failureOf(node.add(one, { acks: "all", signal: acking.signal }));
    await node.add(one); // answered after the one before it: that is on the disk, too
    acking.abort(new Error("enough"));
    expect(await behind).toMatchObject({ outcome: "applied", cause: new Error("enough") });
    journal.hold();
    const entering = new AbortController();
    const before = failureOf(node.add(one, { signal: entering.signal }));
    entering.abort(new Error("enough"));
    expect(await before).toMatchObject({ code: "EVENTUAL_OUTCOME_UNKNOWN", outcome: "unknown" });
    journal.release();
    await until(() => node.value("likes") === 4n, "it counts in the end");
  });

  it("does not know its outcome when the disk does not answer in time", async () => {
    const journal = new TryingJournal();
    const node = await new NodeCluster("a").start("a", { journal });
    await node.add(one);
    journal.hold();
    const error = await failureOf(node.add(one, { timeoutMs: 20 }));
    expect(error).toMatchObject({ code: "EVENTUAL_OUTCOME_UNKNOWN", outcome: "unknown" });
    expect(node.value("likes")).toBe(1n); // nothing is visible that is not on the disk
    journal.release();
    await until(() => node.value("likes") === 2n, "it counts in the end");
  });

  it.each([0, -1, 1.5, 66, Number.NaN])("cannot wait for %p nodes", async (acks) => {
    const node = await new NodeCluster("a").start("a");
    expect(await failureOf(node.add(one, { acks }))).toBeInstanceOf(RangeError);
  });
});

describe("the writes that wait", () => {
  it("are limited, and what is beyond is refused at once", async () => {
    const journal = new TryingJournal();
    const node = await new NodeCluster("a").start("a", {
      journal,
      limits: { pendingMaxBytes: 2 ** 30 },
    });
    await node.add(one);
    journal.hold();
    const options = { timeoutMs: 60_000 };
    const waiting = Array.from({ length: pendingWritesMax }, () => node.add(one, options));
    expect(node.status().pendingWrites).toBe(pendingWritesMax);
    expect(await failureOf(node.add(one))).toMatchObject({
      code: "EVENTUAL_OVERLOADED",
      outcome: "not-applied",
    });
    journal.release();
    const written = await Promise.all(waiting);
    expect(written.at(-1)?.value).toBe(BigInt(pendingWritesMax) + 1n);
    expect(node.status().pendingWrites).toBe(0);
  }, 60_000);

  it("that the core refuses are told why", async () => {
    const node = await new NodeCluster("a").start("a", { limits: { countersMax: 2 } });
    await node.add({ counter: "a", delta: 1n });
    await node.add({ counter: "b", delta: 1n });
    expect(await failureOf(node.add({ counter: "c", delta: 1n }))).toMatchObject({
      code: "EVENTUAL_TOO_MANY_COUNTERS",
      reason: "too-many-counters",
      outcome: "not-applied",
    });
  });

  it.each([
    { counter: "", delta: 1n },
    { counter: "no spaces", delta: 1n },
    { counter: "c", delta: 2n ** 63n },
    { counter: "c", delta: 1n, key: "" },
    { counter: "c", delta: 1n, key: "ü" },
  ])("are checked before anything is done: $counter $delta $key", async (addition) => {
    const node = await new NodeCluster("a").start("a", { node: idOf("a") });
    expect(await failureOf(node.add(addition))).toBeInstanceOf(RangeError);
    expect(await failureOf(node.set({ counter: "c", value: 2n ** 255n }))).toBeInstanceOf(
      RangeError,
    );
    expect(await failureOf(node.registerPeers(["no spaces"]))).toBeInstanceOf(RangeError);
  });
});
