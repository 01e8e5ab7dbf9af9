import { alone, configure, drop, label, shown, textOf } from "../test-support/acts.ts";
import { TestCluster, uuidV7 } from "../test-support/cluster.ts";
import type { Operation } from "./door.ts";

describe("acts (A1)", () => {
  it("are decided by what is known when their record is closed, not when they were asked for", () => {
    const cluster = alone();
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.add("a", 5);
    const asked = [configure("c", null, true), drop("c"), configure("c", label("x", "1"), true)];
    for (const operation of asked) expect(cluster.submit("a", operation)).toBeNull();
    node.outcomes.length = 0;
    for (let writes = 0; writes < 4; writes += 1) cluster.persist("a");
    expect(node.outcomes.map(textOf)).toEqual(["0 -> 5", "counter-exists", "5 -> 0", "0 -> 0"]);
    expect(shown(cluster, "a", "c")).toBe('0 [["x","1"]]');
  });

  it("on different counters share a record, on one counter follow each other", () => {
    const cluster = alone();
    const node = cluster.node("a");
    const before = node.core.status().position;
    node.isDiskSlow = true;
    cluster.add("a", 5);
    for (const name of ["x", "y", "z", "x"]) {
      cluster.submit("a", { type: "set", counter: name, value: 7n, key: null });
    }
    for (let writes = 0; writes < 3; writes += 1) cluster.persist("a");
    expect(node.core.status().position).toBe(before + 3);
    expect(["x", "y", "z"].map((name) => node.core.value(name))).toEqual([7n, 7n, 7n]);
  });

  it("that are all refused cost no write", () => {
    const cluster = alone();
    const before = cluster.node("a").disk.length;
    expect(textOf(cluster.submit("a", drop("nothing")))).toBe("counter-not-found");
    expect(textOf(cluster.submit("a", configure("nothing", null)))).toBe("counter-not-found");
    expect(cluster.node("a").disk.length).toBe(before);
    expect(cluster.node("a").core.status().counters).toBe(0);
  });

  it("are refused where there is no room for another counter, and a deleted one takes room", () => {
    const cluster = alone({ countersMax: 2 });
    cluster.submit("a", configure("x", null, true));
    cluster.submit("a", configure("y", null, true));
    expect(textOf(cluster.submit("a", configure("z", null, true)))).toBe("too-many-counters");
    expect(textOf(cluster.submit("a", drop("x")))).toBe("0 -> 0");
    expect(textOf(cluster.submit("a", configure("z", null, true)))).toBe("too-many-counters");
    expect(textOf(cluster.submit("a", configure("x", null, true)))).toBe("0 -> 0");
  });
});

describe("a set with a key (A2)", () => {
  const set = (value: bigint, key: string = "k"): Operation => {
    return { type: "set", counter: "c", value, key };
  };

  it("is done once, and answered as before from then on, by whoever knows of it", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 5);
    expect(textOf(cluster.submit("a", set(2n)))).toBe("5 -> 2");
    cluster.add("a", 1);
    cluster.run(10);
    expect(textOf(cluster.submit("b", set(2n)))).toBe("5 -> 2 again");
    expect(cluster.values()).toEqual([3n, 3n]);
  });

  it("is another operation than an addition of the same number", () => {
    const cluster = alone();
    cluster.submit("a", set(2n));
    expect(textOf(cluster.add("a", 2, "k"))).toBe("key-reused");
    cluster.add("a", 3, "added");
    expect(textOf(cluster.submit("a", set(3n, "added")))).toBe("key-reused");
    expect(textOf(cluster.submit("a", set(4n)))).toBe("key-reused");
  });

  it("that is on its way is answered with the first, and refuses an addition", () => {
    const cluster = alone();
    const node = cluster.node("a");
    node.isDiskSlow = true;
    cluster.submit("a", set(2n));
    cluster.submit("a", set(2n));
    expect(textOf(cluster.add("a", 2, "k"))).toBe("key-reused");
    node.outcomes.length = 0;
    cluster.persist("a");
    expect(node.outcomes.map(textOf)).toEqual(["0 -> 2", "0 -> 2 again"]);
  });

  it("adds one value when both sides of a partition did it", () => {
    const cluster = TestCluster.of("a", "b");
    const key = uuidV7(cluster.nowMs);
    cluster.add("a", 5);
    cluster.run(10);
    cluster.lose = () => true;
    expect(textOf(cluster.submit("a", set(2n, key)))).toBe("5 -> 2");
    cluster.add("b", 4);
    expect(textOf(cluster.submit("b", set(2n, key)))).toBe("9 -> 2");
    cluster.add("a", 10);
    cluster.add("b", 20);
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.values()).toEqual([32n, 32n]);
  });

  it("that became known while it waited is answered, and not done", () => {
    const cluster = TestCluster.of("a", "b");
    const b = cluster.node("b");
    b.isDiskSlow = true;
    cluster.submit("a", set(2n)); // on its way to the disk of b
    expect(cluster.submit("b", set(2n))).toBeNull();
    b.outcomes.length = 0;
    cluster.persist("b");
    expect(b.outcomes.map(textOf)).toEqual(["0 -> 2 again"]);
    b.isDiskSlow = false;
    cluster.run(20);
    expect(cluster.values()).toEqual([2n, 2n]);
  });

  it("is refused when it is too large for a key", () => {
    const cluster = alone();
    expect(textOf(cluster.submit("a", set(2n ** 63n)))).toBe("value-out-of-range");
    expect(textOf(cluster.submit("a", set(2n ** 63n - 1n)))).toMatch(/^0 -> /);
  });
});

describe("settings (A3)", () => {
  it("go on top of those that are known", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.submit("a", configure("c", label("x", "1"), true));
    cluster.run(10);
    cluster.submit("b", configure("c", label("y", "2")));
    cluster.run(10);
    expect(shown(cluster, "a", "c")).toBe('0 [["x","1"],["y","2"]]');
  });

  it("that name nothing say nothing: they cost no write, and win over nobody", () => {
    const cluster = alone();
    cluster.submit("a", configure("c", label("x", "1"), true));
    const before = cluster.node("a").disk.length;
    const outcome = cluster.submit("a", configure("c", new Map()));
    expect(outcome).toMatchObject({ type: "written", value: 0n, replayed: false });
    expect(outcome).toMatchObject({ labels: new Map([["x", "1"]]) });
    expect(cluster.node("a").disk.length).toBe(before);
    expect(textOf(cluster.submit("a", configure("d", new Map())))).toBe("counter-not-found");
    cluster.submit("a", configure("c", null)); // takes all labels away
    expect(shown(cluster, "a", "c")).toBe("0 []");
  });

  it("of two sides of a partition are those of the later one, everywhere", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.lose = () => true;
    cluster.submit("a", configure("c", label("x", "1"), true));
    cluster.run(2);
    cluster.submit("b", configure("c", label("y", "2"), true));
    cluster.lose = () => false;
    cluster.run(60);
    expect(shown(cluster, "a", "c")).toBe(shown(cluster, "b", "c"));
    expect(shown(cluster, "a", "c")).toBe('0 [["y","2"]]');
  });

  it("and deletions are there after a restart, also from a checkpoint", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.submit("a", configure("c", label("x", "1"), true));
    cluster.add("a", 3);
    cluster.submit("a", configure("d", null, true));
    cluster.submit("a", drop("d"));
    const node = cluster.node("a");
    node.disk.splice(0, node.disk.length, ...node.core.checkpoint());
    cluster.crash("a");
    cluster.restart("a");
    cluster.run(20);
    expect(shown(cluster, "a", "c")).toBe('3 [["x","1"]]');
    expect(shown(cluster, "a", "d")).toBe("nothing");
  });
});

describe("a node without a place (A4)", () => {
  it("sets and deletes nothing", () => {
    const cluster = new TestCluster();
    cluster.lose = () => true;
    cluster.start("a", ["b"]);
    cluster.run(1);
    const set = { type: "set", counter: "c", value: 1n, key: null } as const;
    expect(textOf(cluster.submit("a", set))).toBe("starting");
    expect(textOf(cluster.submit("a", drop("c")))).toBe("starting");
  });
});
