import { changesMax } from "../core/changes.ts";
import type { EventualNode } from "./eventual-node.ts";
import { NodeCluster, stopAll, until } from "../test-support/host.ts";

afterEach(stopAll);

async function pair(): Promise<NodeCluster> {
  const cluster = new NodeCluster("a", "b");
  await cluster.startAll();
  await cluster.placed("a", "b");
  return cluster;
}

/** One that has nothing to write by itself. */
async function alone(): Promise<EventualNode> {
  const cluster = new NodeCluster("a");
  await cluster.startAll();
  await cluster.placed("a");
  return cluster.node("a");
}

describe("changes", () => {
  it("name the counters that others and this node wrote to, in whatever way", async () => {
    const cluster = await pair();
    const [a, b] = [cluster.node("a"), cluster.node("b")];
    const changes = a.changes();
    const seen = new Set<string>();
    await b.add({ counter: "added", delta: 1n });
    await b.add({ counter: "keyed", delta: 1n, key: "k" });
    await b.set({ counter: "set", value: 1n });
    await b.create({ counter: "created", labels: null });
    await b.delete({ counter: "created" });
    await a.add({ counter: "own", delta: 1n });
    for await (const { names } of changes) {
      for (const name of names) seen.add(name);
      if (["added", "keyed", "set", "created", "own"].every((name) => seen.has(name))) break;
    }
    await until(() => !a.look("created").exists, "the deletion has arrived");
  });

  it("come together for a reader that is slow, and as all when they are too many", async () => {
    const a = await alone();
    const [patient, other] = [a.changes(), a.changes()];
    const add = (counter: string): Promise<unknown> => a.add({ counter, delta: 1n });
    await Promise.all(["x", "y", "x"].map(add));
    await add("x");
    expect((await patient.next()).value).toEqual({ names: new Set(["x", "y"]), all: false });
    for (let from = 0; from <= changesMax; from += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, at) => add(`n${from + at}`)));
    }
    expect((await patient.next()).value).toEqual({ names: new Set(), all: true });
    expect((await other.next()).value).toEqual({ names: new Set(), all: true });
    await add("later");
    expect((await patient.next()).value).toEqual({ names: new Set(["later"]), all: false });
  });

  it("are all after a snapshot", async () => {
    const cluster = new NodeCluster("a", "b");
    await cluster.startAll({ limits: { retainedMaxBytes: 1 } });
    await cluster.node("a").add({ counter: "x", delta: 1n });
    const c = await cluster.start("c", { peers: ["a", "b"] });
    for await (const { all } of c.changes()) if (all) break;
    await until(() => c.value("x") === 1n, "it knows all");
  });

  it("end when they are asked to, and when the node stops", async () => {
    const a = await alone();
    const ending = new AbortController();
    const ended = a.changes({ signal: ending.signal });
    const waiting = ended.next();
    ending.abort();
    expect(await waiting).toEqual({ value: undefined, done: true });
    const last = a.changes().next();
    await a.stop();
    expect(await last).toEqual({ value: undefined, done: true });
    expect(await a.changes().next()).toEqual({ value: undefined, done: true });
  });

  it("cost nothing while nobody reads them", async () => {
    const cluster = new NodeCluster("a");
    const heard: boolean[] = [];
    await cluster.start("a", {
      observer: { onReady: ({ changes }) => heard.push(changes !== null) },
    });
    const a = cluster.node("a");
    await a.add({ counter: "x", delta: 1n });
    expect(heard).not.toContain(true);
    const reader = a.changes();
    await a.add({ counter: "x", delta: 1n });
    await until(() => heard.includes(true), "changes are told");
    await reader.return?.();
    heard.length = 0;
    await a.add({ counter: "x", delta: 1n });
    expect(heard).not.toContain(true);
  });
});
