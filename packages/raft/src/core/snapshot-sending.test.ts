import { ack, chunkAck } from "../test-support/messages.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;

describe("a leader that has compacted what a follower needs (P3)", () => {
  /** Leads term 2 with a snapshot at 6@2 and nothing behind it; b has said nothing yet. */
  function leader(options: ServerSetup = {}): TestServer {
    const server = new TestServer({ snapshotChunkMaxBytes: 2, ...options });
    server.win();
    const c = { from: "c", to: "a", term: 2 };
    server.receive(ack({ ...c, index: 2 }));
    server.propose(1, 2, 3, 4);
    server.receive(ack({ ...c, index: 6 }));
    server.saveSnapshot();
    server.take();
    return server;
  }

  it("the next heartbeat finds it out, and the first chunk leaves", () => {
    const server = leader();
    server.tick(2);
    expect(server.takeLines("b")).toEqual([
      "a -> b  t2  append prev=0@0 [] commit=6",
      "a -> b  t2  chunk of 6@2 0+2",
    ]);
    expect(server.status.peers["b"]).toMatchObject({ state: "snapshot", paused: true });
    expect(server.notes.at(-1)).toMatchObject({ type: "snapshotNeeded", peer: "b", index: 6 });
  });

  it("one chunk is out at a time; then the log goes on", () => {
    const server = leader();
    server.tick(2);
    server.take();
    server.receive(chunkAck({ ...fromB, index: 6, nextOffset: 2 }));
    expect(server.takeLines("b")).toEqual(["a -> b  t2  chunk of 6@2 2+2 done"]);
    server.propose(5);
    expect(server.takeLines("b")).toEqual([]);
    server.receive(chunkAck({ ...fromB, index: 6, nextOffset: 0, installed: true }));
    expect(server.status.peers["b"]).toMatchObject({ state: "replicate", matchIndex: 6 });
    expect(server.takeLines("b")[0]).toBe("a -> b  t2  append prev=6@2 [2] commit=6");
  });

  it("an answer that comes twice asks for nothing twice", () => {
    const server = leader();
    server.tick(2);
    server.take();
    const answer = chunkAck({ ...fromB, index: 6, nextOffset: 2 });
    server.receive(answer, answer, answer);
    expect(server.takeLines("b")).toHaveLength(1);
  });

  it("a chunk that is not answered is sent again, each time after twice the time", () => {
    const server = leader();
    server.tick(2);
    server.take();
    const again: number[] = [];
    for (let heartbeat = 1; heartbeat <= 200; heartbeat += 1) {
      server.receive(ack({ from: "c", to: "a", term: 2, index: 6 }));
      server.tick(2);
      const lines = server.takeLines("b");
      expect(lines[0]).toBe("a -> b  t2  append prev=0@0 [] commit=6");
      if (lines.includes("a -> b  t2  chunk of 6@2 0+2")) again.push(heartbeat);
    }
    const pauses = again.map((heartbeat, at) => heartbeat - (again[at - 1] ?? 0));
    expect(pauses).toEqual([6, 11, 21, 41, 81]); // an election timeout is five heartbeats
  });

  it("a chunk that is still being read is not asked for again", () => {
    const server = leader();
    server.snapshotReadsHeld = true;
    for (let heartbeat = 1; heartbeat <= 50; heartbeat += 1) {
      server.receive(ack({ from: "c", to: "a", term: 2, index: 6 }));
      server.tick(2);
    }
    expect(server.heldSnapshotReads).toHaveLength(1);
  });

  it("a snapshot that is gone is replaced by a newer one, from its beginning", () => {
    const server = leader();
    server.snapshotReadsHeld = true;
    server.tick(2);
    server.propose(5);
    server.receive(ack({ from: "c", to: "a", term: 2, index: 7 }));
    server.saveSnapshot();
    server.take();
    server.answerSnapshotRead(); // the disk has only the newer one
    expect(server.heldSnapshotReads).toMatchObject([{ to: "b", index: 7, offset: 0 }]);
    server.answerSnapshotRead();
    expect(server.takeLines("b")).toEqual(["a -> b  t2  chunk of 7@2 0+2"]);
  });

  it("a snapshot that is gone, with no newer one, is asked for again by the heartbeats", () => {
    const server = leader();
    server.snapshotReadsHeld = true;
    server.tick(2);
    const [request] = server.heldSnapshotReads.splice(0);
    server.step({ type: "snapshotRead", ...request!, chunk: null });
    expect(server.heldSnapshotReads).toEqual([]);
    for (let round = 0; round < 6; round += 1) {
      server.receive(ack({ from: "c", to: "a", term: 2, index: 6 }));
      server.tick(2);
    }
    expect(server.heldSnapshotReads).toHaveLength(1);
  });

  it("a read that comes back late, or after leadership was lost, sends nothing", () => {
    const server = leader();
    server.snapshotReadsHeld = true;
    server.tick(2);
    const [request] = server.heldSnapshotReads;
    server.take();
    server.receive(ack({ ...fromB, index: 6 })); // it was not that far behind after all
    server.answerSnapshotRead();
    expect(server.takeLines("b").some((line) => line.includes("chunk"))).toBe(false);
    server.step({ type: "stepDown" });
    server.take();
    server.step({ type: "snapshotRead", ...request!, chunk: server.disk.readChunk(request!) });
    expect(server.takeLines()).toEqual([]);
  });
});
