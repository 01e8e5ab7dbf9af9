import { TestCluster } from "../test-support/cluster.ts";
import { ack, vote } from "../test-support/messages.ts";
import { configurationOf, encodeConfiguration } from "./configuration.ts";
import { members } from "../test-support/logs.ts";
import { TestServer } from "../test-support/server.ts";
import { RaftCore, bootstrap } from "../index.ts";
import { testOptions } from "../test-support/server.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;
const fromC = { from: "c", to: "a", term: 2 } as const;

describe("Figure 8: entries of earlier terms are not committed by counting (§5.4.2, M2)", () => {
  const ids = ["s1", "s2", "s3", "s4", "s5"];

  /** (c): s1 leads again, in term 4, and 2@2 is on three of five servers. */
  function c(): TestCluster {
    const logs = {
      s1: { log: "1 2", term: 3 },
      s2: { log: "1 2", term: 2 },
      s5: { log: "1 3", term: 3 },
    };
    const cluster = new TestCluster({ ids, logs, messageMaxEntries: 1 });
    const reaches = ["s2", "s3"];
    cluster.lose = (m) =>
      m.type === "appendEntries" &&
      (m.entries.some(({ term }) => term === 4) || !reaches.includes(m.to));
    cluster.step("s1", { type: "campaign" });
    cluster.tick(4, "s1");
    expect(ids.map((id) => cluster.server(id).disk.log)).toEqual([
      "1 2 4",
      "1 2",
      "1 2",
      "1",
      "1 3",
    ]);
    return cluster;
  }

  it("(c) an entry of term 2 on a majority is not committed by the leader of term 4", () => {
    const cluster = c();
    const { peers } = cluster.status("s1");
    expect(["s2", "s3"].map((id) => peers[id]?.matchIndex)).toEqual([2, 2]);
    expect(cluster.status("s1").commitIndex).toBe(0);
  });

  it("(d) so that the leader of term 5 may replace it", () => {
    const cluster = c();
    cluster.lose = () => false;
    cluster.crash("s1");
    cluster.elect("s5");
    for (const id of ids.slice(1)) {
      expect(cluster.server(id).disk.log).toMatch(/^1 3 \d$/);
      expect(cluster.status(id).commitIndex).toBe(3);
    }
    cluster.restart("s1");
    cluster.tick(4);
    expect(cluster.server("s1").disk.log).toBe(cluster.server("s5").disk.log);
  });

  it("(e) once an entry of term 4 is on a majority, all before it is committed, for ever", () => {
    const cluster = c();
    cluster.lose = (m) => m.to === "s4" || m.to === "s5";
    cluster.tick(4, "s1");
    expect(cluster.status("s1").commitIndex).toBe(3);
    cluster.lose = () => false;
    cluster.crash("s1");
    cluster.tick(40, "s5"); // s2 and s3 refuse: their logs are newer
    expect(cluster.status("s5").role).not.toBe("leader");
    cluster.elect("s3");
    expect(cluster.server("s5").disk.log).toMatch(/^1 2 4 \d$/);
  });
});

describe("a majority of disks (§5.3, M1)", () => {
  function leader(): TestServer {
    const server = new TestServer();
    server.win();
    for (const from of [fromB, fromC]) server.receive(ack({ ...from, index: 2 }));
    expect(server.status.commitIndex).toBe(2);
    return server;
  }

  it("the leader and one follower", () => {
    const server = leader();
    server.propose(1);
    expect(server.status.commitIndex).toBe(2);
    server.receive(ack({ ...fromB, index: 3 }));
    expect(server.status.commitIndex).toBe(3);
  });

  it("the leader's own disk counts when it has the entry, and not before", () => {
    const server = leader();
    server.holdDisk();
    server.propose(1);
    server.receive(ack({ ...fromB, index: 3 }));
    expect(server.status).toMatchObject({ commitIndex: 2, lastIndex: 3, persistedIndex: 2 });
    server.completeWrites();
    expect(server.status).toMatchObject({ commitIndex: 3, persistedIndex: 3 });
  });

  it("two followers are a majority without the leader's disk", () => {
    const server = leader();
    server.holdDisk();
    server.propose(1);
    for (const from of [fromB, fromC]) server.receive(ack({ ...from, index: 3 }));
    expect(server.status).toMatchObject({ commitIndex: 3, persistedIndex: 2 });
    expect(server.state).toEqual([1]);
  });

  it("the no-op of a new term commits what earlier leaders left behind", () => {
    const server = new TestServer({ stored: { log: "1 1 1" } });
    server.win();
    expect(server.status.commitIndex).toBe(0);
    server.receive(ack({ ...fromB, index: 3 }));
    expect(server.status.commitIndex).toBe(0);
    server.receive(ack({ ...fromB, index: 4 }));
    expect(server.status.commitIndex).toBe(4);
    expect(server.state).toEqual([2, 3]);
  });

  it("alone in its cluster, the disk alone decides", () => {
    const server = new TestServer({ members: ["a"] });
    server.win();
    server.propose(1, 2);
    expect(server.status.commitIndex).toBe(4);
    expect(server.state).toEqual([1, 2]);
  });
});

describe("a joint configuration needs both of its majorities (§6)", () => {
  it("for an election and for a commit", () => {
    const all = configurationOf(members("a", "b", "c", "d", "e"));
    const joint = { ...all, voters: ["a", "b", "c"], outgoing: ["a", "d", "e"] };
    const data = encodeConfiguration(joint);
    const first = bootstrap(members("a"));
    const entries = [{ index: 1, term: 1, kind: "configuration", data }] as const;
    const core = new RaftCore({ ...testOptions, id: "a" }, { ...first, entries });
    const rank = (): string => `${core.status().role} ${core.status().term}`;
    const drain = (): void => {
      while (core.hasReady()) {
        const { write } = core.ready();
        if (write !== null) core.step({ type: "persisted", write: write.id });
      }
    };
    const hear = (from: string, preVote: boolean): void => {
      core.step({ type: "receive", message: vote({ from, to: "a", term: 2, preVote }) });
      drain();
    };
    core.step({ type: "campaign" });
    for (const from of ["b", "c"]) hear(from, true);
    expect(rank()).toBe("preCandidate 1");
    hear("d", true);
    expect(rank()).toBe("candidate 2");
    for (const from of ["d", "e"]) hear(from, false);
    expect(rank()).toBe("candidate 2");
    hear("b", false);
    expect(rank()).toBe("leader 2");
    const acknowledge = (from: string): void => {
      core.step({ type: "receive", message: ack({ from, to: "a", term: 2, index: 2 }) });
      drain();
    };
    for (const from of ["b", "c"]) acknowledge(from);
    expect(core.status().commitIndex).toBe(0);
    acknowledge("e");
    expect(core.status().commitIndex).toBe(2);
  });
});
