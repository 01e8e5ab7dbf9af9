import { append, requestVote, vote } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";

const toA = { from: "b", to: "a" } as const;
const preVote = true;

describe("a pre-vote changes nothing (dissertation §9.6, E5)", () => {
  it("at who gives it: not the term, not the vote, not the disk, not the timer", () => {
    const asked = new TestServer({ seed: 5 });
    const undisturbed = new TestServer({ seed: 5 });
    let ticks = 0;
    for (; undisturbed.status.role === "follower"; ticks += 1) {
      asked.receive(requestVote({ ...toA, term: 2 + ticks, last: "1@1", preVote }));
      expect(asked.status).toEqual(undisturbed.status);
      asked.tick();
      undisturbed.tick();
    }
    expect(asked.status.role).toBe("preCandidate");
  });

  it("it leaves while the disk is busy, since it promises nothing", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(requestVote({ from: "c", to: "a", term: 2, last: "1@1" }));
    server.receive(requestVote({ ...toA, term: 3, last: "1@1", preVote }));
    expect(server.takeLines()).toEqual(["a -> b  t3  preVote granted"]);
    expect(server.heldWrites).toHaveLength(1);
  });

  it("it is given to everybody who asks", () => {
    const server = new TestServer();
    for (const from of ["b", "c", "b"]) {
      server.receive(requestVote({ from, to: "a", term: 2, last: "1@1", preVote }));
      expect(server.takeLines()).toEqual([`a -> ${from}  t2  preVote granted`]);
    }
  });

  it("its term is that of the candidacy that was asked about", () => {
    const server = new TestServer();
    server.receive(requestVote({ ...toA, term: 9, last: "1@1", preVote }));
    expect(server.takeLines()).toEqual(["a -> b  t9  preVote granted"]);
    expect(server.status.term).toBe(1);
  });
});

describe("nobody raises its term before a majority would vote for it (E4)", () => {
  it("a pre-candidate keeps its term, however often it asks", () => {
    const server = new TestServer();
    server.tick(200);
    expect(server.rank).toBe("preCandidate 1");
    expect(server.disk.hardState.term).toBe(1);
  });

  it("a majority of refusals makes it a follower of its term", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    for (const from of ["b", "c"]) {
      server.receive(vote({ from, to: "a", term: 1, granted: false, preVote }));
    }
    expect(server.rank).toBe("follower 1");
  });

  it("who votes for another does not go on collecting pre-votes against it", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    server.receive(requestVote({ from: "c", to: "a", term: 1, last: "1@1" }));
    expect(server.status).toMatchObject({ role: "follower", vote: "c", leaderId: null });
    server.receive(vote({ ...toA, term: 2, preVote }));
    expect(server.rank).toBe("follower 1");
  });

  it("a refusal of a newer term teaches the term", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    server.receive(vote({ ...toA, term: 7, granted: false, preVote }));
    expect(server.rank).toBe("follower 7");
  });

  it("answers to another candidacy than the present one do not count", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    for (const from of ["b", "c"]) {
      server.receive(vote({ from, to: "a", term: 5, preVote }));
    }
    expect(server.rank).toBe("preCandidate 1");
  });

  it("a server that was cut off comes back without disturbing the others", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.isolate("c");
    cluster.tick(60);
    expect(cluster.server("c").rank).toBe("preCandidate 2");
    cluster.heal();
    cluster.tick(30);
    expect(cluster.server("a").rank).toBe("leader 2");
    expect(cluster.status("c")).toMatchObject({ role: "follower", leaderId: "a", term: 2 });
  });
});

describe("a server that hears its leader helps nobody to replace it (§4.2.3, E3)", () => {
  function follower(): TestServer {
    const server = new TestServer();
    server.receive(append({ ...toA, term: 2, prev: "1@1" }));
    server.take();
    return server;
  }

  it.each([false, true])("it does not answer and keeps its term (pre-vote: %s)", (asked) => {
    const server = follower();
    server.tick(9);
    const request = { from: "c", to: "a", term: 50, last: "9@9", preVote: asked };
    server.receive(requestVote(request));
    expect(server.takeLines()).toEqual([]);
    expect(server.status).toMatchObject({ term: 2, leaderId: "b" });
    expect(server.notes.at(-1)).toMatchObject({ type: "dropped", why: "our leader is alive" });
  });

  it("after an election timeout of silence it answers", () => {
    const server = follower();
    server.tick(10);
    server.receive(requestVote({ from: "c", to: "a", term: 50, last: "9@9" }));
    expect(server.takeLines().at(-1)).toBe("a -> c  t50  vote granted");
  });

  it("a leader that is in contact with a majority ignores candidates", () => {
    const server = new TestServer();
    server.win();
    server.take();
    for (const asked of [false, true]) {
      server.receive(requestVote({ ...toA, term: 50, last: "9@9", preVote: asked }));
    }
    expect(server.takeLines()).toEqual([]);
    expect(server.rank).toBe("leader 2");
  });

  it("the silence is counted on through a change of term (T2)", () => {
    const server = new TestServer({ seed: 3 });
    const undisturbed = new TestServer({ seed: 3 });
    let ticks = 0;
    for (; undisturbed.status.role === "follower"; ticks += 1) undisturbed.tick();
    for (let at = 1; at < ticks; at += 1) {
      server.tick();
      // Its log is too short: nobody votes for it, and it must not keep the others waiting.
      server.receive(requestVote({ ...toA, term: 1 + at, last: "0@0" }));
    }
    server.tick();
    expect(server.status.role).toBe("preCandidate");
  });
});

describe("nobody is locked out for ever", () => {
  it("a higher term with a shorter log does not deadlock the cluster", () => {
    const cluster = new TestCluster({
      logs: {
        a: { log: "1 2 2", term: 2 },
        b: { log: "1 2 2", term: 2 },
        c: { log: "1 2", term: 9 },
      },
    });
    cluster.crash("b");
    cluster.tick(60);
    expect(cluster.status("a").role).toBe("leader");
    expect(cluster.status("a").term).toBeGreaterThan(9);
    expect(cluster.server("c").disk.log).toBe(cluster.server("a").disk.log);
  });

  it("a leader that meets a server of a newer term gives way, and the cluster goes on", () => {
    const cluster = new TestCluster({ logs: { c: { log: "1", term: 9 } } });
    cluster.isolate("c");
    cluster.elect("a");
    cluster.propose("a", 7);
    cluster.heal();
    cluster.tick(80);
    const leaders = cluster.ids.filter((id) => cluster.status(id).role === "leader");
    expect(leaders).toHaveLength(1);
    expect(leaders).not.toEqual(["c"]);
    for (const id of cluster.ids) expect(cluster.server(id).state).toEqual([7]);
  });

  it("a split vote is repeated until somebody wins (§5.2)", () => {
    const ids = ["a", "b", "c", "d"];
    const cluster = new TestCluster({ ids });
    // The answers are late, so that both are candidates before either is asked for its vote.
    cluster.hold = (m) => m.type === "requestVoteResponse" || !("preVote" in m && m.preVote);
    cluster.step("a", { type: "campaign" });
    cluster.step("b", { type: "campaign" });
    cluster.deliver(cluster.takeHeld());
    expect(["a", "b"].map((id) => cluster.server(id).rank)).toEqual(["candidate 2", "candidate 2"]);
    const asked = cluster.takeHeld();
    cluster.hold = () => false;
    const first = asked.filter((m) => `${m.from}${m.to}` === "ac" || `${m.from}${m.to}` === "bd");
    cluster.deliver(first);
    cluster.deliver(asked.filter((m) => !first.includes(m)));
    expect(ids.filter((id) => cluster.status(id).role === "leader")).toEqual([]);
    cluster.tick(60);
    expect(ids.filter((id) => cluster.status(id).role === "leader")).toHaveLength(1);
  });

  it("servers with one seed, started in one instant, find a leader all the same", () => {
    const cluster = new TestCluster();
    for (const id of cluster.ids) cluster.server(id).restart(77);
    cluster.tick(200);
    expect(cluster.ids.filter((id) => cluster.status(id).role === "leader")).toHaveLength(1);
  });
});
