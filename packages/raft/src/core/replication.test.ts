import { ack, append, ofType, reject } from "../test-support/messages.ts";
import { sized } from "../test-support/logs.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";
import { entryOverheadBytes } from "./log.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;

/** A leader of term 2 with the log `1 2`; b has answered, c never does. */
function leader(options: ServerSetup = {}): TestServer {
  const server = new TestServer(options);
  server.win();
  server.receive(ack({ ...fromB, index: 2 }));
  server.take();
  return server;
}

describe("the first message to a follower (P1)", () => {
  it("asks right behind the leader's log of before, with its no-op", () => {
    const server = new TestServer({ stored: { log: "1 1 1" } });
    server.win();
    expect(server.takeLines().slice(-2)).toEqual([
      "a -> b  t2  append prev=3@1 [2] commit=0",
      "a -> c  t2  append prev=3@1 [2] commit=0",
    ]);
  });

  it("one probe is out at a time: more commands wait for the answer", () => {
    const server = new TestServer();
    server.win();
    server.take();
    server.propose(1, 2);
    expect(server.takeLines()).toEqual([]);
    server.receive(ack({ ...fromB, index: 2 }));
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=2@2 [2 2] commit=2");
  });

  it("an unanswered probe is repeated by the heartbeat, without its load (L2)", () => {
    const server = new TestServer();
    server.win();
    server.take();
    server.tick(2);
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=1@1 [] commit=0"]);
    server.tick(2);
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=1@1 [] commit=0"]);
  });
});

describe("sending ahead of the answers (P2)", () => {
  it("commands leave as they come", () => {
    const server = leader();
    server.propose(1, 2, 3);
    const lines = server.takeLines("b");
    expect(lines).toEqual([
      "a -> b  t2  append prev=2@2 [2] commit=2",
      "a -> b  t2  append prev=3@2 [2] commit=2",
      "a -> b  t2  append prev=4@2 [2] commit=2",
    ]);
    expect(server.status.peers["b"]).toMatchObject({ inflightMessages: 3, nextIndex: 6 });
  });

  it("the window is limited by count; an answer opens it again", () => {
    const server = leader({ inflightMaxMessages: 2 });
    server.propose(1, 2, 3, 4);
    expect(server.takeLines("b")).toHaveLength(2);
    expect(server.status.peers["b"]).toMatchObject({ inflightMessages: 2, paused: true });
    server.receive(ack({ ...fromB, index: 3 }));
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=4@2 [2 2] commit=3");
  });

  it("a window that opens is used at once, even if nothing was committed by the answer", () => {
    const server = leader({ inflightMaxMessages: 1 });
    server.holdDisk();
    server.propose(1, 2);
    server.take();
    server.receive(ack({ ...fromB, index: 3 }));
    expect(server.status.commitIndex).toBe(2);
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=3@2 [2] commit=2"]);
  });

  it("the window is limited by bytes, and the answer for a later message frees earlier ones", () => {
    const bytes = 1 + entryOverheadBytes;
    const server = leader({ inflightMaxBytes: 2 * bytes });
    server.propose(1, 2, 3, 4);
    expect(server.takeLines("b")).toHaveLength(2);
    expect(server.status.peers["b"]).toMatchObject({ inflightBytes: 2 * bytes, paused: true });
    server.receive(ack({ ...fromB, index: 4 }));
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=4@2 [2 2] commit=4");
  });

  it("an entry that is larger than the window still travels", () => {
    const server = leader({ inflightMaxBytes: 10, messageMaxBytes: 10 });
    server.proposeBytes(sized(5000));
    server.proposeBytes(sized(5000));
    expect(server.takeLines("b")).toHaveLength(1);
    server.receive(ack({ ...fromB, index: 3 }));
    expect(ofType(server.take(), "appendEntries").at(0)?.entries).toHaveLength(1);
  });

  it("a full window does not silence the heartbeats", () => {
    const server = leader({ inflightMaxMessages: 1 });
    server.propose(1, 2);
    server.take();
    server.tick(2);
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=3@2 [] commit=2"]);
  });

  it.each([
    { limit: { messageMaxEntries: 2 }, lengths: [2, 2, 1], because: "of the count" },
    { limit: { messageMaxEntries: 1 }, lengths: [1, 1, 1, 1, 1], because: "one is the least" },
    { limit: { messageMaxBytes: 1 }, lengths: [1, 1, 1, 1, 1], because: "one always goes" },
    { limit: { messageMaxBytes: 375 }, lengths: [3, 2], because: "three have 372 bytes" },
    { limit: { messageMaxBytes: 371 }, lengths: [2, 2, 1], because: "three have 372 bytes" },
    { limit: {}, lengths: [5], because: "nothing limits it" },
  ])("five entries in messages of $lengths: $because", ({ limit, lengths }) => {
    const server = leader(limit);
    server.proposeBytes(...[1, 2, 3, 4, 5].map((fill) => sized(100, fill)));
    const sent = server.takeOf("appendEntries", "b");
    expect(sent.map(({ entries }) => entries.length)).toEqual(lengths);
  });

  it("what was proposed in one turn leaves in one message a follower (L1)", () => {
    const server = leader();
    const propose = (byte: number) =>
      ({ type: "propose", context: byte, commands: [Uint8Array.of(byte)] }) as const;
    server.stepTogether(propose(1), propose(2), propose(3));
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=2@2 [2 2 2] commit=2"]);
  });

  it("followers that need the same entries get the same array (L4)", () => {
    const server = leader();
    server.receive(ack({ ...fromB, from: "c", index: 2 }));
    server.take();
    server.propose(1);
    const [one, other] = server.takeOf("appendEntries");
    expect([one?.to, other?.to]).toEqual(["b", "c"]);
    expect(one?.entries).toBe(other?.entries);
    expect(one?.entries).toHaveLength(1);
  });
});

describe("news of the commit index", () => {
  it("reaches followers at once, without waiting for the next command or heartbeat", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1);
    for (const id of cluster.ids) expect(cluster.status(id).commitIndex).toBe(3);
    for (const id of cluster.ids) expect(cluster.server(id).state).toEqual([1]);
  });

  it("is repeated by heartbeats if it was lost", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.type === "appendEntries" && m.to === "b" && m.commitIndex > 2;
    cluster.propose("a", 1);
    expect(cluster.status("b").commitIndex).toBe(2);
    cluster.lose = () => false;
    cluster.tick(2, "a");
    expect(cluster.status("b").commitIndex).toBe(3);
  });

  it("rides along with the next entries", () => {
    const server = leader();
    server.propose(1);
    server.take();
    server.stepTogether(
      { type: "receive", message: ack({ ...fromB, index: 3 }) },
      { type: "propose", context: 0, commands: [Uint8Array.of(2)] },
    );
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=3@2 [2] commit=3"]);
  });
});

describe("late, doubled and reordered answers (L3, P4)", () => {
  const peer = (server: TestServer) => server.status.peers["b"];

  it("an old ack does not lower what is known", () => {
    const server = leader();
    server.propose(1, 2, 3);
    for (const index of [4, 3, 2, 4, 0]) {
      server.receive(ack({ ...fromB, index }));
      expect(peer(server)).toMatchObject({ matchIndex: 4, state: "replicate" });
    }
    server.receive(ack({ ...fromB, index: 5 }));
    expect(peer(server)).toMatchObject({ matchIndex: 5, nextIndex: 6, inflightMessages: 0 });
  });

  it("an old rejection does not lower what is known and stops nothing", () => {
    const server = leader();
    server.propose(1, 2, 3);
    server.receive(ack({ ...fromB, index: 4 }));
    for (const index of [1, 2, 3, 4]) {
      server.receive(reject({ ...fromB, index, hint: "1@1" }));
      expect(peer(server)).toMatchObject({ matchIndex: 4, state: "replicate", nextIndex: 6 });
    }
  });

  it("a rejection beyond what matches goes back to what matches, not further", () => {
    const server = leader();
    server.propose(1, 2, 3);
    server.receive(reject({ ...fromB, index: 4, hint: "1@1" }));
    expect(peer(server)).toMatchObject({ matchIndex: 2, state: "probe", nextIndex: 3 });
    expect(server.takeLines("b").at(-1)).toBe("a -> b  t2  append prev=2@2 [2 2 2] commit=2");
  });

  it("a doubled rejection moves a probe once", () => {
    const server = new TestServer({ stored: { log: "1 1 1 1 1", term: 1 } });
    server.win();
    server.take();
    const rejection = reject({ ...fromB, index: 5, hint: "3@1" });
    server.receive(rejection, rejection, rejection);
    expect(peer(server)).toMatchObject({ state: "probe", nextIndex: 4 });
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=3@1 [1 1 2] commit=0"]);
  });

  it("answers of a peer that is not a member are ignored", () => {
    const server = leader();
    const before = server.status;
    server.receive(ack({ ...fromB, from: "x", index: 2 }));
    server.receive(reject({ ...fromB, from: "x", index: 2, hint: "1@1" }));
    expect(server.status).toEqual(before);
  });

  it("answers of an earlier term are dropped", () => {
    const server = leader();
    server.propose(1);
    const before = server.status;
    server.receive(ack({ ...fromB, term: 1, index: 3 }));
    server.receive(reject({ ...fromB, term: 1, index: 2, hint: "1@1" }));
    expect(server.status).toEqual(before);
  });
});

describe("when messages are lost", () => {
  it("a follower that missed one is found by the next heartbeat", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.lose = (m) => m.type === "appendEntries" && m.to === "b";
    cluster.propose("a", 1, 2, 3);
    cluster.lose = () => false;
    cluster.tick(2, "a");
    expect(cluster.server("b").state).toEqual([1, 2, 3]);
  });

  it("a peer that the transport cannot reach is asked again, at the pace of heartbeats", () => {
    const server = leader();
    server.propose(1);
    server.take();
    server.step({ type: "unreachable", peer: "b" });
    expect(server.status.peers["b"]).toMatchObject({ state: "probe", nextIndex: 3, paused: true });
    server.propose(2);
    expect(server.takeLines("b")).toEqual([]);
    server.tick(2);
    expect(server.takeLines("b")).toEqual(["a -> b  t2  append prev=2@2 [] commit=2"]);
    server.receive(ack({ ...fromB, index: 2 }));
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=2@2 [2 2] commit=2");
  });

  it("strangers that cannot be reached, and followers that are told so, change nothing", () => {
    const server = leader();
    const before = server.status;
    server.step({ type: "unreachable", peer: "x" });
    expect(server.status).toEqual(before);
    const follower = new TestServer();
    follower.receive(append({ ...fromB, prev: "1@1" }));
    follower.step({ type: "unreachable", peer: "b" });
    expect(follower.status.leaderId).toBe("b");
  });
});
