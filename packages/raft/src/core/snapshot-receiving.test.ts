import { snapshotAt } from "../test-support/logs.ts";
import { append, chunk } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";

const ids = ["a", "b", "c"];
const fromB = { from: "b", to: "a", term: 2 } as const;

describe("receiving a snapshot in chunks (S2, S3)", () => {
  const snapshot = snapshotAt("5@2", ids);
  const first = chunk({ ...fromB, snapshot, offset: 0, data: [1, 2], done: false });
  const second = chunk({ ...fromB, snapshot, offset: 2, data: [3], done: false });
  const last = chunk({ ...fromB, snapshot, offset: 3, data: [4], done: true });

  it("each chunk is answered when it is durable; the last one puts the snapshot in force", () => {
    const server = new TestServer();
    server.holdDisk();
    const answers: unknown[] = [];
    for (const piece of [first, second, last]) {
      server.receive(piece);
      expect(server.takeLines()).toEqual([]);
      expect(server.status.snapshot).toBeNull();
      server.completeWrites();
      answers.push(...server.takeLines());
    }
    expect(answers).toEqual([
      "a -> b  t2  snapshot 5 next=2",
      "a -> b  t2  snapshot 5 next=3",
      "a -> b  t2  snapshot 5 installed",
    ]);
    expect(server.status).toMatchObject({
      snapshot: { index: 5, term: 2 },
      commitIndex: 5,
      appliedIndex: 5,
      firstIndex: 6,
      lastIndex: 5,
      lastTerm: 2,
    });
    expect(server.state).toEqual([1, 2, 3, 4]);
  });

  it("the log goes on behind it", () => {
    const server = new TestServer();
    server.receive(first, second, last);
    server.receive(append({ ...fromB, prev: "5@2", entries: "2", commit: 6 }));
    expect(server.status).toMatchObject({ commitIndex: 6, lastIndex: 6 });
    expect(server.disk.log).toBe("2");
    expect(server.state).toEqual([1, 2, 3, 4, 6]);
  });

  it("after a restart the disk has the snapshot, or nothing of it", () => {
    const whole = new TestServer();
    whole.receive(first, second, last);
    whole.restart();
    expect(whole.state).toEqual([1, 2, 3, 4]);
    expect(whole.status).toMatchObject({ commitIndex: 5, appliedIndex: 5, lastIndex: 5, term: 2 });
    const part = new TestServer();
    part.receive(first, second);
    part.holdDisk();
    part.receive(last);
    part.diskHeld = false;
    part.restart();
    expect(part.status).toMatchObject({ snapshot: null, commitIndex: 0, lastIndex: 1 });
  });

  it("a chunk that comes twice, or too early, is answered with where to go on", () => {
    const server = new TestServer();
    server.receive(first, first);
    expect(server.takeLines()).toEqual([
      "a -> b  t2  snapshot 5 next=2",
      "a -> b  t2  snapshot 5 next=2",
    ]);
    server.receive(last);
    expect(server.takeLines()).toEqual(["a -> b  t2  snapshot 5 next=2"]);
    server.receive(second, last);
    expect(server.state).toEqual([1, 2, 3, 4]);
  });

  it("after a restart, or under another leader, a transfer starts from the beginning", () => {
    const server = new TestServer();
    server.receive(first);
    server.restart();
    server.receive(second);
    expect(server.takeLines()).toEqual(["a -> b  t2  snapshot 5 next=0"]);
    server.receive(first);
    const again = { from: "b", to: "a", term: 3, snapshot, data: [3] };
    server.receive(chunk({ ...again, offset: 2, done: true })); // the same leader, elected again
    expect(server.takeLines().at(-1)).toBe("a -> b  t3  snapshot 5 next=0");
    server.receive(chunk({ ...again, offset: 0, data: [1, 2], done: false }));
    const other = { from: "c", to: "a", term: 4, snapshot, data: [3] };
    server.receive(chunk({ ...other, offset: 2, done: true }));
    expect(server.takeLines().at(-1)).toBe("a -> c  t4  snapshot 5 next=0");
    server.receive(chunk({ ...other, offset: 0, done: true }));
    expect(server.state).toEqual([3]);
  });

  it("a chunk is dropped while the one before it, or the log, is not on the disk", () => {
    const server = new TestServer();
    server.holdDisk();
    server.receive(append({ ...fromB, prev: "1@1", entries: "2" })); // its write is out
    server.receive(first, second); // the second finds the first still waiting
    expect(server.notes.at(-1)).toMatchObject({ type: "dropped", why: "the disk is behind" });
    const log = new TestServer();
    log.holdDisk();
    log.receive(append({ ...fromB, prev: "1@1", entries: "2" }));
    log.receive(append({ ...fromB, prev: "2@2", entries: "2" })); // waits for the write before it
    log.receive(chunk({ ...fromB, snapshot, offset: 0, data: [9], done: true }));
    expect(log.notes.at(-1)).toMatchObject({ type: "dropped", why: "the disk is behind" });
    log.releaseDisk();
    log.receive(chunk({ ...fromB, snapshot, offset: 0, data: [9], done: true }));
    expect(log.state).toEqual([9]);
  });

  it("entries are dropped while the last chunk is being written, and nobody campaigns", () => {
    const server = new TestServer();
    server.receive(first, second);
    server.holdDisk();
    server.receive(last);
    server.take();
    server.receive(append({ ...fromB, prev: "1@1", entries: "2" }));
    expect(server.notes.at(-1)).toMatchObject({ why: "a snapshot is being installed" });
    server.receive(last);
    server.tick(30);
    expect(server.rank).toBe("follower 2");
    expect(server.takeLines()).toEqual([]);
    server.releaseDisk();
    expect(server.state).toEqual([1, 2, 3, 4]);
    server.tick(20);
    expect(server.rank).toBe("preCandidate 2");
  });

  it("a chunk of an old leader is refused with our term", () => {
    const server = new TestServer({ stored: { log: "1", term: 7 } });
    server.receive(first);
    expect(server.takeLines()).toEqual(["a -> b  t7  snapshot 5 next=0"]);
    expect(server.status.leaderId).toBeNull();
  });
});

describe("a snapshot never takes a server back (S4)", () => {
  const snapshot = snapshotAt("3@2", ids);
  const whole = chunk({ ...fromB, term: 4, snapshot, offset: 0, data: [9], done: true });

  it.each([
    { log: "1 2 2 2", commitIndex: 3, becomes: "1 2 2 2", because: "it has committed that much" },
    { log: "1 2 2 2", commitIndex: 4, becomes: "1 2 2 2", because: "it has committed more" },
    { log: "1 2 2 2", commitIndex: 0, becomes: "1 2 2 2", because: "its log has that entry" },
  ])("[$log], committed up to $commitIndex: $because", ({ log, commitIndex, becomes }) => {
    const server = new TestServer({ stored: { log, commitIndex } });
    server.receive(whole);
    expect(server.takeLines()).toEqual(["a -> b  t4  snapshot 3 installed"]);
    expect(server.disk.log).toBe(becomes);
    expect(server.status).toMatchObject({ snapshot: null, lastIndex: 4 });
    expect(server.status.commitIndex).toBe(Math.max(3, commitIndex));
  });

  it("it replaces a log that contradicts it, however long", () => {
    const server = new TestServer({ stored: { log: "1 2 3 3 3 3", commitIndex: 2 } });
    server.receive(whole);
    expect(server.status).toMatchObject({ lastIndex: 3, lastTerm: 2, commitIndex: 3 });
    expect(server.disk.log).toBe("");
    expect(server.state).toEqual([9]);
  });

  it("a write that was out meanwhile vouches for nothing of the log that is gone (W2)", () => {
    const stored = { log: "1 2 3 3 3 3", commitIndex: 2 };
    const server = new TestServer({ stored, inflightMaxWrites: 2 });
    server.holdDisk();
    server.receive(whole);
    server.receive(append({ from: "c", to: "a", term: 5, prev: "6@3", entries: "" })); // a new term
    expect(server.heldWrites).toHaveLength(2);
    server.completeWrites(1);
    expect(server.status).toMatchObject({ lastIndex: 3, persistedIndex: 3 });
    server.releaseDisk();
    expect(server.status).toMatchObject({ term: 5, lastIndex: 3, persistedIndex: 3 });
  });

  it("brings its configuration along", () => {
    const server = new TestServer();
    const others = snapshotAt("3@2", ["a", "x", "y"]);
    const configured = { ...others, configurationIndex: 2 };
    server.receive(
      chunk({ ...fromB, term: 4, snapshot: configured, offset: 0, data: [], done: true }),
    );
    expect(server.status).toMatchObject({
      configurationIndex: 2,
      configuration: { voters: ["a", "x", "y"] },
    });
    server.restart();
    expect(server.status.configuration.voters).toEqual(["a", "x", "y"]);
    expect(server.core.snapshotMeta()).toEqual(configured);
  });
});
