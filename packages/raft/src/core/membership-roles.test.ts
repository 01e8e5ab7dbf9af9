import { changesOf, inForce, led, showConfiguration } from "../test-support/changes.ts";
import { requestVote } from "../test-support/messages.ts";

describe("learners", () => {
  it("never campaign, however long their leader is silent", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d]"));
    cluster.isolate("d");
    cluster.tick(60, "d");
    cluster.step("d", { type: "campaign" });
    expect(cluster.status("d").role).toBe("follower");
  });

  it("vote when they are asked: they may have been promoted and not know it yet", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d]"));
    cluster.tick(20, "d");
    const { term, lastIndex, lastTerm } = cluster.status("d");
    const ask = { from: "b", to: "d", term: term + 1, last: `${lastIndex}@${lastTerm}` };
    cluster.deliver([requestVote({ ...ask, transfer: false })]);
    expect(cluster.status("d")).toMatchObject({ term: term + 1, vote: "b" });
  });

  it("do not take over when leadership is handed to them", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d]"));
    cluster.step("a", { type: "transfer", to: "d" });
    expect(cluster.status("a").role).toBe("leader");
  });

  it("a voter that was demoted follows on", () => {
    const cluster = led();
    cluster.change("a", changesOf("+[c]"));
    cluster.propose("a", 5);
    expect(inForce(cluster, "c")).toBe("{a b} [c]");
    expect(cluster.server("c").state).toEqual([5]);
  });
});

describe("G6: a learner that is to be promoted", () => {
  it("becomes a voter by itself when it has kept up", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.propose("a", 1, 2, 3);
    cluster.change("a", changesOf("+[d+]"));
    expect(inForce(cluster, "d")).toBe("{a b c} [d+]");
    cluster.tick(40);
    expect(inForce(cluster, "d")).toBe("{a b c d}");
  });

  it("stays a learner if it was not added for that", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d]"));
    cluster.tick(100);
    expect(inForce(cluster, "a")).toBe("{a b c} [d]");
  });

  it("stays one while it does not answer, and while it falls behind", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d+]"));
    cluster.crash("d");
    cluster.tick(100, "a", "b", "c");
    expect(inForce(cluster, "a")).toBe("{a b c} [d+]");
    cluster.restart("d");
    cluster.lose = (m) => m.to === "d" && m.type === "appendEntries" && m.entries.length > 0;
    for (let round = 0; round < 10; round += 1) {
      cluster.propose("a", round);
      cluster.tick(10);
    }
    expect(inForce(cluster, "a")).toBe("{a b c} [d+]");
  });

  it("is promoted by the next leader, if this one falls", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("+[d+]"));
    cluster.crash("a");
    cluster.tick(100, "b", "c", "d");
    expect(inForce(cluster, "b")).toBe("{a b c d}");
  });

  it("makes three of one, without a time in which there are two", () => {
    const cluster = led({ ids: ["a"], joiners: ["b", "c"] });
    cluster.change("a", changesOf("+[b+] +[c+]"));
    cluster.tick(80);
    const followed = cluster
      .server("c")
      .notes.flatMap((note) =>
        note.type === "configuration" && !note.committed
          ? showConfiguration(note.configuration)
          : [],
      );
    expect(followed).toEqual(["{a} [b+ c+]", "{a b c} <- {a}", "{a b c}"]);
    expect(inForce(cluster, "c")).toBe("{a b c}");
    cluster.crash("a");
    cluster.tick(60, "b", "c");
    expect([cluster.status("b").role, cluster.status("c").role].sort()).toEqual([
      "follower",
      "leader",
    ]);
  });
});

describe("G5: a leader that is removed", () => {
  it("leads until that is committed, then the furthest voter takes over at once", () => {
    const cluster = led();
    cluster.propose("a", 1);
    expect(cluster.change("a", changesOf("-a"))).toBe("proposed");
    expect(cluster.status("a")).toMatchObject({ role: "follower", removed: true });
    expect([cluster.status("b").role, cluster.status("c").role]).toContain("leader");
    expect(inForce(cluster, "b")).toBe("{b c}");
    cluster.tick(100, "a");
    expect(cluster.status("a").role).toBe("follower");
  });

  it("does not count itself", () => {
    const cluster = led();
    cluster.lose = (m) => m.to === "c";
    cluster.change("a", changesOf("-a"), { force: true });
    // Two of three have it, but of {b c} only one.
    expect(cluster.status("a").role).toBe("leader");
    expect(cluster.status("a").commitIndex).toBeLessThan(cluster.status("a").configurationIndex);
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(cluster.status("a").role).toBe("follower");
  });

  it("takes no more commands, and says that nothing was appended", () => {
    const cluster = led();
    cluster.lose = (m) => m.type === "appendEntries";
    cluster.change("a", changesOf("-a"));
    cluster.propose("a", 1);
    expect(cluster.server("a").outcomes.at(-1)).toMatchObject({
      type: "proposalRefused",
      refusal: { reason: "notLeader", leaderId: null },
    });
  });

  it("leads on as before if it is removed together with most, until the joint change is over", () => {
    const cluster = led({ joiners: ["d", "e", "f"] });
    cluster.change("a", changesOf("-a -b -c +d +e +f"), { force: true });
    cluster.tick(60, "d", "e", "f");
    expect(inForce(cluster, "d")).toBe("{d e f}");
    const roles = ["d", "e", "f"].map((id) => cluster.status(id).role);
    expect(roles.filter((role) => role === "leader")).toHaveLength(1);
    expect(["a", "b", "c"].map((id) => cluster.status(id).role)).not.toContain("leader");
  });

  it("as the last voter it cannot be removed", () => {
    expect(led({ ids: ["a"] }).change("a", changesOf("-a"))).toBe("invalidChange");
  });
});

describe("G8: a server that is removed", () => {
  it("hears of it, and does not campaign", () => {
    const cluster = led();
    cluster.change("a", changesOf("-c"));
    cluster.tick(8, "a");
    expect(cluster.status("c").removed).toBe(true);
    expect(cluster.server("c").notes).toContainEqual({ type: "removed", index: 3 });
    cluster.tick(100, "c");
    expect(cluster.status("c").role).toBe("follower");
    cluster.propose("a", 1); // nobody tells it any more: what it knows is on its disk
    cluster.restart("c");
    expect(cluster.status("c").removed).toBe(true);
  });

  it("if it does not hear of it, disturbs nobody when it campaigns", () => {
    const cluster = led();
    cluster.isolate("c");
    cluster.change("a", changesOf("-c"));
    cluster.tick(100, "a", "b");
    cluster.heal();
    const { term } = cluster.status("a");
    for (let round = 0; round < 50; round += 1) cluster.tick(1, "a", "b", "c");
    expect(cluster.status("a")).toMatchObject({ role: "leader", term });
  });

  it("is a member again when it is added again", () => {
    const cluster = led();
    cluster.change("a", changesOf("-c"));
    cluster.tick(8, "a");
    cluster.change("a", changesOf("+[c+]"));
    cluster.tick(40);
    expect(inForce(cluster, "c")).toBe("{a b c}");
    expect(cluster.status("c").removed).toBe(false);
  });

  it("who has just joined is not taken for removed while it reads the old configurations", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.propose("a", 1, 2);
    cluster.change("a", changesOf("+[d]"));
    expect(cluster.status("d").removed).toBe(false);
    expect(cluster.server("d").notes.map(({ type }) => type)).not.toContain("removed");
  });
});

describe("a quorum that shrinks", () => {
  it("commits what the smaller one has, and confirms its reads", () => {
    const cluster = led({ ids: ["a", "b", "c", "d"] });
    cluster.crash("c");
    cluster.crash("d");
    cluster.propose("a", 1);
    cluster.step("a", { type: "read", context: 7 });
    expect(cluster.server("a").outcomes.map(({ type }) => type)).not.toContain("readReady");
    cluster.change("a", changesOf("-d"), { force: true });
    const { commitIndex, lastIndex } = cluster.status("a");
    expect(commitIndex).toBe(lastIndex); // two of {a b c}
    expect(cluster.server("a").outcomes.map(({ type }) => type)).toContain("readReady");
  });
});
