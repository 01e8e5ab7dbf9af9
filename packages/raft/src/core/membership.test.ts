import { changesOf, inForce, led } from "../test-support/changes.ts";
import { TestCluster } from "../test-support/cluster.ts";
import type { NodeId } from "../index.ts";

describe("a change of membership (§6)", () => {
  it("adds a learner that gets the log and does not count", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.propose("a", 1, 2);
    expect(cluster.change("a", changesOf("+[d]"))).toBe("proposed");
    expect(inForce(cluster, "d")).toBe("{a b c} [d]");
    expect(cluster.server("d").state).toEqual([1, 2]);
    cluster.partition(["a", "d"], ["b"], ["c"]);
    const { commitIndex } = cluster.status("a");
    cluster.propose("a", 3);
    expect(cluster.status("a").commitIndex).toBe(commitIndex);
  });

  it("C1: takes force when it is appended, and is taken back when it is truncated", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.isolate("a");
    cluster.change("a", changesOf("+[d]"));
    expect(inForce(cluster, "a")).toBe("{a b c} [d]");
    cluster.elect("b");
    cluster.heal();
    cluster.propose("b", 1);
    cluster.tick(4, "b");
    expect(inForce(cluster, "a")).toBe("{a b c}");
  });

  it("replaces two voters at once through a joint configuration, which is left by itself (G4)", () => {
    const cluster = led({ joiners: ["d", "e"] });
    expect(cluster.change("a", changesOf("-b -c +d +e"), { force: true })).toBe("proposed");
    expect(inForce(cluster, "a")).toBe("{a d e}");
    expect(inForce(cluster, "d")).toBe("{a d e}");
    cluster.partition(["a", "d"], ["b", "c", "e"]);
    cluster.propose("a", 9);
    expect(cluster.server("d").state).toEqual([9]);
  });

  it("needs both majorities while it is joint", () => {
    const cluster = led({ joiners: ["d", "e"] });
    cluster.lose = (m) => ["d", "e"].includes(m.to);
    cluster.change("a", changesOf("-b -c +d +e"), { force: true });
    expect(inForce(cluster, "a")).toBe("{a d e} <- {a b c}");
    const { commitIndex } = cluster.status("a");
    cluster.propose("a", 9);
    expect(cluster.status("a").commitIndex).toBe(commitIndex);
  });

  it("goes into a joint configuration that stays, if it is asked to, and out again", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+d -c"), { transition: "explicit", force: true });
    cluster.tick(10);
    expect(inForce(cluster, "b")).toBe("{a b d} <- {a b c}");
    expect(cluster.change("a", [], { transition: "leave" })).toBe("proposed");
    expect(inForce(cluster, "b")).toBe("{a b d}");
  });

  it("brings its configuration along in a snapshot", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.propose("a", 1, 2, 3);
    cluster.lose = (m) => m.to === "d";
    cluster.change("a", changesOf("+[d]"));
    cluster.server("a").saveSnapshot();
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(cluster.server("d").state).toEqual([1, 2, 3]);
    expect(inForce(cluster, "d")).toBe("{a b c} [d]");
  });
});

describe("when a change is refused", () => {
  it("G1: while another one is not committed", () => {
    const cluster = led({ joiners: ["d", "e"] });
    cluster.lose = (m) => m.type === "appendEntries";
    expect(cluster.change("a", changesOf("+[d]"))).toBe("proposed");
    expect(cluster.change("a", changesOf("+[e]"))).toBe("changeInProgress");
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(cluster.change("a", changesOf("+[e]"))).toBe("proposed");
  });

  it("G2: before an entry of the leader's own term is committed", () => {
    const cluster = new TestCluster({ joiners: ["d"] });
    cluster.lose = (m) => m.type === "appendEntries";
    cluster.elect("a");
    expect(cluster.change("a", changesOf("+[d]"))).toBe("changeTooEarly");
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(cluster.change("a", changesOf("+[d]"))).toBe("proposed");
  });

  it("G3: when it was made for another configuration than the one in force", () => {
    const cluster = led({ joiners: ["d", "e"] });
    expect(cluster.change("a", changesOf("+[d]"), { expectedIndex: 1 })).toBe("proposed");
    const { configurationIndex } = cluster.status("a");
    const asked = changesOf("+[e]");
    expect(cluster.change("a", asked, { expectedIndex: 1 })).toBe("configurationMoved");
    expect(cluster.change("a", asked, { expectedIndex: configurationIndex })).toBe("proposed");
  });

  it("G7: when no majority of the new voters answers, unless it is forced", () => {
    const cluster = led();
    cluster.crash("c");
    cluster.tick(20, "a", "b");
    expect(cluster.change("a", changesOf("-b"))).toBe("unsafeChange");
    expect(cluster.change("a", changesOf("-b"), { force: true })).toBe("proposed");
  });

  it("G7: a dead server may be removed, and a voter nobody heard of may not make up the majority", () => {
    const cluster = led({ joiners: ["d", "e"] });
    cluster.crash("c");
    cluster.tick(20, "a", "b");
    expect(cluster.change("a", changesOf("+d"))).toBe("unsafeChange");
    expect(cluster.change("a", changesOf("-c"))).toBe("proposed");
    expect(inForce(cluster, "b")).toBe("{a b}");
  });

  it.each([
    { changes: "-x", because: "there is no such member" },
    { changes: "+[d] -d", because: "nothing would change" },
  ])("$because", ({ changes }) => {
    expect(led().change("a", changesOf(changes))).toBe("invalidChange");
  });

  it("by who does not lead, or hands over", () => {
    const cluster = led({ joiners: ["d"] });
    expect(cluster.change("b", changesOf("+[d]"))).toBe("notLeader");
    cluster.lose = (m) => m.to === "b";
    cluster.step("a", { type: "transfer", to: "b" });
    expect(cluster.change("a", changesOf("+[d]"))).toBe("notLeader");
  });

  it("in every case nothing was appended", () => {
    const cluster = led();
    const { lastIndex } = cluster.status("a");
    cluster.change("a", changesOf("-x"));
    cluster.change("a", changesOf("+[d]"), { expectedIndex: 99 });
    expect(cluster.status("a").lastIndex).toBe(lastIndex);
  });
});

describe("G4: leaving a joint configuration", () => {
  const changes = changesOf("+d -c");

  function leaves(cluster: TestCluster, id: NodeId): number {
    const { applied } = cluster.server(id);
    return applied.filter(({ kind }) => kind === "configuration").length - 2; // the first, the joint
  }

  it("is left to the next leader when this one falls before it could", () => {
    const cluster = led({ joiners: ["d"] });
    const { lastIndex } = cluster.status("a");
    // The joint configuration reaches everybody, and nothing after it leaves the leader.
    cluster.lose = (m) => m.from === "a" && m.type === "appendEntries" && m.prevIndex > lastIndex;
    cluster.change("a", changes, { force: true });
    expect(inForce(cluster, "b")).toBe("{a b d} <- {a b c}");
    cluster.crash("a");
    cluster.lose = () => false;
    cluster.tick(40, "b", "c", "d");
    expect(inForce(cluster, "b")).toBe("{a b d}");
    expect(leaves(cluster, "b")).toBe(1);
  });

  it("happens once, however many messages confirm it", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changes, { force: true });
    cluster.tick(30);
    expect(leaves(cluster, "a")).toBe(1);
    expect(leaves(cluster, "d")).toBe(1);
  });
});

describe("who is told of changes", () => {
  it("names its contacts: also who is being removed, until that is committed and said", () => {
    const cluster = led();
    cluster.lose = (m) => m.type === "appendEntries";
    cluster.change("a", changesOf("-c"));
    const contacts = (id: NodeId): string =>
      (cluster.server(id).contacts ?? []).map((member) => member.id).join(" ");
    expect(contacts("a")).toBe("a b c");
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(contacts("b")).toBe("a b");
    expect(contacts("a")).toBe("a b c"); // G8
    cluster.tick(60, "a", "b");
    expect(contacts("a")).toBe("a b");
  });

  it("a follower stays in touch with who is removed by an entry that may be taken back", () => {
    const cluster = led({ ids: ["a", "b", "c", "d", "e"] });
    cluster.lose = (m) => m.to !== "b";
    cluster.change("a", changesOf("-c"));
    expect(inForce(cluster, "b")).toBe("{a b d e}");
    expect(cluster.server("b").contacts).toHaveLength(5);
    cluster.lose = () => false;
    cluster.tick(8, "a");
    expect(cluster.server("b").contacts).toHaveLength(4);
  });

  it("a follower follows the configuration in its log, and back when it is truncated", () => {
    const cluster = led({ ids: ["a", "b", "c", "d", "e"], joiners: ["f"] });
    cluster.lose = (m) => m.to !== "b";
    cluster.change("a", changesOf("+[f]"));
    expect(cluster.server("b").contacts).toHaveLength(6);
    cluster.lose = (m) => m.from === "a" || m.to === "a";
    cluster.elect("c");
    cluster.propose("c", 1);
    expect(cluster.server("b").contacts).toHaveLength(5);
  });
});
