import { ack, append, readRequest, readResponse } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;
const fromC = { from: "c", to: "a", term: 2 } as const;
const read = (context: number) => ({ type: "read", context }) as const;

/** A leader of term 2 that has committed its no-op, 2@2. */
function leader(options: ServerSetup = {}): TestServer {
  const server = new TestServer(options);
  server.win();
  for (const from of [fromB, fromC]) server.receive(ack({ ...from, index: 2 }));
  server.take();
  return server;
}

function follower(): TestServer {
  const server = new TestServer();
  server.receive(append({ ...fromB, prev: "1@1" }));
  server.take();
  return server;
}

/** What a follower called the question that it sent to its leader. */
function askedOf(server: TestServer): number {
  const [question] = server.takeOf("readIndexRequest");
  if (question === undefined) throw new Error("no question was sent");
  return question.context;
}

describe("a read waits for a majority (§8, R2)", () => {
  it("the leader asks, and answers when a majority has answered that question", () => {
    const server = leader();
    server.step(read(7));
    const [question] = server.takeOf("appendEntries", "b");
    expect(question).toMatchObject({ readRound: 1, entries: [] });
    expect(server.takeOutcomes()).toEqual([]);
    server.receive(ack({ ...fromB, index: 2, round: 1 }));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 7, index: 2 }]);
  });

  it("two of four others are needed in a cluster of five, each counted once", () => {
    const server = new TestServer({ members: ["a", "b", "c", "d", "e"] });
    server.win();
    for (const from of ["b", "c"]) server.receive(ack({ ...fromB, from, index: 2 }));
    server.step(read(1));
    const answer = ack({ ...fromB, index: 2, round: 1 });
    server.receive(answer, answer, answer);
    expect(server.takeOutcomes()).toEqual([]);
    server.receive(ack({ ...fromB, from: "d", index: 1, round: 1 }));
    expect(server.takeOutcomes()).toHaveLength(1);
  });

  it("answers to questions that were asked before the read confirm nothing", () => {
    const server = leader();
    server.step(read(1));
    server.step(read(2));
    server.receive(ack({ ...fromB, index: 2, round: 0 }));
    expect(server.takeOutcomes()).toEqual([]);
    server.receive(ack({ ...fromB, index: 2, round: 1 }));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 1, index: 2 }]);
    server.receive(ack({ ...fromC, index: 2, round: 2 }));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 2, index: 2 }]);
  });

  it("a rejection shows as well who leads", () => {
    const server = leader();
    server.step(read(1));
    server.receive({ ...ack({ ...fromB, index: 2, round: 1 }), rejected: true });
    expect(server.takeOutcomes()).toHaveLength(1);
  });

  it("strangers confirm nothing", () => {
    const server = leader();
    server.step(read(1));
    server.receive(ack({ ...fromB, from: "x", index: 2, round: 1 }));
    expect(server.takeOutcomes()).toEqual([]);
  });

  it("the answer is what was committed when the read came, or later", () => {
    const server = leader();
    server.propose(1);
    server.step(read(1));
    server.receive(ack({ ...fromB, index: 3, round: 1 }));
    const [outcome] = server.takeOutcomes().filter(({ type }) => type === "readReady");
    expect(outcome).toMatchObject({ index: 2 });
    expect(server.status.commitIndex).toBe(3);
  });

  it("alone in its cluster, a leader answers at once", () => {
    const server = new TestServer({ members: ["a"] });
    server.win();
    server.step(read(1));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 1, index: 2 }]);
  });

  it("a question that was lost is repeated by the heartbeat", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.type === "appendEntries";
    cluster.step("a", read(1));
    cluster.lose = () => false;
    expect(cluster.server("a").takeOutcomes()).toEqual([]);
    cluster.tick(2, "a");
    expect(cluster.server("a").takeOutcomes()).toHaveLength(1);
  });
});

describe("one round confirms every read that waits (R3)", () => {
  it("reads of one turn need one message a follower", () => {
    const server = leader();
    server.stepTogether(read(1), read(2), read(3));
    expect(server.takeLines("b")).toHaveLength(1);
    server.receive(ack({ ...fromB, index: 2, round: 1 }));
    const contexts = server.takeOutcomes().map((outcome) => outcome.context);
    expect(contexts).toEqual([1, 2, 3]);
  });

  it("an answer to a later round confirms the earlier ones", () => {
    const server = leader();
    for (const context of [1, 2, 3]) server.step(read(context));
    server.receive(ack({ ...fromB, index: 2, round: 3 }));
    expect(server.takeOutcomes().map((outcome) => outcome.context)).toEqual([1, 2, 3]);
  });
});

describe("a new leader does not know what is committed (R1)", () => {
  it("reads wait for an entry of its own term", () => {
    const server = new TestServer({ stored: { log: "1 1 1", commitIndex: 1 } });
    server.win();
    server.take();
    server.step(read(1));
    expect(server.takeLines()).toEqual([]);
    server.receive(ack({ ...fromB, index: 3, round: 0 }));
    server.receive(ack({ ...fromC, index: 3, round: 0 }));
    expect(server.takeOutcomes()).toEqual([]);
    server.receive(ack({ ...fromB, index: 4, round: 0 }));
    const question = server.takeOf("appendEntries", "b").at(-1);
    expect(question?.readRound).toBe(1);
    server.receive(ack({ ...fromB, index: 4, round: 1 }));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 1, index: 4 }]);
  });
});

describe("a follower reads (dissertation §6.4)", () => {
  it("it asks the leader for an index and reads its own copy at it", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1);
    cluster.step("c", read(5));
    expect(cluster.server("c").takeOutcomes()).toEqual([
      { type: "readReady", context: 5, index: 3 },
    ]);
  });

  it("the leader answers it when its own reads would be answered", () => {
    const server = leader();
    server.receive(readRequest({ ...fromB, context: 99 }));
    expect(server.takeOf("readIndexResponse")).toEqual([]);
    server.receive(ack({ ...fromC, index: 2, round: 1 }));
    expect(server.takeOf("readIndexResponse")).toEqual([
      { type: "readIndexResponse", from: "a", to: "b", term: 2, context: 99, index: 2 },
    ]);
  });

  it("is refused where no leader is known, and by a server that does not lead", () => {
    const server = new TestServer();
    server.step(read(1));
    const refusal = { reason: "notLeader", leaderId: null };
    expect(server.takeOutcomes()).toEqual([{ type: "readRefused", context: 1, refusal }]);
    server.receive(readRequest({ ...fromB, term: 1, context: 3 }));
    expect(server.takeOf("readIndexResponse")).toMatchObject([{ context: 3, index: null }]);
  });

  it("is refused when the server that was asked does not lead any more", () => {
    const server = follower();
    server.step(read(1));
    const context = askedOf(server);
    server.receive(readResponse({ ...fromB, context, index: null }));
    expect(server.takeOutcomes()).toMatchObject([{ type: "readRefused", context: 1 }]);
  });

  it("is refused when the leader changes: the answer of the old one may be old", () => {
    const server = follower();
    server.step(read(1));
    const context = askedOf(server);
    server.receive(append({ ...fromC, term: 3, prev: "1@1" }));
    expect(server.takeOutcomes()).toMatchObject([{ type: "readRefused", context: 1 }]);
    server.receive(readResponse({ ...fromB, context, index: 1 }));
    expect(server.takeOutcomes()).toEqual([]);
  });

  it("expires after two election timeouts without an answer; a late one changes nothing", () => {
    const server = follower();
    server.step(read(1));
    const context = askedOf(server);
    for (let tick = 1; tick < 20; tick += 1) {
      server.receive(append({ ...fromB, prev: "1@1" }));
      server.tick();
      expect([tick, server.takeOutcomes()]).toEqual([tick, []]);
    }
    server.tick();
    expect(server.takeOutcomes()).toMatchObject([{ type: "readRefused", context: 1 }]);
    server.receive(readResponse({ ...fromB, context, index: 1 }));
    expect(server.takeOutcomes()).toEqual([]);
  });

  it("an answer that arrives twice answers once, and one that nobody asked for nobody", () => {
    const server = follower();
    server.step(read(1));
    const context = askedOf(server);
    const answer = readResponse({ ...fromB, context, index: 1 });
    server.receive(answer, answer, readResponse({ ...fromB, context: context + 1, index: 1 }));
    expect(server.takeOutcomes()).toEqual([{ type: "readReady", context: 1, index: 1 }]);
  });
});

describe("who does not lead any more confirms nothing (R4)", () => {
  it.each([
    { how: "told to step down", input: { type: "stepDown" } as const, leaderId: null },
    {
      how: "deposed",
      input: { type: "receive", message: append({ ...fromB, term: 3, prev: "1@1" }) } as const,
      leaderId: "b",
    },
  ])("reads of a leader that was $how are refused", ({ input, leaderId }) => {
    const server = leader();
    server.step(read(1));
    server.receive(readRequest({ ...fromC, context: 9 }));
    server.take();
    server.step(input);
    const refusal = { reason: "notLeader", leaderId };
    expect(server.takeOutcomes()).toEqual([{ type: "readRefused", context: 1, refusal }]);
    expect(server.takeOf("readIndexResponse")).toMatchObject([
      { to: "c", context: 9, index: null },
    ]);
    server.receive(ack({ ...fromB, index: 2, round: 1 }));
    expect(server.takeOutcomes()).toEqual([]);
  });

  it("a leader that is cut off never answers, although it still thinks that it leads", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1);
    cluster.isolate("a");
    cluster.elect("b");
    cluster.propose("b", 2);
    expect(cluster.server("a").rank).toBe("leader 2");
    cluster.server("a").takeOutcomes();
    cluster.step("a", read(1));
    expect(cluster.server("a").takeOutcomes()).toEqual([]);
    cluster.heal();
    cluster.tick(4);
    expect(cluster.server("a").takeOutcomes()).toMatchObject([{ type: "readRefused" }]);
    cluster.step("a", read(2));
    const { commitIndex } = cluster.status("b");
    expect(cluster.server("a").takeOutcomes()).toMatchObject([
      { type: "readReady", context: 2, index: commitIndex },
    ]);
  });
});

describe("how many reads may wait", () => {
  it("a leader refuses its own beyond the limit, and takes them again when some are answered", () => {
    const server = leader({ pendingReadsMax: 2 });
    for (const context of [1, 2, 3]) server.step(read(context));
    const refusal = { reason: "overloaded" };
    expect(server.takeOutcomes()).toEqual([{ type: "readRefused", context: 3, refusal }]);
    server.receive(ack({ ...fromB, index: 2, round: 2 }));
    expect(server.takeOutcomes()).toHaveLength(2);
    server.step(read(4));
    server.receive(ack({ ...fromB, index: 2, round: 3 }));
    expect(server.takeOutcomes()).toMatchObject([{ type: "readReady", context: 4 }]);
  });

  it("a leader takes no more of its followers either; they ask again by themselves", () => {
    const server = leader({ pendingReadsMax: 1 });
    server.receive(readRequest({ ...fromB, context: 1 }), readRequest({ ...fromC, context: 2 }));
    server.receive(ack({ ...fromB, index: 2, round: 1 }));
    expect(server.takeOf("readIndexResponse")).toMatchObject([{ to: "b", context: 1 }]);
  });

  it("a follower refuses beyond the limit as well", () => {
    const server = new TestServer({ pendingReadsMax: 1 });
    server.receive(append({ ...fromB, prev: "1@1" }));
    server.step(read(1));
    server.step(read(2));
    expect(server.takeOutcomes()).toMatchObject([
      { context: 2, refusal: { reason: "overloaded" } },
    ]);
  });
});
