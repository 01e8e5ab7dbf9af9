import { ack, chunkAck, ofType, reject } from "../test-support/messages.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";
import type { Message } from "../index.ts";

const members = ["a", "b", "c", "d", "e", "f", "g"];
const behind = ["b", "c", "d"];
/** An election timeout and the pause between two heartbeats of the test options, in ticks. */
const [timeoutTicks, heartbeatTicks] = [10, 2];

/** Leads term 2 with a snapshot of ten bytes and nothing behind it; b, c and d have said nothing. */
function leader(options: ServerSetup = {}): TestServer {
  const server = new TestServer({ members, snapshotChunkMaxBytes: 2, ...options });
  server.win();
  othersAck(server, 2);
  for (let byte = 1; byte <= 10; byte += 1) server.propose(byte);
  othersAck(server, 12);
  server.saveSnapshot();
  server.take();
  return server;
}

function othersAck(server: TestServer, index: number): void {
  for (const from of ["e", "f", "g"]) server.receive(ack({ from, to: "a", term: 2, index }));
}

/** Time passes while three others answer. */
function pass(server: TestServer, heartbeats: number): void {
  for (let count = 0; count < heartbeats; count += 1) {
    othersAck(server, 12);
    server.tick(heartbeatTicks);
  }
}

/** Chunks that left since the last look, as `b0` for the one at offset 0 to b. */
function chunks(server: TestServer): string[] {
  return server.takeOf("installSnapshot").map((m) => `${m.to}${m.chunk.offset}`);
}

function received(server: TestServer, from: string, nextOffset: number): void {
  const installed = nextOffset === 10;
  server.receive(chunkAck({ from, to: "a", term: 2, index: 12, nextOffset, installed }));
}

function sending(server: TestServer): string[] {
  const { peers } = server.status;
  return behind.filter((id) => peers[id]!.snapshot?.sending === true);
}

describe("how many snapshots a leader sends at once (S5)", () => {
  it.each([
    { places: 1, first: ["b0"] },
    { places: 2, first: ["b0", "c0"] },
    { places: 3, first: ["b0", "c0", "d0"] },
    { places: 4, first: ["b0", "c0", "d0"] },
  ])("with $places places, three that need one begin with $first", ({ places, first }) => {
    const server = leader({ snapshotTransfersMax: places });
    pass(server, 1);
    expect(chunks(server)).toEqual(first);
  });

  it("who waits gets a heartbeat each time, and nothing else", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 3);
    const toD = server.take().filter((m) => m.to === "d");
    expect(toD.map(({ type }) => type)).toEqual([
      "appendEntries",
      "appendEntries",
      "appendEntries",
    ]);
    expect(ofType(toD, "appendEntries").every(({ entries }) => entries.length === 0)).toBe(true);
    expect(server.status.peers["d"]).toMatchObject({ paused: true, inflightMessages: 0 });
  });

  it("the next one begins in the moment in which a place is free, in the order of asking", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    expect(chunks(server)).toEqual(["b0"]);
    received(server, "b", 10);
    expect(chunks(server)).toEqual(["c0"]);
    received(server, "c", 10);
    expect(chunks(server)).toEqual(["d0"]);
  });

  it("a place is free again when its holder turns out not to need a snapshot", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    server.take();
    server.receive(ack({ from: "b", to: "a", term: 2, index: 12 }));
    expect(chunks(server)).toEqual(["c0"]);
  });

  it("who waited while a newer snapshot was taken gets that one", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    server.propose(11);
    othersAck(server, 13);
    server.saveSnapshot();
    server.receive(ack({ from: "b", to: "a", term: 2, index: 12 }));
    server.take();
    server.receive(ack({ from: "b", to: "a", term: 2, index: 13 }));
    expect(server.status.peers["c"]!.snapshot).toMatchObject({ index: 13, sending: true });
  });

  it("a new term starts with all places free", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    server.step({ type: "stepDown" });
    server.win();
    const refusal = { to: "a", term: 3, index: 12, hint: "1@1" };
    for (const from of ["d", "c"]) server.receive(reject({ from, ...refusal }));
    expect(sending(server)).toEqual(["d"]);
  });
});

describe("how fast a leader sends snapshots (S6)", () => {
  it("all transfers together stay within the bytes of a heartbeat", () => {
    const server = leader({ snapshotTransfersMax: 3, snapshotBytesPerTick: 3 }); // six a heartbeat
    pass(server, 1);
    expect(chunks(server)).toEqual(["b0", "c0", "d0"]);
    for (const id of behind) received(server, id, 2);
    expect(chunks(server)).toEqual([]);
    pass(server, 1);
    expect(chunks(server)).toEqual(["b2", "c2", "d2"]);
  });

  it("who has waited longest goes first, so none is starved by a quick one", () => {
    const server = leader({ snapshotTransfersMax: 3, snapshotBytesPerTick: 1 }); // two a heartbeat
    const order: string[] = [];
    for (let count = 0; count < 12; count += 1) {
      pass(server, 1);
      const left = server.takeOf("installSnapshot");
      for (const { to, chunk } of left) {
        order.push(to);
        received(server, to, chunk.offset + 2);
      }
    }
    expect(order.join("")).toMatch(/^(bcd)+b?c?$/);
  });

  it("what a large chunk took too much is paid back before the next one", () => {
    // A heartbeat brings two bytes, a chunk has ten.
    const options = { snapshotTransfersMax: 1, snapshotBytesPerTick: 1, snapshotChunkMaxBytes: 10 };
    const server = leader(options);
    pass(server, 1);
    expect(chunks(server)).toEqual(["b0"]);
    received(server, "b", 10);
    const left: number[] = [];
    for (let heartbeat = 1; heartbeat <= 6; heartbeat += 1) {
      pass(server, 1);
      if (chunks(server).length > 0) left.push(heartbeat);
    }
    expect(left).toEqual([5]); // 2 - 10 = -8, and four times two later there is nothing left to pay
  });

  it("quiet time is not saved up", () => {
    const server = leader({ snapshotTransfersMax: 1, snapshotBytesPerTick: 1 });
    pass(server, 1);
    server.take();
    pass(server, 5); // b says nothing
    let offset = 0;
    for (let count = 1; count <= 3; count += 1) {
      received(server, "b", (offset += 2));
      const left = chunks(server);
      expect(left).toEqual(count === 1 ? ["b2"] : []);
    }
  });
});

describe("a transfer that does not move (S7)", () => {
  const patience = (3 * timeoutTicks) / heartbeatTicks;

  it("makes room for who waits after three election timeouts", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    pass(server, patience);
    expect(sending(server)).toEqual(["b"]);
    pass(server, 1);
    expect(sending(server)).toEqual(["c"]);
    pass(server, patience + 1);
    expect(sending(server)).toEqual(["d"]);
    pass(server, patience + 1);
    expect(sending(server)).toEqual(["b"]); // everybody has had a turn
  });

  it("makes no more room than is needed: of two that do not move, one stays for one that waits", () => {
    const server = leader({ snapshotTransfersMax: 2 });
    pass(server, patience + 2);
    expect(sending(server)).toEqual(["c", "d"]);
    pass(server, 1);
    expect(sending(server)).toEqual(["b", "d"]); // now b waits, and c has not moved either
  });

  it("keeps its place while nobody else needs it", () => {
    const server = leader({ snapshotTransfersMax: 3 });
    pass(server, 10 * patience);
    expect(sending(server)).toEqual(behind);
  });

  it("goes on where it was when its turn comes again", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    received(server, "b", 4);
    pass(server, patience + 1);
    received(server, "c", 10);
    received(server, "d", 10);
    expect(chunks(server).at(-1)).toBe("b4");
  });

  it("hears late answers while it waits, and keeps its turn", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, patience + 2);
    expect(sending(server)).toEqual(["c"]);
    received(server, "b", 2);
    expect(sending(server)).toEqual(["c"]);
    expect(server.status.peers["b"]!.snapshot).toMatchObject({ offset: 2, sending: false });
    received(server, "c", 10);
    received(server, "d", 10);
    expect(chunks(server).at(-1)).toBe("b2");
  });

  it("is not saved by newer snapshots: they are no progress", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    let index = 12;
    for (let heartbeat = 0; heartbeat <= patience; heartbeat += 1) {
      server.propose(1);
      index += 1;
      othersAck(server, index);
      server.saveSnapshot();
      server.tick(heartbeatTicks);
    }
    expect(sending(server)).toEqual(["c"]);
  });

  it("is not saved by coming as far in each newer snapshot as in the one before", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    pass(server, 1);
    let index = 12;
    for (let heartbeat = 0; heartbeat <= patience + 1; heartbeat += 1) {
      server.receive(chunkAck({ from: "b", to: "a", term: 2, index, nextOffset: 2 }));
      server.propose(1);
      index += 1;
      othersAck(server, index);
      server.saveSnapshot();
      server.step({ type: "snapshotRead", to: "b", index: index - 1, offset: 2, chunk: null });
      server.tick(heartbeatTicks);
    }
    expect(sending(server)).toEqual(["c"]);
  });

  it("is not punished for waiting at the pace that the leader is allowed", () => {
    const server = leader({ snapshotTransfersMax: 1, snapshotBytesPerTick: 1 });
    pass(server, 1);
    server.snapshotReadsHeld = true;
    received(server, "b", 2);
    for (let round = 0; round < 4 * patience; round += 1) {
      pass(server, 1);
      if (server.heldSnapshotReads.length > 0) break;
      expect(sending(server)).toEqual(["b"]);
    }
    expect(server.heldSnapshotReads).toMatchObject([{ to: "b", offset: 2 }]);
  });

  it("with a read that the disk does not answer makes room as well, and its late chunk is dropped", () => {
    const server = leader({ snapshotTransfersMax: 1 });
    server.snapshotReadsHeld = true;
    pass(server, patience + 2);
    expect(server.heldSnapshotReads.map(({ to }) => to)).toEqual(["b", "c"]);
    server.take();
    server.answerSnapshotRead();
    expect(chunks(server)).toEqual([]);
    server.answerSnapshotRead();
    expect(chunks(server)).toEqual(["c0"]);
  });
});

describe("followers that need a snapshot, one place, all kinds of trouble", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const bytes = [...Array(20).keys()];

  it("are all served though the first one never answers", () => {
    const options = { snapshotTransfersMax: 1, snapshotChunkMaxBytes: 5, snapshotBytesPerTick: 3 };
    const cluster = new TestCluster({ ids, ...options });
    cluster.elect("a");
    cluster.partition(["a", "d", "e"], ["b"], ["c"]);
    cluster.propose("a", ...bytes);
    for (const id of ["a", "d", "e"]) cluster.server(id).saveSnapshot();
    cluster.heal();
    cluster.lose = (m: Message) => m.to === "b" && m.type === "installSnapshot";
    cluster.tick(200);
    expect(cluster.server("c").state).toEqual(bytes);
    expect(cluster.status("a")).toMatchObject({ role: "leader", term: 2 });
    cluster.lose = () => false;
    cluster.tick(200);
    expect(cluster.server("b").state).toEqual(bytes);
  });
});
