import type { Outcome } from "./door.ts";
import { TestCluster, defaultLimits, uuidV7 } from "../test-support/cluster.ts";

/** One node alone, with a slow disk if wanted. */
function alone(limits: Partial<typeof defaultLimits> = {}): TestCluster {
  const cluster = new TestCluster();
  cluster.start("a", [], { limits: { ...defaultLimits, ...limits } });
  cluster.run(5);
  return cluster;
}

function reasonOf(outcome: Outcome | null): string {
  return outcome?.type === "refused" ? outcome.reason : (outcome?.type ?? "none");
}

describe("what is written (W1, W2)", () => {
  it("W1: operations that come while a write is out share the next record", () => {
    const cluster = alone();
    const node = cluster.node("a");
    const before = node.core.status().position;
    node.isDiskSlow = true;
    for (let count = 0; count < 4; count += 1) expect(cluster.add("a")).toBeNull();
    cluster.persist("a");
    cluster.persist("a");
    expect(node.core.status().position).toBe(before + 2);
    expect(cluster.value("a")).toBe(4n);
  });

  it("W2: nothing is told, shown or sent before it is durable", () => {
    const cluster = TestCluster.of("a", "b");
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.delivered.length = 0;
    expect(cluster.add("a", 5)).toBeNull();
    expect(cluster.values()).toEqual([0n, 0n]);
    expect(cluster.delivered).toEqual([]);
    cluster.persist("a");
    expect(cluster.values()).toEqual([5n, 5n]);
  });

  it("W2: what a crash kept back was told to nobody", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.node("a").isDiskSlow = true;
    expect(cluster.add("a", 5, "k")).toBeNull();
    cluster.crash("a");
    cluster.restart("a");
    cluster.run(20);
    expect(cluster.values()).toEqual([0n, 0n]);
    expect(cluster.add("b", 5, "k")).toMatchObject({ type: "written", replayed: false });
    expect(cluster.values()).toEqual([5n, 5n]);
  });
});

describe("keys (W3)", () => {
  it("W3: one that is on its way is answered with the first, and counted once", () => {
    const cluster = alone();
    const node = cluster.node("a");
    node.isDiskSlow = true;
    expect(cluster.add("a", 5, "k")).toBeNull();
    expect(cluster.add("a", 5, "k")).toBeNull();
    expect(reasonOf(cluster.add("a", 6, "k"))).toBe("key-reused");
    cluster.persist("a");
    expect(node.outcomes.filter(({ type }) => type === "written")).toMatchObject([
      { replayed: false, value: 5n },
      { replayed: true, value: 5n },
    ]);
    expect(cluster.value("a")).toBe(5n);
  });

  it.each([
    { delta: 5, answer: { type: "written", replayed: true, value: 5n, previous: 0n } },
    { delta: 6, answer: { type: "refused", reason: "key-reused" } },
  ])("W3: one that became known while it waited with $delta", ({ delta, answer }) => {
    const cluster = TestCluster.of("a", "b");
    const b = cluster.node("b");
    b.isDiskSlow = true;
    cluster.add("a", 5, "k"); // on its way to the disk of b
    expect(cluster.add("b", delta, "k")).toBeNull();
    b.outcomes.length = 0;
    cluster.persist("b");
    expect(b.outcomes).toMatchObject([answer]);
    b.isDiskSlow = false;
    cluster.run(20);
    expect(cluster.values()).toEqual([5n, 5n]);
  });

  it("W3: one that says it was issued long after now is refused", () => {
    const cluster = alone();
    expect(cluster.add("a", 1, uuidV7(cluster.nowMs + 1000))).toMatchObject({ type: "written" });
    expect(reasonOf(cluster.add("a", 1, uuidV7(cluster.nowMs + 1001, 11)))).toBe("key-in-future");
  });
});

describe("sets (W4)", () => {
  it("W4: cover all that came before them, and nothing that comes after", () => {
    const cluster = alone();
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.add("a", 5);
    cluster.submit("a", { type: "set", counter: "c", value: 100n, key: null });
    cluster.add("a", 7, "k");
    for (let write = 0; write < 3; write += 1) cluster.persist("a");
    expect(cluster.value("a")).toBe(107n);
  });

  it("W4: a restore sets what it names and empties the rest, in as many records as it takes", () => {
    const cluster = alone({ recordMaxBytes: 200 });
    for (let at = 0; at < 10; at += 1) {
      cluster.submit("a", { type: "add", counter: `c${at}`, delta: 1n, key: null });
    }
    const before = cluster.node("a").core.status().position;
    const counters = new Map([
      ["c1", 10n],
      ["new", 20n],
    ]);
    expect(cluster.submit("a", { type: "restore", counters, others: "zeroed" })).toMatchObject({
      type: "written",
    });
    expect(cluster.node("a").core.status().position).toBeGreaterThan(before + 1);
    const values = new Map(cluster.node("a").core.counters());
    expect([values.get("c0"), values.get("c1"), values.get("new")]).toEqual([0n, 10n, 20n]);
  });
});

describe("limits of writing", () => {
  it("recordMaxBytes: what does not fit into a record begins the next one", () => {
    const cluster = alone({ recordMaxBytes: 3 * 41 });
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.add("a");
    const before = node.core.status().position;
    for (let count = 0; count < 4; count += 1) cluster.add("a");
    for (let write = 0; write < 3; write += 1) cluster.persist("a");
    expect(node.core.status().position).toBe(before + 3);
    expect(cluster.value("a")).toBe(5n);
  });

  it("pendingMaxBytes: more than may wait for the disk is refused, and taken afterwards", () => {
    const cluster = alone({ pendingMaxBytes: 2 * 41 });
    const node = cluster.node("a");
    node.isDiskSlow = true;
    expect(cluster.add("a")).toBeNull();
    expect(cluster.add("a")).toBeNull();
    expect(reasonOf(cluster.add("a"))).toBe("overloaded");
    cluster.persist("a");
    cluster.persist("a");
    expect(cluster.add("a")).toBeNull();
    cluster.persist("a");
    expect(cluster.value("a")).toBe(3n);
  });

  it("keysMax: a new key beyond it is refused, a known one is not", () => {
    const cluster = alone({ keysMax: 2 });
    cluster.add("a", 1, "k1");
    cluster.add("a", 1, "k2");
    expect(reasonOf(cluster.add("a", 1, "k3"))).toBe("too-many-keys");
    expect(cluster.add("a", 1, "k1")).toMatchObject({ type: "written", replayed: true });
    expect(cluster.value("a")).toBe(2n);
  });

  it("countersMax: a new counter beyond it is refused, whatever would make it", () => {
    const cluster = alone({ countersMax: 2 });
    cluster.submit("a", { type: "add", counter: "c1", delta: 1n, key: null });
    cluster.submit("a", { type: "set", counter: "c2", value: 1n, key: null });
    const add = { type: "add", counter: "c3", delta: 1n } as const;
    expect(reasonOf(cluster.submit("a", { ...add, key: null }))).toBe("too-many-counters");
    expect(reasonOf(cluster.submit("a", { ...add, key: "k" }))).toBe("too-many-counters");
    const set = { type: "set", counter: "c3", value: 1n, key: null } as const;
    expect(reasonOf(cluster.submit("a", set))).toBe("too-many-counters");
    const counters = new Map([["c3", 1n]]);
    expect(reasonOf(cluster.submit("a", { type: "restore", counters, others: "zeroed" }))).toBe(
      "too-many-counters",
    );
    expect(cluster.submit("a", { ...set, counter: "c1" })).toMatchObject({ type: "written" });
  });

  it("a value or a step that is out of range is refused, and the node lives on", () => {
    const cluster = alone();
    const most = (1n << 255n) - 1n;
    const beyond = { type: "set", counter: "c", value: most + 1n, key: null } as const;
    expect(reasonOf(cluster.submit("a", beyond))).toBe("value-out-of-range");
    expect(reasonOf(cluster.add("a", 1n << 63n))).toBe("value-out-of-range");
    expect(reasonOf(cluster.add("a", -(1n << 63n), "k"))).toBe("value-out-of-range");
    cluster.submit("a", { type: "set", counter: "c", value: most, key: null });
    expect(reasonOf(cluster.add("a", 1, "k"))).toBe("value-out-of-range");
    expect(reasonOf(cluster.add("a", 1))).toBe("value-out-of-range");
    expect(cluster.add("a", -1, "k")).toMatchObject({ type: "written", value: most - 1n });
    const counters = new Map([["c", most + 1n]]);
    expect(reasonOf(cluster.submit("a", { type: "restore", counters, others: "zeroed" }))).toBe(
      "value-out-of-range",
    );
  });
});
