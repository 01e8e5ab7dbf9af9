import { alone, configure, drop, label, shown, textOf } from "../test-support/acts.ts";
import { TestCluster } from "../test-support/cluster.ts";
import type { Operation } from "./door.ts";

describe("deeds: creations, settings and deletions with a key (A2)", () => {
  const make = (text: string = "1"): Operation => configure("c", label("x", text), true, "make");

  it("are done once, and answered as before", () => {
    const cluster = alone();
    expect(cluster.submit("a", make())).toMatchObject({ replayed: false, labels: label("x", "1") });
    cluster.add("a", 5);
    cluster.submit("a", configure("c", label("x", "2"), false, "change"));
    expect(textOf(cluster.submit("a", drop("c", "drop")))).toBe("5 -> 0");
    cluster.add("a", 3);
    expect(cluster.submit("a", make())).toMatchObject({ replayed: true, labels: label("x", "1") });
    expect(cluster.submit("a", configure("c", label("x", "2"), false, "change"))).toMatchObject({
      ...{ value: 5n, previous: 5n, replayed: true, labels: label("x", "2") },
    });
    expect(textOf(cluster.submit("a", drop("c", "drop")))).toBe("5 -> 0 again");
    expect(shown(cluster, "a", "c")).toBe("3 []");
  });

  it("stand for what they are: another change, or another operation, is refused", () => {
    const cluster = alone();
    cluster.submit("a", make());
    const others = [make("2"), configure("c", label("x", "1"), false, "make"), drop("c", "make")];
    const set = { type: "set", counter: "c", value: 0n, key: "make" } as const;
    for (const other of [...others, set]) {
      expect(textOf(cluster.submit("a", other))).toBe("key-reused");
    }
    expect(textOf(cluster.add("a", 1, "make"))).toBe("key-reused");
  });

  it("on their way are answered with the first, and refuse what is not the same", () => {
    const cluster = alone();
    const node = cluster.node("a");
    node.isDiskSlow = true;
    for (const operation of [make(), make()]) expect(cluster.submit("a", operation)).toBeNull();
    expect(textOf(cluster.submit("a", make("2")))).toBe("key-reused");
    node.outcomes.length = 0;
    cluster.persist("a");
    expect(node.outcomes.map(textOf)).toEqual(["0 -> 0", "0 -> 0 again"]);
  });

  it("that were refused leave their key free", () => {
    const cluster = alone();
    expect(textOf(cluster.submit("a", drop("c", "drop")))).toBe("counter-not-found");
    cluster.add("a", 5);
    expect(textOf(cluster.submit("a", drop("c", "drop")))).toBe("5 -> 0");
  });

  it("that became known while they waited are answered, and not done", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 5);
    cluster.run(10);
    const b = cluster.node("b");
    b.isDiskSlow = true;
    cluster.submit("a", drop("c", "drop")); // on its way to the disk of b
    expect(cluster.submit("b", drop("c", "drop"))).toBeNull();
    b.outcomes.length = 0;
    cluster.persist("b");
    expect(b.outcomes.map(textOf)).toEqual(["5 -> 0 again"]);
  });

  it("hold once when both sides of a partition did them, and what came after stays", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.add("a", 5);
    cluster.run(10);
    cluster.lose = () => true;
    cluster.submit("a", drop("c", "drop"));
    cluster.run(4);
    cluster.add("b", 3);
    expect(textOf(cluster.submit("b", drop("c", "drop")))).toBe("8 -> 0");
    cluster.lose = () => false;
    cluster.run(60);
    expect([shown(cluster, "a", "c"), shown(cluster, "b", "c")]).toEqual(["3 []", "3 []"]);
  });

  it("hold after their key is forgotten, and it can stand for something new", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.submit("a", make());
    expect(cluster.node("b").core.status().keys).toBe(1);
    cluster.run(200);
    expect(["a", "b"].map((name) => cluster.node(name).core.status().keys)).toEqual([0, 0]);
    expect(shown(cluster, "b", "c")).toBe('0 [["x","1"]]');
    expect(textOf(cluster.submit("b", make()))).toBe("counter-exists");
  });

  it("and their keys are there after a restart, also from a checkpoint", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.submit("a", make());
    const node = cluster.node("a");
    node.disk.splice(0, node.disk.length, ...node.core.checkpoint());
    cluster.crash("a");
    cluster.restart("a");
    cluster.run(6);
    expect(textOf(cluster.submit("a", make()))).toBe("0 -> 0 again");
    expect(shown(cluster, "a", "c")).toBe('0 [["x","1"]]');
  });

  it("count as several keys where they are large", () => {
    const cluster = alone({ keysMax: 3 });
    const large = (counter: string): Operation => {
      return configure(counter, label("x", "y".repeat(200)), true, "make");
    };
    expect(textOf(cluster.submit("a", large("c")))).toBe("0 -> 0"); // two: 401 bytes
    expect(textOf(cluster.submit("a", large("d")))).toBe("0 -> 0");
    expect(textOf(cluster.submit("a", large("e")))).toBe("too-many-keys");
  });

  it("need a place, as other keys do", () => {
    const cluster = new TestCluster();
    cluster.lose = () => true;
    cluster.start("a", ["b"]);
    cluster.run(1);
    expect(textOf(cluster.submit("a", make()))).toBe("starting");
  });
});
