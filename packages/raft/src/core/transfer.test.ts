import { TestCluster } from "../test-support/cluster.ts";
import { requestVote } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";

describe("leadership transfer (dissertation §3.10)", () => {
  it("X1: the target leads the next term, without an election timeout and with the whole log", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1, 2, 3);
    const { term, lastIndex } = cluster.status("a");
    cluster.step("a", { type: "transfer", to: "c" });
    expect(cluster.status("c")).toMatchObject({ role: "leader", term: term + 1 });
    expect(cluster.status("c").commitIndex).toBe(lastIndex + 1); // its no-op
    expect(cluster.status("a")).toMatchObject({ role: "follower", leaderId: "c" });
  });

  it("goes to the voter whose log is furthest if none is named", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.to === "b" && m.type === "appendEntries";
    cluster.propose("a", 1);
    cluster.step("a", { type: "transfer", to: null });
    expect(cluster.status("c").role).toBe("leader");
  });

  it("X1: waits until the target has everything", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.to === "b" && m.type === "appendEntries";
    cluster.propose("a", 1);
    cluster.step("a", { type: "transfer", to: "b" });
    expect(cluster.status("a").role).toBe("leader");
    cluster.lose = () => false;
    cluster.step("a", { type: "tick" });
    cluster.step("a", { type: "tick" }); // the heartbeat finds out what b lacks
    expect(cluster.status("b").role).toBe("leader");
  });

  it("X1: takes no proposals meanwhile, and says that nothing was appended", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.to === "b";
    cluster.step("a", { type: "transfer", to: "b" });
    const { lastIndex } = cluster.status("a");
    cluster.propose("a", 7);
    expect(cluster.server("a").outcomes.at(-1)).toEqual({
      type: "proposalRefused",
      context: 0,
      refusal: { reason: "notLeader", leaderId: null },
    });
    expect(cluster.status("a").lastIndex).toBe(lastIndex);
  });

  it("X3: is given up after an election timeout, and the leader serves again", () => {
    const cluster = new TestCluster({ electionTimeoutTicks: 10, heartbeatTicks: 1 });
    cluster.elect("a");
    cluster.lose = (m) => m.to === "b";
    cluster.step("a", { type: "transfer", to: "b" });
    for (let tick = 0; tick < 10; tick += 1) cluster.step("a", { type: "tick" });
    cluster.propose("a", 7);
    expect(cluster.server("a").outcomes.at(-1)?.type).toBe("proposed");
    expect(cluster.status("a").role).toBe("leader");
  });

  it.each([
    { to: "a", because: "itself" },
    { to: "x", because: "a stranger" },
  ])("does nothing for $because", ({ to }) => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.step("a", { type: "transfer", to });
    cluster.propose("a", 1);
    expect(cluster.server("a").outcomes.at(-1)?.type).toBe("proposed");
  });
});

describe("X2: who sticks to its leader", () => {
  it.each([
    { transfer: false, term: 2 },
    { transfer: true, term: 3 },
  ])("answers a candidate with transfer=$transfer in t$term", ({ transfer, term }) => {
    const cluster = new TestCluster();
    cluster.elect("a");
    const of = { from: "b", to: "c", term: 3, last: "9@2", transfer };
    cluster.step("c", { type: "receive", message: requestVote(of) });
    expect(cluster.status("c").term).toBe(term);
  });
});

describe("a request to campaign at once", () => {
  const now = { type: "timeoutNow", to: "a", term: 2 } as const;

  it("is followed only when it comes from the leader of the term", () => {
    const server = new TestServer({ seed: 1 });
    server.receive({ ...now, from: "b" });
    expect(server.status.role).toBe("follower");
  });
});
