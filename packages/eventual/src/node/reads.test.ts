import { NotYetConsistentError } from "../errors.ts";
import { NodeCluster, fast, stopAll, until } from "../test-support/host.ts";
import { clusterTag, decodeToken, encodeToken } from "../wire/token.ts";
import { pendingReadsMax } from "./reads.ts";

afterEach(stopAll);

const one = { counter: "likes", delta: 1n };
const failureOf = (promise: Promise<unknown>): Promise<unknown> => {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
};

describe("a read with a token", () => {
  it("sees the write that gave the token, at any node", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    for (let value = 1n; value <= 20n; value += 1n) {
      const { token } = await cluster.node("a").add(one);
      const read = await cluster.node("b").read("likes", { atLeast: token, timeoutMs: 20_000 });
      expect(read.value).toBeGreaterThanOrEqual(value);
      expect(read.stale).toBe(false);
      const later = await cluster
        .node("c")
        .read("likes", { atLeast: read.token, timeoutMs: 20_000 });
      expect(later.value).toBeGreaterThanOrEqual(read.value);
    }
  });

  it("is told what is known here when it is not enough in time, or gets it as stale", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    cluster.network.cut("a", "b");
    const { token } = await cluster.node("a").add(one);
    const node = cluster.node("b");
    const error = await failureOf(node.read("likes", { atLeast: token, timeoutMs: 20 }));
    expect(error).toBeInstanceOf(NotYetConsistentError);
    expect(error).toMatchObject({ code: "EVENTUAL_NOT_YET_CONSISTENT", token: node.token() });
    const stale = await node.read("likes", { atLeast: token, timeoutMs: 20, orStale: true });
    expect(stale).toMatchObject({ value: 0n, stale: true });
    const waiting = node.read("likes", { atLeast: token, timeoutMs: 20_000 });
    cluster.network.heal();
    expect(await waiting).toMatchObject({ value: 1n, stale: false });
    expect(node.status().pendingReads).toBe(0);
  });

  it("finds the write of a key that came again", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll();
    await cluster.placed("a", "b");
    const order = { ...one, key: "order-1" };
    await cluster.node("a").add(order, { acks: "all" });
    const { token, replayed } = await cluster.node("b").add(order);
    expect(replayed).toBe(true);
    const read = await cluster.node("a").read("likes", { atLeast: token, timeoutMs: 20_000 });
    expect(read.value).toBe(1n);
  });

  it("refuses the token of another cluster, and what is no token", async () => {
    const node = await new NodeCluster("a").start("a");
    await node.add(one);
    const foreign = encodeToken({ cluster: clusterTag("x"), positions: new Map([[1, 1]]) });
    expect(await failureOf(node.read("likes", { atLeast: foreign }))).toMatchObject({
      code: "EVENTUAL_TOKEN_FOREIGN",
    });
    expect(await failureOf(node.read("likes", { atLeast: "garbage!" }))).toMatchObject({
      code: "EVENTUAL_TOKEN_MALFORMED",
    });
  });

  it("takes a token from before two clusters became one", async () => {
    const node = await new NodeCluster("a").start("a");
    const { token } = await node.add(one);
    const { positions } = decodeToken(token);
    const earlier = encodeToken({ cluster: clusterTag("before"), positions });
    expect((await node.read("likes", { atLeast: earlier })).value).toBe(1n);
  });

  it("waits for a writer that was never heard of", async () => {
    const node = await new NodeCluster("a").start("a");
    const unknown = encodeToken({ cluster: clusterTag("test"), positions: new Map([[1, 1]]) });
    expect(await failureOf(node.read("likes", { atLeast: unknown, timeoutMs: 10 }))).toBeInstanceOf(
      NotYetConsistentError,
    );
  });

  it("may be abandoned by a signal", async () => {
    const node = await new NodeCluster("a").start("a");
    const unknown = encodeToken({ cluster: clusterTag("test"), positions: new Map([[1, 1]]) });
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = failureOf(node.read("likes", { atLeast: unknown, signal, timeoutMs: 60_000 }));
    abort.abort(new Error("enough"));
    expect(await waiting).toEqual(new Error("enough"));
    expect(await failureOf(node.read("likes", { signal }))).toEqual(new Error("enough"));
  });
});

describe("a read that asks the others", () => {
  it.each(["quorum", "all"] as const)("sees what they knew when it began: %s", async (level) => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll({ timing: { ...fast, antiEntropyMs: 60_000, exchangeMs: 200 } });
    cluster.network.cut("b", "a", "one");
    cluster.network.cut("c", "a", "one");
    await cluster.node("b").add(one, { acks: 2 });
    cluster.network.heal();
    const { value } = await cluster.node("a").read("likes", { level, timeoutMs: 20_000 });
    expect(value).toBe(1n);
  });

  it("needs a majority, or all of them", async () => {
    const cluster = new NodeCluster("a", "b", "c");
    await cluster.startAll();
    cluster.network.split(["a", "b"], ["c"]);
    const node = cluster.node("a");
    const quorum = await node.read("likes", { level: "quorum", timeoutMs: 20_000 });
    expect(quorum.stale).toBe(false);
    expect(await failureOf(node.read("likes", { level: "all", timeoutMs: 50 }))).toMatchObject({
      code: "EVENTUAL_NOT_YET_CONSISTENT",
      message: "not all members answered in time",
    });
    cluster.network.split(["a"], ["b"]);
    expect(await failureOf(node.read("likes", { level: "quorum", timeoutMs: 50 }))).toMatchObject({
      message: "not a majority of the members answered in time",
    });
  });

  it("is answered at once where there is nobody else", async () => {
    const node = await new NodeCluster("a").start("a");
    await node.add(one);
    expect((await node.read("likes", { level: "all", timeoutMs: 20_000 })).value).toBe(1n);
  });
});

describe("the reads that wait", () => {
  it("are limited, and what is beyond is refused at once", async () => {
    const node = await new NodeCluster("a").start("a");
    const atLeast = encodeToken({ cluster: clusterTag("test"), positions: new Map([[1, 1]]) });
    const waiting = Array.from({ length: pendingReadsMax }, () => {
      return failureOf(node.read("likes", { atLeast, timeoutMs: 60_000 }));
    });
    await until(() => node.status().pendingReads === pendingReadsMax, "all wait");
    expect(await failureOf(node.read("likes", { atLeast }))).toMatchObject({
      code: "EVENTUAL_OVERLOADED",
    });
    expect((await node.read("likes")).value).toBe(0n);
    await node.stop();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: "EVENTUAL_STOPPED" });
    }
  });
});
