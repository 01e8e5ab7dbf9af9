import { TestCluster } from "../test-support/cluster.ts";
import type { ClusterSetup } from "../test-support/cluster.ts";
import { changesOf } from "../test-support/changes.ts";
import { append, requestVote, vote } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";

/** An election timeout of 10 ticks of 10 ms; a lease of 70 ms of them. */
const leases = { electionTimeoutTicks: 10, heartbeatTicks: 2, leaseMs: 70 };

/** Ticks a cluster, all clocks alike, and remembers the time. */
class Clocked {
  readonly cluster: TestCluster;
  nowMs = 1000;

  constructor(setup: ClusterSetup = {}) {
    this.cluster = new TestCluster({ ...leases, ...setup });
    this.elect("a");
    this.tick(2);
  }

  /** Everybody is silent until no promise runs any more (V2), then this server campaigns. */
  elect(id: string): void {
    const { cluster } = this;
    const { lose } = cluster;
    cluster.lose = () => true;
    this.tick(22);
    cluster.lose = lose;
    cluster.step(id, { type: "campaign" });
  }

  tick(times: number, ...ids: readonly string[]): void {
    for (let count = 0; count < times; count += 1) {
      this.nowMs += 10;
      for (const id of ids.length === 0 ? this.cluster.ids : ids) {
        this.cluster.step(id, { type: "tick", nowMs: this.nowMs });
      }
    }
  }

  /** Whether a read is answered at once, without a message. */
  readsAtOnce(leaseNowMs: number = this.nowMs): boolean {
    const server = this.cluster.server("a");
    server.takeOutcomes();
    server.step({ type: "read", context: 1, leaseNowMs });
    return server.takeOutcomes().some(({ type }) => type === "readReady");
  }
}

describe("V1: a lease", () => {
  it("answers reads without a message while it runs", () => {
    const clocked = new Clocked();
    clocked.cluster.isolate("a");
    expect(clocked.readsAtOnce()).toBe(true);
  });

  it("runs from when the heartbeat was sent, not from when it was answered", () => {
    const clocked = new Clocked();
    const { cluster } = clocked;
    cluster.hold = (m) => m.from !== "a";
    clocked.tick(2); // the last heartbeat that is answered
    const sentMs = clocked.nowMs;
    const answers = cluster.takeHeld();
    cluster.lose = () => true;
    clocked.tick(4, "a");
    cluster.deliver(answers);
    expect(clocked.readsAtOnce(sentMs + 69)).toBe(true);
    expect(clocked.readsAtOnce(sentMs + 70)).toBe(false);
  });

  it("V4: is over after a pause, whatever the ticks say", () => {
    const clocked = new Clocked();
    expect(clocked.readsAtOnce(clocked.nowMs + 1000)).toBe(false);
  });

  it("is shorter than the shortest time in which somebody else can be elected", () => {
    const clocked = new Clocked();
    const { cluster } = clocked;
    cluster.isolate("a");
    const cutMs = clocked.nowMs;
    while (cluster.status("b").role !== "leader" && cluster.status("c").role !== "leader") {
      clocked.tick(1, "b", "c");
    }
    expect(clocked.readsAtOnce(clocked.nowMs)).toBe(false);
    expect(clocked.nowMs - cutMs).toBeGreaterThan(leases.leaseMs);
  });

  it("needs answers of a majority", () => {
    const clocked = new Clocked();
    clocked.cluster.crash("b");
    clocked.cluster.crash("c");
    clocked.tick(8, "a");
    expect(clocked.readsAtOnce()).toBe(false);
  });

  it("is not given without leases, or without the time", () => {
    const without = new TestCluster();
    without.elect("a");
    without.isolate("a");
    without.step("a", { type: "read", context: 1, leaseNowMs: 0 });
    expect(without.server("a").outcomes.at(-1)?.type).not.toBe("readReady");
  });

  it("a new leader reads nothing before an entry of its own term is committed (R1)", () => {
    const clocked = new Clocked();
    const { cluster } = clocked;
    cluster.lose = (m) => m.type === "appendEntries" && m.entries.length > 0;
    clocked.elect("a");
    expect(cluster.status("a").role).toBe("leader");
    clocked.tick(4);
    expect(clocked.readsAtOnce()).toBe(false);
  });

  it("falls back to a round of messages", () => {
    const clocked = new Clocked();
    const { cluster } = clocked;
    cluster.step("a", { type: "read", context: 9, leaseNowMs: clocked.nowMs + 1000 });
    expect(cluster.server("a").outcomes).toContainEqual(
      expect.objectContaining({ type: "readReady", context: 9 }),
    );
  });

  it("needs a majority of the configuration in force", () => {
    const clocked = new Clocked({ joiners: ["d", "e"] });
    const { cluster } = clocked;
    expect(clocked.readsAtOnce()).toBe(true);
    cluster.lose = (m) => ["b", "c", "d", "e"].includes(m.to);
    cluster.change("a", changesOf("-b -c +d +e"), { force: true });
    expect(clocked.readsAtOnce()).toBe(false);
  });
});

describe("V2: who has heard from a leader", () => {
  const follower = (): TestServer => {
    const server = new TestServer({ ...leases, id: "b" });
    server.tick(12);
    server.receive(append({ from: "a", to: "b", term: 2, prev: "1@1" }));
    server.take();
    return server;
  };
  const ask = { from: "c", to: "b", term: 4, last: "9@3", transfer: false };

  it("does not vote for another one, even when it has learned of a newer term", () => {
    const server = follower();
    server.receive(vote({ from: "c", to: "b", term: 3, granted: false }));
    expect(server.status).toMatchObject({ term: 3, leaderId: null });
    server.receive(requestVote({ ...ask, term: 3 }));
    expect(server.takeOf("requestVoteResponse").map(({ granted }) => granted)).toEqual([false]);
    server.receive(requestVote(ask));
    expect(server.status).toMatchObject({ term: 3, vote: null });
  });

  it("does when an election timeout has passed, or when the leader wants it", () => {
    const later = follower();
    later.tick(10);
    later.receive(requestVote(ask));
    expect(later.status.vote).toBe("c");
    const asked = follower();
    asked.receive(requestVote({ ...ask, transfer: true }));
    expect(asked.status.vote).toBe("c");
  });

  it("does not campaign when it is asked to", () => {
    const server = follower();
    server.step({ type: "campaign" });
    expect(server.status.role).toBe("follower");
  });

  it("does not know any more when it starts again, so it waits as long", () => {
    const server = new TestServer({ ...leases, id: "b" });
    server.receive(requestVote(ask));
    expect(server.status.vote).toBeNull();
    server.tick(9);
    expect(server.status.role).toBe("follower");
    server.receive(requestVote(ask));
    expect(server.status.vote).toBeNull();
    server.tick(1);
    server.receive(requestVote(ask));
    expect(server.status.vote).toBe("c");
  });

  it("alone it has promised nobody anything, and leads at once", () => {
    const server = new TestServer({ ...leases, members: ["a"] });
    server.tick(1);
    expect(server.rank).toBe("leader 2");
  });
});

describe("V3: a leader that hands over", () => {
  it("has no lease from then on, also when nobody took over", () => {
    const clocked = new Clocked();
    const { cluster } = clocked;
    cluster.lose = (m) => m.type === "timeoutNow";
    cluster.step("a", { type: "transfer", to: "b" });
    expect(clocked.readsAtOnce()).toBe(false);
    clocked.tick(14);
    expect(cluster.status("a").role).toBe("leader");
    expect(clocked.readsAtOnce()).toBe(false);
  });
});
