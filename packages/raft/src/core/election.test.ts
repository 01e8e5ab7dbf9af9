import { append, requestVote, vote } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";
import type { Message, RequestVoteResponse } from "../index.ts";

/** What this server answers to one request; `null` if it does not. */
function answerTo(server: TestServer, request: Message): RequestVoteResponse | null {
  server.take();
  server.receive(request);
  return server.takeOf("requestVoteResponse")[0] ?? null;
}

const toA = { from: "b", to: "a" } as const;

describe("who may be voted for (§5.4.1, E2)", () => {
  it.each([
    { voter: "1 1 2", last: "3@2", granted: true, because: "the logs are equal" },
    { voter: "1 1 2", last: "4@2", granted: true, because: "same last term, longer" },
    { voter: "1 1 2", last: "2@2", granted: false, because: "same last term, shorter" },
    { voter: "1 1 2", last: "2@3", granted: true, because: "shorter, its last term is newer" },
    { voter: "1 1 2", last: "9@1", granted: false, because: "longer, its last term is older" },
    { voter: "1", last: "1@1", granted: true, because: "both have only the first entry" },
    { voter: "1", last: "0@0", granted: false, because: "it has nothing at all" },
  ])("$last against $voter: $granted, since $because", ({ voter, last, granted }) => {
    for (const preVote of [false, true]) {
      const server = new TestServer({ stored: { log: voter } });
      const answer = answerTo(server, requestVote({ ...toA, term: 9, last, preVote }));
      expect(answer).toMatchObject({ granted, preVote });
    }
  });
});

describe("one vote a term (§5.2, E1)", () => {
  const request = { to: "a", term: 2, last: "5@1" };

  it("a second candidate of the term is refused", () => {
    const server = new TestServer();
    expect(answerTo(server, requestVote({ ...request, from: "b" }))?.granted).toBe(true);
    expect(answerTo(server, requestVote({ ...request, from: "c" }))?.granted).toBe(false);
  });

  it("the same candidate gets the same answer again: its first may have been lost", () => {
    const server = new TestServer();
    for (const round of [1, 2, 3]) {
      const answer = answerTo(server, requestVote({ ...request, from: "b" }));
      expect([round, answer?.granted]).toEqual([round, true]);
    }
  });

  it("a new term brings a new vote", () => {
    const server = new TestServer();
    answerTo(server, requestVote({ ...request, from: "b" }));
    const next = requestVote({ ...request, from: "c", term: 3 });
    expect(answerTo(server, next)?.granted).toBe(true);
    expect(server.status.vote).toBe("c");
  });

  it("who follows a leader of the term does not vote in it, even if it never voted", () => {
    const server = new TestServer();
    server.receive(append({ ...toA, term: 2, prev: "1@1" }));
    expect(answerTo(server, requestVote({ ...request, from: "c" }))?.granted).toBe(false);
    expect(server.status.vote).toBeNull();
  });

  it("a restart keeps term and vote", () => {
    const server = new TestServer();
    answerTo(server, requestVote({ ...request, from: "b" }));
    server.restart();
    expect(server.status).toMatchObject({ term: 2, vote: "b", role: "follower", leaderId: null });
    expect(answerTo(server, requestVote({ ...request, from: "c" }))?.granted).toBe(false);
    expect(answerTo(server, requestVote({ ...request, from: "b" }))?.granted).toBe(true);
  });

  it("a leader that restarts in its term votes for nobody else in it", () => {
    const server = new TestServer();
    server.win();
    server.restart();
    expect(server.rank).toBe("follower 2");
    expect(answerTo(server, requestVote({ ...request, from: "b" }))?.granted).toBe(false);
  });

  it("a candidate of an older term learns of ours", () => {
    const server = new TestServer({ stored: { log: "1", term: 7 } });
    for (const preVote of [false, true]) {
      const answer = answerTo(server, requestVote({ ...request, from: "b", preVote }));
      expect(answer).toMatchObject({ term: 7, granted: false, preVote });
    }
  });
});

describe("nothing is promised before it is durable (E1, D1)", () => {
  it("a vote leaves when term and vote are on the disk", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(requestVote({ ...toA, term: 2, last: "1@1" }));
    expect(server.takeLines()).toEqual([]);
    expect(server.heldWrites[0]?.hardState).toMatchObject({ term: 2, vote: "b" });
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  vote granted"]);
  });

  it("a vote that a crash overtook was never given", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(requestVote({ ...toA, term: 2, last: "1@1" }));
    server.restart();
    expect(server.status).toMatchObject({ term: 1, vote: null });
  });

  it("a vote for a term that is over when the disk answers is dropped (D2)", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(requestVote({ ...toA, term: 2, last: "1@1" }));
    server.receive(requestVote({ from: "c", to: "a", term: 3, last: "1@1" }));
    server.completeWrites();
    expect(server.takeLines()).toEqual([]);
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> c  t3  vote granted"]);
  });

  it("a candidacy leaves when term and own vote are on the disk", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    server.holdDisk();
    server.take();
    server.receive(vote({ ...toA, term: 2, preVote: true }));
    expect(server.rank).toBe("candidate 2");
    expect(server.takeLines()).toEqual([]);
    server.completeWrites();
    expect(server.takeLines()).toEqual([
      "a -> b  t2  requestVote last=1@1",
      "a -> c  t2  requestVote last=1@1",
    ]);
  });

  it("a candidacy that is over when the disk answers does not leave any more (D2)", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    server.holdDisk();
    server.take();
    server.receive(vote({ ...toA, term: 2, preVote: true }));
    server.receive(append({ from: "c", to: "a", term: 2, prev: "1@1" }));
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> c  t2  ack 1"]);
    expect(server.status).toMatchObject({ role: "follower", leaderId: "c", vote: "a" });
  });

  it("a candidate's own vote counts when it is durable, and not before", () => {
    const server = new TestServer();
    server.step({ type: "campaign" });
    server.holdDisk();
    server.receive(vote({ ...toA, term: 2, preVote: true }));
    // An answer cannot come before the question has left; if it did, it would not be a majority.
    server.receive(vote({ ...toA, term: 2 }));
    expect(server.rank).toBe("candidate 2");
    server.completeWrites();
    expect(server.rank).toBe("leader 2");
  });

  it("alone in its cluster, a server leads once its own vote is durable", () => {
    const server = new TestServer({ members: ["a"] });
    server.holdDisk();
    server.step({ type: "campaign" });
    expect(server.rank).toBe("candidate 2");
    server.completeWrites();
    expect(server.rank).toBe("leader 2");
    server.completeWrites();
    expect(server.status.commitIndex).toBe(2);
  });
});

describe("counting votes (§5.2)", () => {
  function candidate(...ids: string[]): TestServer {
    const server = new TestServer({ members: ids });
    server.step({ type: "campaign" });
    for (const from of ids.slice(1)) {
      server.receive(vote({ from, to: "a", term: 2, preVote: true }));
    }
    expect(server.rank).toBe("candidate 2");
    return server;
  }
  const five = ["a", "b", "c", "d", "e"];

  it("three of five win, each counted once however often it speaks", () => {
    const server = candidate(...five);
    for (let times = 0; times < 5; times += 1) server.receive(vote({ ...toA, term: 2 }));
    expect(server.rank).toBe("candidate 2");
    server.receive(vote({ from: "c", to: "a", term: 2 }));
    expect(server.rank).toBe("leader 2");
  });

  it("strangers do not count", () => {
    const server = candidate(...five);
    for (const from of ["x", "y", "z"]) server.receive(vote({ from, to: "a", term: 2 }));
    expect(server.rank).toBe("candidate 2");
  });

  it("a majority of refusals ends a candidacy at once; so does the leader of the term", () => {
    const refused = candidate(...five);
    for (const from of ["b", "c", "d"]) {
      refused.receive(vote({ from, to: "a", term: 2, granted: false }));
    }
    expect(refused.rank).toBe("follower 2");
    const beaten = candidate(...five);
    beaten.receive(append({ ...toA, term: 2, prev: "1@1" }));
    expect(beaten.status).toMatchObject({ role: "follower", term: 2, leaderId: "b" });
  });

  it("votes of an earlier term of ours do not count", () => {
    const server = candidate(...five);
    server.step({ type: "campaign" });
    for (const from of ["b", "c"]) {
      server.receive(vote({ from, to: "a", term: 3, preVote: true }));
    }
    expect(server.rank).toBe("candidate 3");
    for (const from of five.slice(1)) server.receive(vote({ from, to: "a", term: 2 }));
    expect(server.rank).toBe("candidate 3");
  });

  it("pre-vote answers are not votes, and votes are not pre-vote answers", () => {
    const server = candidate(...five);
    for (const from of five.slice(1)) {
      for (const term of [2, 3]) server.receive(vote({ from, to: "a", term, preVote: true }));
    }
    expect(server.rank).toBe("candidate 2");
    const asking = new TestServer({ members: five });
    asking.step({ type: "campaign" });
    for (const from of five.slice(1)) {
      asking.receive(vote({ from, to: "a", term: 1 }));
    }
    expect(asking.rank).toBe("preCandidate 1");
  });

  it("votes that come after the election change nothing", () => {
    const server = candidate("a", "b", "c");
    server.receive(vote({ ...toA, term: 2 }));
    const { lastIndex } = server.status;
    server.receive(vote({ from: "c", to: "a", term: 2 }));
    server.receive(vote({ from: "c", to: "a", term: 2, granted: false }));
    expect(server.status).toMatchObject({ role: "leader", term: 2, lastIndex });
  });
});
