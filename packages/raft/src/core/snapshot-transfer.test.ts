import { ofType } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import type { Message } from "../index.ts";

const bytes = [...Array(10).keys()].map((at) => at + 1);
const isChunk = (m: Message): boolean => m.type === "installSnapshot";
const isPartOfIt = (m: Message): boolean => isChunk(m) || m.type === "installSnapshotResponse";

/** c was cut off while ten commands were committed and compacted; chunks have three bytes. */
function behind(): TestCluster {
  const cluster = new TestCluster({ snapshotChunkMaxBytes: 3 });
  cluster.elect("a");
  cluster.isolate("c");
  cluster.propose("a", ...bytes);
  for (const id of ["a", "b"]) cluster.server(id).saveSnapshot();
  cluster.heal();
  return cluster;
}

function expectCaughtUp(cluster: TestCluster, id: string = "c"): void {
  const state = cluster.server("a").state;
  expect(cluster.server(id).state).toEqual(state);
  expect(cluster.status(id).commitIndex).toBe(cluster.status("a").commitIndex);
  expect(cluster.status("a").peers[id]).toMatchObject({ state: "replicate" });
}

describe("a follower that is too far behind for entries (§7)", () => {
  it("gets the snapshot in chunks, then the log", () => {
    const cluster = behind();
    cluster.tick(2, "a");
    expectCaughtUp(cluster);
    expect(ofType(cluster.delivered, "installSnapshot").map((m) => m.chunk.offset)).toEqual([
      0, 3, 6, 9,
    ]);
    cluster.propose("a", 11);
    expectCaughtUp(cluster);
  });

  it("goes on from its disk after a restart", () => {
    const cluster = behind();
    cluster.tick(2, "a");
    cluster.restart("c");
    expect(cluster.server("c").state).toEqual(bytes);
    cluster.propose("a", 11);
    cluster.tick(2, "a");
    expectCaughtUp(cluster);
  });

  it.each(["installSnapshot", "installSnapshotResponse"])(
    "survives that every second %s is lost",
    (type) => {
      const cluster = behind();
      let count = 0;
      cluster.lose = (m) => m.type === type && (count += 1) % 2 === 1;
      cluster.tick(100);
      expectCaughtUp(cluster);
      expect(cluster.server("a").rank).toBe("leader 2");
    },
  );

  it("survives that every part of the transfer arrives three times", () => {
    const cluster = behind();
    cluster.hold = isPartOfIt;
    cluster.tick(2, "a");
    for (let round = 0; cluster.held.length > 0; round += 1) {
      expect(round).toBeLessThan(50);
      const parts = cluster.takeHeld();
      cluster.deliver([...parts, ...parts, ...parts]);
    }
    expectCaughtUp(cluster);
  });

  it("survives that parts of the transfer come late and in the wrong order", () => {
    const cluster = behind();
    const seen: Message[] = [];
    cluster.hold = isPartOfIt;
    cluster.tick(2, "a");
    for (let round = 0; cluster.held.length > 0; round += 1) {
      expect(round).toBeLessThan(80);
      const parts = cluster.takeHeld();
      seen.push(...parts);
      // Everything that was ever sent comes again before what is new, newest first.
      const again = round < 12 ? [...seen].reverse() : [];
      cluster.deliver([...again, ...parts]);
    }
    expectCaughtUp(cluster);
  });

  it("goes on when the leader changes in the middle", () => {
    const cluster = behind();
    cluster.hold = isChunk;
    cluster.tick(2, "a");
    cluster.deliver(cluster.takeHeld());
    const old = cluster.takeHeld();
    cluster.hold = () => false;
    cluster.elect("b");
    cluster.tick(4);
    expect(cluster.server("c").state).toEqual(bytes);
    cluster.deliver(old); // chunks of a leader that is no more
    cluster.tick(4);
    expect(cluster.server("c").state).toEqual(bytes);
  });

  it("goes on with a newer snapshot when the leader takes one in the middle", () => {
    const cluster = behind();
    cluster.hold = isPartOfIt;
    cluster.tick(2, "a");
    const first = cluster.takeHeld();
    cluster.propose("a", 11, 12);
    cluster.server("a").saveSnapshot();
    cluster.hold = () => false;
    cluster.deliver(first);
    cluster.tick(20);
    expectCaughtUp(cluster);
    expect(cluster.status("c").snapshot).toEqual(cluster.status("a").snapshot);
  });

  it("does not need it where entries are kept behind the snapshot", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.isolate("c");
    cluster.propose("a", ...bytes);
    cluster.server("a").saveSnapshot(bytes.length);
    cluster.heal();
    cluster.tick(4);
    expectCaughtUp(cluster);
    expect(ofType(cluster.delivered, "installSnapshot")).toEqual([]);
  });

  it("with a contradicting log on its disk, it is replaced and nothing of it is applied", () => {
    const cluster = new TestCluster({ logs: { c: { log: "1 2 2 2 2", term: 2 } } });
    cluster.isolate("c");
    cluster.elect("a");
    cluster.propose("a", ...bytes);
    for (const id of ["a", "b"]) cluster.server(id).saveSnapshot();
    cluster.heal();
    cluster.tick(60);
    expect(cluster.server("c").state).toEqual(bytes);
  });

  it("goes on being a voter that counts", () => {
    const cluster = behind();
    cluster.tick(2, "a");
    cluster.crash("b");
    cluster.propose("a", 11);
    expect(cluster.server("a").state).toEqual([...bytes, 11]);
    expectCaughtUp(cluster);
  });
});
