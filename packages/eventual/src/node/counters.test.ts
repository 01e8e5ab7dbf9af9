import { NodeCluster, stopAll, until } from "../test-support/host.ts";
import type { EventualNode } from "./eventual-node.ts";

afterEach(stopAll);

const labels = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(entries));

/** A cluster of two, both of which may write anything. */
async function pair(): Promise<{ cluster: NodeCluster; a: EventualNode; b: EventualNode }> {
  const cluster = new NodeCluster("a", "b");
  await cluster.startAll();
  await cluster.placed("a", "b");
  return { cluster, a: cluster.node("a"), b: cluster.node("b") };
}

async function agree(a: EventualNode, b: EventualNode): Promise<void> {
  await until(() => a.knowledge() === b.knowledge(), "both know the same");
}

describe("a counter with labels", () => {
  it("is created once, and shown by every node", async () => {
    const { a, b } = await pair();
    const created = await a.create({ counter: "likes", labels: labels({ team: "blue" }) });
    expect(created).toMatchObject({ value: 0n, previous: 0n });
    const read = await b.counter("likes", { atLeast: created.token, timeoutMs: 20_000 });
    expect(read).toMatchObject({ name: "likes", exists: true, value: 0n, stale: false });
    expect([...read.labels]).toEqual([["team", "blue"]]);
    await expect(b.create({ counter: "likes", labels: null })).rejects.toMatchObject({
      code: "EVENTUAL_COUNTER_EXISTS",
      outcome: "not-applied",
    });
  });

  it("gets some, loses some and keeps the others when it is configured", async () => {
    const { a } = await pair();
    await a.create({ counter: "likes", labels: labels({ x: "1", y: "2" }) });
    await a.configure({
      counter: "likes",
      labels: new Map([
        ["x", null],
        ["a/b", "ü ✓"],
      ]),
    });
    expect([...a.look("likes").labels]).toEqual([
      ["a/b", "ü ✓"],
      ["y", "2"],
    ]);
    await a.configure({ counter: "likes", labels: null });
    expect(a.look("likes").labels.size).toBe(0);
  });

  it("has sixteen of them at most", async () => {
    const { a } = await pair();
    const sixteen = Array.from({ length: 16 }, (_, at) => [`l${at}`, "x".repeat(255)] as const);
    await a.create({ counter: "likes", labels: new Map(sixteen) });
    expect(a.look("likes").labels.size).toBe(16);
    const more = a.configure({ counter: "likes", labels: labels({ more: "" }) });
    await expect(more).rejects.toMatchObject({ code: "EVENTUAL_TOO_MANY_LABELS" });
    const long = a.configure({ counter: "likes", labels: labels({ more: "x".repeat(256) }) });
    await expect(long).rejects.toBeInstanceOf(RangeError);
  });

  it("has to be there to be configured", async () => {
    const { a } = await pair();
    const missing = a.configure({ counter: "nothing", labels: null });
    await expect(missing).rejects.toMatchObject({ code: "EVENTUAL_COUNTER_NOT_FOUND" });
    expect(a.look("nothing").exists).toBe(false);
  });
});

describe("a deleted counter", () => {
  it("is gone at every node, and new when it is used again", async () => {
    const { a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    await a.configure({ counter: "likes", labels: labels({ team: "blue" }) });
    const gone = await a.delete({ counter: "likes" });
    expect(gone).toMatchObject({ value: 0n, previous: 5n });
    await agree(a, b);
    expect(b.look("likes")).toMatchObject({ exists: false, value: 0n });
    expect([...b.counters()].map(([name]) => name)).not.toContain("likes");
    await expect(b.delete({ counter: "likes" })).rejects.toMatchObject({
      code: "EVENTUAL_COUNTER_NOT_FOUND",
    });
    expect(await b.add({ counter: "likes", delta: 2n })).toMatchObject({ value: 2n });
    await agree(a, b);
    expect(a.look("likes")).toMatchObject({ exists: true, value: 2n });
    expect(a.look("likes").labels.size).toBe(0);
  });

  it("comes back with what the node that deleted it did not know yet", async () => {
    const { cluster, a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    await agree(a, b);
    cluster.network.split(["a"], ["b"]);
    await b.add({ counter: "likes", delta: 3n });
    await a.delete({ counter: "likes" });
    expect(a.look("likes").exists).toBe(false);
    cluster.network.heal();
    await until(() => a.look("likes").exists, "the counter is back");
    await agree(a, b);
    expect([a.value("likes"), b.value("likes")]).toEqual([3n, 3n]);
  });

  it("stays deleted when the nodes start again", async () => {
    const { cluster, a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    await a.delete({ counter: "likes" });
    await agree(a, b);
    await cluster.stop("b");
    const again = await cluster.start("b");
    expect(again.look("likes").exists).toBe(false);
  });
});

describe("setting with a key", () => {
  it("says what the counter was before, the first time and again", async () => {
    const { a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    const set = { counter: "likes", value: 2n, key: "set-1" };
    expect(await a.set(set)).toMatchObject({ value: 2n, previous: 5n, replayed: false });
    await a.add({ counter: "likes", delta: 1n });
    await agree(a, b);
    expect(await b.set(set)).toMatchObject({ value: 2n, previous: 5n, replayed: true });
    expect(b.value("likes")).toBe(3n);
    const other = b.add({ counter: "likes", delta: 2n, key: "set-1" });
    await expect(other).rejects.toMatchObject({ code: "EVENTUAL_KEY_REUSED" });
  });

  it("adds one value when it was asked for on both sides of a partition", async () => {
    const { cluster, a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    await agree(a, b);
    cluster.network.split(["a"], ["b"]);
    const set = { counter: "likes", value: 2n, key: "set-1" };
    await Promise.all([a.set(set), b.reset({ counter: "likes", to: 2n, key: "set-1" })]);
    await Promise.all([a, b].map((node) => node.add({ counter: "likes", delta: 10n })));
    cluster.network.heal();
    await until(() => a.value("likes") === 22n && b.value("likes") === 22n, "both show 22");
  });
});

describe("a list", () => {
  it("goes through the counters that exist by name, page by page", async () => {
    const { a } = await pair();
    const names = Array.from({ length: 25 }, (_, at) => `user:${String(at).padStart(2, "0")}`);
    await Promise.all(names.map((counter) => a.add({ counter, delta: 1n })));
    await a.add({ counter: "other", delta: 1n });
    await Promise.all(["user:03", "user:19"].map((counter) => a.delete({ counter })));
    const seen: string[] = [];
    let after: string | undefined;
    for (let pages = 0; ; pages += 1) {
      const query = { prefix: "user:", limit: 10, ...(after === undefined ? {} : { after }) };
      const { items, next } = await a.list(query);
      seen.push(...items.map(({ name }) => name));
      if (next === null) break;
      expect(items).toHaveLength(10);
      after = next;
      expect(pages).toBeLessThan(3);
    }
    expect(seen).toEqual(names.filter((name) => name !== "user:03" && name !== "user:19"));
  });

  it("is refused beyond a thousand", async () => {
    const { a } = await pair();
    await expect(a.list({ limit: 1000 })).resolves.toMatchObject({ next: null });
    await expect(a.list({ limit: 1001 })).rejects.toBeInstanceOf(RangeError);
  });
});

describe("what a value is made of", () => {
  it("is told by writer, and for keys together", async () => {
    const { a, b } = await pair();
    await a.add({ counter: "likes", delta: 5n });
    await b.add({ counter: "likes", delta: -2n });
    await b.add({ counter: "likes", delta: 4n, key: "k" });
    await agree(a, b);
    const { writers, keyed } = a.contributions("likes");
    const of = (node: EventualNode): unknown =>
      writers.find((item) => item.node === node.status().node);
    expect(of(a)).toMatchObject({ plus: 5n, minus: 0n });
    expect(of(b)).toMatchObject({ plus: 0n, minus: 2n });
    expect(keyed).toEqual({ open: 4n, closed: 0n });
    expect(a.contributions("nothing").writers).toEqual([]);
  });

  it("tells of keys that stood for two operations", async () => {
    const { cluster, a, b } = await pair();
    cluster.network.split(["a"], ["b"]);
    await a.add({ counter: "likes", delta: 1n, key: "k" });
    await b.add({ counter: "likes", delta: 2n, key: "k" });
    cluster.network.heal();
    await agree(a, b);
    const [conflict] = a.conflicts("likes");
    expect(conflict).toMatchObject({ counter: "likes", key: "k" });
    expect(conflict?.uses.map(({ delta }) => delta).sort()).toEqual([1n, 2n]);
    expect(conflict?.uses[0]?.delta).toBe(a.value("likes"));
    expect(a.conflicts("other")).toEqual([]);
    expect(b.conflicts()).toHaveLength(1);
  });
});
