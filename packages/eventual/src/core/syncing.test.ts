import { TestCluster, defaultLimits } from "../test-support/cluster.ts";

describe("pushes (Y1)", () => {
  it("Y1: go on where the acknowledged head of the peer ends, one at a time, and are not passed on", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.delivered.length = 0;
    for (let count = 0; count < 5; count += 1) cluster.add("a");
    const pushes = cluster.delivered.filter(({ body }) => body.type === "push");
    expect(pushes).toHaveLength(10);
    expect(new Set(pushes.map(({ from }) => from))).toEqual(new Set(["a"]));
  });

  it("messageMaxRecords and messageMaxBytes: no message holds more", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.lose = () => true;
    for (let count = 0; count < 50; count += 1) cluster.add("a", 1, `key-${count}`);
    cluster.delivered.length = 0;
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.values()).toEqual([50n, 50n]);
    for (const { body } of cluster.delivered) {
      const ranges = body.type === "push" || body.type === "fill" ? body.ranges : [];
      const records = ranges.flatMap((range) => range.records);
      const bytes = records.reduce((sum, record) => sum + record.length, 0);
      expect(records.length).toBeLessThanOrEqual(defaultLimits.messageMaxRecords);
      expect(bytes).toBeLessThanOrEqual(defaultLimits.messageMaxBytes);
    }
  });
});

describe("syncs (Y2)", () => {
  it("Y2: bring both sides everything where only one of them can dial", () => {
    const cluster = TestCluster.of("a", "b");
    cluster.lose = (from, _to, message) => from === "b" && message.kind === "request";
    cluster.add("a", 1);
    cluster.add("b", 10);
    cluster.run(40);
    expect(cluster.values()).toEqual([11n, 11n]);
  });

  it("Y2: bring a record by way of a third node where two never reach each other", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.lose = (from, to) => from + to === "ac" || from + to === "ca";
    cluster.add("a", 1);
    cluster.add("c", 10);
    cluster.run(60);
    expect(cluster.values()).toEqual([11n, 11n, 11n]);
  });

  it("Y4: repeat what was lost, whichever messages those were", () => {
    const cluster = TestCluster.of("a", "b", "c");
    let count = 0;
    cluster.lose = () => (count += 1) % 3 !== 0;
    for (let round = 0; round < 10; round += 1) {
      for (const name of ["a", "b", "c"]) cluster.add(name, 1);
      cluster.run(3);
    }
    cluster.lose = () => false;
    cluster.run(60);
    expect(cluster.values()).toEqual([30n, 30n, 30n]);
  });

  it("B1: bring back what an older disk lacks and only a silent node has", () => {
    const cluster = TestCluster.of("a", "b", "c");
    cluster.add("c", 1);
    const copy = [...cluster.node("c").disk];
    cluster.lose = (from, to) => from === "b" || to === "b";
    cluster.add("c", 10);
    cluster.crash("a", "c");
    cluster.lose = (from, to) => from === "a" || to === "a";
    const options = { peers: ["b"] };
    cluster.restart("c", options, copy.slice());
    cluster.run(2);
    cluster.add("c", 100);
    cluster.run(20);
    expect(cluster.values()).toEqual([101n, 101n]);
    cluster.restart("a");
    cluster.lose = () => false;
    cluster.run(80);
    expect(new Set(cluster.values())).toEqual(new Set([111n]));
  });
});

describe("what is kept (Y3)", () => {
  it("retainedMaxBytes: no more is kept, and who lacks the rest gets a snapshot", () => {
    const cluster = new TestCluster();
    const limits = { ...defaultLimits, retainedMaxBytes: 400 };
    cluster.start("a", ["b"], { limits });
    cluster.start("b", ["a"], { limits });
    cluster.run(30);
    cluster.crash("b");
    for (let count = 0; count < 60; count += 1) {
      cluster.add("a", 1);
      expect(cluster.node("a").core.status().retainedBytes).toBeLessThanOrEqual(400);
    }
    cluster.restart("b");
    cluster.run(40);
    expect(cluster.node("b").notes).toContainEqual(
      expect.objectContaining({ type: "snapshot", what: "ended" }),
    );
    expect(cluster.values()).toEqual([60n, 60n]);
  });

  it("transfersMax: so many snapshots are given at once, the others get theirs later", () => {
    const cluster = new TestCluster();
    const limits = { ...defaultLimits, retainedMaxBytes: 200, transfersMax: 1 };
    cluster.start("a", [], { limits });
    cluster.run(5);
    for (let count = 0; count < 60; count += 1) cluster.add("a", 1);
    for (const name of ["b", "c", "d"]) cluster.start(name, ["a"]);
    cluster.hold = (_from, _to, message) =>
      message.kind === "request" && message.body.type === "fetch";
    cluster.run(4);
    cluster.hold = () => false;
    cluster.release();
    cluster.run(100);
    expect(cluster.values()).toEqual([60n, 60n, 60n, 60n]);
  });

  it("Y3: a snapshot whose giver dies in the middle is begun again with another", () => {
    const cluster = new TestCluster();
    const limits = { ...defaultLimits, retainedMaxBytes: 200 };
    cluster.start("a", ["b"], { limits });
    cluster.start("b", ["a"], { limits });
    cluster.run(30);
    for (let count = 0; count < 60; count += 1) cluster.add("a", 1);
    cluster.start("c", ["a", "b"], { limits });
    const isPiece = (from: string, message: { kind: string; body: { type: string } }): boolean =>
      from === "a" && message.kind === "reply" && message.body.type === "piece";
    cluster.lose = (from, _to, message) => isPiece(from, message);
    cluster.run(20);
    cluster.crash("a");
    cluster.run(60);
    expect(cluster.value("c")).toBe(60n);
  });
});

describe("what the journal holds", () => {
  it("is the same from every cut of its entries, with a checkpoint taken in between or not", () => {
    const cluster = TestCluster.of("a", "b", "c");
    for (let count = 0; count < 6; count += 1) {
      cluster.add("a", 1);
      cluster.add("b", 10, `k${count}`);
    }
    const node = cluster.node("a");
    const behind = node.disk.length;
    const taking = node.core.checkpoint();
    const standing: Uint8Array[] = [];
    for (let next = taking.next(); next.done !== true; next = taking.next()) {
      standing.push(next.value);
      cluster.add("c", 100, `during-${standing.length}`);
      cluster.submit("b", { type: "set", counter: `s${standing.length}`, value: 5n, key: null });
    }
    cluster.add("a", 1000);
    const later = node.disk.slice(behind);
    const expected = cluster.value("a");
    expect(later.length).toBeGreaterThan(standing.length);
    for (let cut = 0; cut <= later.length; cut += 1) {
      cluster.crash("a");
      const back = cluster.restart("a", {}, [...standing, ...later.slice(0, cut)]);
      cluster.run(20);
      expect(back.core.value("c")).toBe(expected);
      expect(new Set(cluster.values())).toEqual(new Set([expected]));
    }
  });
});
