import { ack, append, requestVote } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";
import { InvariantError } from "../errors.ts";

const fromB = { from: "b", to: "a" } as const;

describe("an ack waits for the disk (D1)", () => {
  it("of a follower", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2" }));
    expect(server.takeLines()).toEqual([]);
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 3"]);
  });

  it("even if it speaks of nothing new: the term itself is not durable yet", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1" }));
    expect(server.takeLines()).toEqual([]);
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 1"]);
  });

  it("acks behind one write become one, that of the last (§5.3 allows it)", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2" }));
    server.receive(append({ ...fromB, term: 2, prev: "2@2", entries: "2", round: 1 }));
    server.receive(append({ ...fromB, term: 2, prev: "3@2", entries: "2", round: 2 }));
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 2"]);
    server.completeWrites();
    const [merged, ...others] = server.takeOf("appendEntriesResponse");
    expect(merged).toMatchObject({ index: 4, readRound: 2 });
    expect(others).toEqual([]);
  });

  it("a rejection between two acks stays: it is another fact", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2" }));
    server.receive(append({ ...fromB, term: 2, prev: "2@2", entries: "2" }));
    server.receive(append({ ...fromB, term: 2, prev: "9@2" }));
    server.receive(append({ ...fromB, term: 2, prev: "3@2", entries: "2" }));
    server.completeWrites(1);
    server.take();
    server.completeWrites(1);
    expect(server.takeLines()).toEqual([
      "a -> b  t2  ack 3",
      "a -> b  t2  reject 9 hint=3@2",
      "a -> b  t2  ack 4",
    ]);
  });

  it("an ack that says less does not take the place of one that says more", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2" }));
    server.receive(append({ ...fromB, term: 2, prev: "1@1" }));
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 3", "a -> b  t2  ack 1"]);
  });

  it("rejections behind one write become one as well: a slow disk does not pile them up", () => {
    const server = new TestServer();
    server.holdDisk();
    for (const prev of ["9@2", "7@2", "5@2"]) {
      server.receive(append({ ...fromB, term: 2, prev }));
    }
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> b  t2  reject 5 hint=1@1"]);
  });

  it("an ack for a leader whose term is over is dropped (D2)", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2" }));
    server.receive(append({ from: "c", to: "a", term: 3, prev: "1@1", entries: "3" }));
    server.completeWrites();
    expect(server.takeLines()).toEqual([]);
    server.completeWrites();
    expect(server.takeLines()).toEqual(["a -> c  t3  ack 2"]);
  });
});

describe("a late completion vouches for nothing newer (W2)", () => {
  it("three terms in flight at one index: only the last one's write makes it durable", () => {
    const server = new TestServer({ inflightMaxWrites: 3 });
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2" }));
    server.receive(append({ from: "c", to: "a", term: 3, prev: "1@1", entries: "3" }));
    server.receive(append({ ...fromB, term: 4, prev: "1@1", entries: "4" }));
    expect(server.heldWrites).toHaveLength(3);
    const seen: unknown[] = [];
    for (let write = 1; write <= 3; write += 1) {
      server.completeWrites();
      seen.push([server.disk.log, server.status.persistedIndex, server.takeLines()]);
    }
    expect(seen).toEqual([
      ["1 2 2", 1, []],
      ["1 3", 1, []],
      ["1 4", 2, ["a -> b  t4  ack 2"]],
    ]);
  });

  it("what is truncated while its write is out is not durable when the write ends", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2 2" }));
    server.receive(append({ from: "c", to: "a", term: 3, prev: "2@2", entries: "3" }));
    server.completeWrites();
    expect(server.status).toMatchObject({ persistedIndex: 2, lastIndex: 3 });
    server.completeWrites();
    expect(server.status).toMatchObject({ persistedIndex: 3, lastIndex: 3 });
    expect(server.disk.log).toBe("1 2 3");
  });

  it("what was durable and is truncated is not durable any more", () => {
    const server = new TestServer({ stored: { log: "1 2 2 2" } });
    expect(server.status.persistedIndex).toBe(4);
    server.holdDisk();
    server.receive(append({ ...fromB, term: 3, prev: "1@1", entries: "3 3 3" }));
    expect(server.status).toMatchObject({ persistedIndex: 1, lastIndex: 4 });
    server.completeWrites();
    expect(server.status).toMatchObject({ persistedIndex: 4, lastIndex: 4 });
  });

  it("a leader that was deposed meanwhile does not count its old entries", () => {
    const server = new TestServer({ inflightMaxWrites: 3 });
    server.win();
    server.holdDisk();
    server.propose(1, 2); // 3@2 and 4@2 are under way
    server.receive(append({ ...fromB, term: 3, prev: "2@2", entries: "3" }));
    server.completeWrites(2);
    expect(server.status).toMatchObject({ persistedIndex: 2, lastIndex: 3, commitIndex: 0 });
  });

  it("writes are reported in the order they were given, and once", () => {
    const server = new TestServer({ inflightMaxWrites: 2 });
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2" }));
    server.receive(append({ ...fromB, term: 2, prev: "2@2", entries: "2" }));
    const [, second] = server.heldWrites;
    expect(() => server.core.step({ type: "persisted", write: second!.id })).toThrow(
      InvariantError,
    );
    const idle = new TestServer();
    expect(() => idle.core.step({ type: "persisted", write: 1 })).toThrow(InvariantError);
  });
});

describe("what arrives while a write is out joins the next (W1)", () => {
  it.each([
    { inflightMaxWrites: 1, shapes: ["2", "3 4 5"] },
    { inflightMaxWrites: 2, shapes: ["2", "3", "4 5"] },
    { inflightMaxWrites: 9, shapes: ["2", "3", "4", "5"] },
  ])("$inflightMaxWrites at a time: $shapes", ({ inflightMaxWrites, shapes }) => {
    const server = new TestServer({ inflightMaxWrites });
    server.holdDisk();
    for (let index = 1; index <= 4; index += 1) {
      const prev = `${index}@${index === 1 ? 1 : 2}`;
      server.receive(append({ ...fromB, term: 2, prev, entries: "2" }));
    }
    expect(server.heldWrites.length).toBeLessThanOrEqual(inflightMaxWrites);
    const written: string[] = [];
    while (server.heldWrites.length > 0) {
      written.push(server.heldWrites[0]!.entries.map(({ index }) => index).join(" "));
      server.completeWrites();
    }
    expect(written).toEqual(shapes);
    expect(server.mostWritesOut).toBeLessThanOrEqual(inflightMaxWrites);
    expect(server.takeLines().at(-1)).toBe("a -> b  t2  ack 5");
  });

  it("nothing is written where nothing has changed", () => {
    const server = new TestServer({ stored: { log: "1 2", term: 2 } });
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "2@2", commit: 2 }));
    expect(server.heldWrites).toEqual([]);
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 2"]);
  });
});

describe("term, vote and commit index on the disk (W3)", () => {
  it("term and vote are written before anything of that term leaves, in the same write", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, term: 5, prev: "1@1", entries: "5" }));
    expect(server.heldWrites[0]).toMatchObject({
      hardState: { term: 5, vote: null },
      entries: [{ index: 2, term: 5 }],
    });
  });

  it("the commit index rides along with the next write and is used after a restart", () => {
    const server = new TestServer();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2", commit: 2 }));
    expect(server.disk.hardState.commitIndex).toBe(2);
    server.restart();
    expect(server.status.commitIndex).toBe(2);
    expect(server.state).toEqual([2]);
  });

  it("it is never beyond the log that is stored with it", () => {
    const server = new TestServer({ inflightMaxWrites: 2 });
    server.holdDisk();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2", commit: 3 }));
    server.receive(append({ ...fromB, term: 2, prev: "3@2", entries: "2", commit: 4 }));
    expect(server.status).toMatchObject({ commitIndex: 4, persistedIndex: 1 });
    const commits = server.heldWrites.map(({ hardState }) => hardState?.commitIndex);
    expect(commits).toEqual([3, 4]);
    server.completeWrites(); // the disk of the tests refuses a commit index beyond its log
    server.restart();
    expect(server.status).toMatchObject({ commitIndex: 3, lastIndex: 3 });
  });

  it("a stored state that no server can have written is refused", () => {
    expect(() => new TestServer({ stored: { log: "1 1", commitIndex: 3 } })).toThrow(
      InvariantError,
    );
    expect(() => new TestServer({ stored: { log: "1 2 1" } })).toThrow(InvariantError);
  });
});

describe("a crash between the write and the message", () => {
  it("a vote that was written binds after the restart", () => {
    const server = new TestServer();
    server.receive(requestVote({ ...fromB, term: 2, last: "1@1" }));
    server.restart();
    server.receive(requestVote({ from: "c", to: "a", term: 2, last: "1@1" }));
    expect(server.takeLines()).toEqual(["a -> c  t2  vote refused"]);
  });

  it("entries that were written and not acknowledged are simply there", () => {
    const server = new TestServer();
    server.receive(append({ ...fromB, term: 2, prev: "1@1", entries: "2 2" }));
    server.restart();
    server.receive(append({ ...fromB, term: 2, prev: "3@2" }));
    expect(server.takeLines()).toEqual(["a -> b  t2  ack 3"]);
  });

  it("entries that were not written were never acknowledged, and come again", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.server("b").holdDisk();
    cluster.propose("a", 1, 2);
    expect(cluster.status("a").peers["b"]?.matchIndex).toBe(2);
    cluster.server("b").diskHeld = false;
    cluster.restart("b");
    expect(cluster.server("b").disk.log).toBe("1 2");
    cluster.tick(4);
    expect(cluster.server("b").state).toEqual([1, 2]);
  });

  it("all servers die at once: what was committed is there again", () => {
    const cluster = new TestCluster();
    cluster.elect("a");
    cluster.propose("a", 1, 2, 3);
    for (const id of cluster.ids) cluster.crash(id);
    for (const id of cluster.ids) cluster.restart(id);
    cluster.tick(40);
    for (const id of cluster.ids) expect(cluster.server(id).state).toEqual([1, 2, 3]);
  });
});

describe("a leader's disk and the network work at the same time", () => {
  it("entries leave while they are being written", () => {
    const server = new TestServer();
    server.win();
    server.receive(ack({ ...fromB, term: 2, index: 2 }));
    server.holdDisk();
    server.take();
    server.propose(1);
    expect(server.heldWrites).toHaveLength(1);
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=2@2 [2] commit=2");
  });
});
