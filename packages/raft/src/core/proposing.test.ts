import { ack, append } from "../test-support/messages.ts";
import { sized } from "../test-support/logs.ts";
import { InvariantError } from "../errors.ts";
import { TestServer } from "../test-support/server.ts";
import type { ServerSetup } from "../test-support/server.ts";
import { entryOverheadBytes } from "./log.ts";

const fromB = { from: "b", to: "a", term: 2 } as const;

function leader(options: ServerSetup = {}): TestServer {
  const server = new TestServer(options);
  server.win();
  server.receive(ack({ ...fromB, index: 2 }));
  return server;
}

function propose(server: TestServer, ...commands: Uint8Array[]): unknown {
  server.takeOutcomes();
  server.step({ type: "propose", context: 5, commands });
  return server.takeOutcomes()[0];
}

describe("a proposal", () => {
  it("is answered with the id of its first entry; the others follow it", () => {
    const server = leader();
    expect(propose(server, sized(1), sized(1), sized(1))).toEqual({
      type: "proposed",
      context: 5,
      first: { index: 3, term: 2 },
    });
    expect(server.status.lastIndex).toBe(5);
    expect(propose(server, sized(1))).toMatchObject({ first: { index: 6, term: 2 } });
  });

  it("is refused where nobody leads, with whom to ask", () => {
    const server = new TestServer();
    const refusedBy = (leaderId: string | null): unknown => ({
      type: "proposalRefused",
      context: 5,
      refusal: { reason: "notLeader", leaderId },
    });
    expect(propose(server, sized(1))).toEqual(refusedBy(null));
    server.step({ type: "campaign" });
    expect(propose(server, sized(1))).toEqual(refusedBy(null));
    server.receive(append({ ...fromB, prev: "1@1" }));
    expect(propose(server, sized(1))).toEqual(refusedBy("b"));
    expect(server.status.lastIndex).toBe(1);
  });

  it("without a command is a bug of the host", () => {
    expect(() => propose(leader())).toThrow(InvariantError);
  });

  it("is not accepted any more after leadership was given up", () => {
    const server = leader();
    server.step({ type: "stepDown" });
    expect(propose(server, sized(1))).toMatchObject({ type: "proposalRefused" });
  });
});

describe("commands have a largest size", () => {
  it.each([
    { bytes: 100, taken: true },
    { bytes: 101, taken: false },
  ])("of 100 bytes: one of $bytes is taken: $taken", ({ bytes, taken }) => {
    const server = leader({ entryMaxBytes: 100 });
    const outcome = propose(server, sized(bytes));
    if (taken) expect(outcome).toMatchObject({ type: "proposed" });
    else expect(outcome).toMatchObject({ refusal: { reason: "tooLarge", maxBytes: 100 } });
    expect(server.status.lastIndex).toBe(taken ? 3 : 2);
  });

  it("one that is too large keeps the others of its proposal out: all or none", () => {
    const server = leader({ entryMaxBytes: 100 });
    expect(propose(server, sized(1), sized(101), sized(1))).toMatchObject({
      type: "proposalRefused",
    });
    expect(server.status.lastIndex).toBe(2);
    expect(propose(server, sized(1))).toMatchObject({ type: "proposed" });
  });
});

describe("uncommitted and unapplied bytes are limited", () => {
  const cost = (bytes: number): number => bytes + entryOverheadBytes;

  it("what exceeds the limit is refused with nothing appended, until something is committed", () => {
    const server = leader({ uncommittedMaxBytes: 2 * cost(10) });
    for (const at of [1, 2]) {
      expect([at, propose(server, sized(10))]).toMatchObject([at, { type: "proposed" }]);
    }
    expect(propose(server, sized(10))).toMatchObject({ refusal: { reason: "overloaded" } });
    expect(server.status.lastIndex).toBe(4);
    server.receive(ack({ ...fromB, index: 3 }));
    expect(propose(server, sized(10))).toMatchObject({ type: "proposed" });
    expect(propose(server, sized(10))).toMatchObject({ refusal: { reason: "overloaded" } });
  });

  it("what is committed counts until it is applied: a slow state machine slows its clients", () => {
    const server = leader({ uncommittedMaxBytes: 2 * cost(10) });
    server.applyingHeld = true;
    for (let at = 0; at < 2; at += 1) propose(server, sized(10));
    server.receive(ack({ ...fromB, index: 4 }));
    expect(server.status.commitIndex).toBe(4);
    expect(propose(server, sized(10))).toMatchObject({ refusal: { reason: "overloaded" } });
    server.applyHeld();
    expect(propose(server, sized(10))).toMatchObject({ type: "proposed" });
  });

  it("one byte decides", () => {
    const server = leader({ uncommittedMaxBytes: 2 * cost(10) - 1 });
    expect(propose(server, sized(10))).toMatchObject({ type: "proposed" });
    expect(propose(server, sized(10))).toMatchObject({ type: "proposalRefused" });
    expect(propose(server, sized(9))).toMatchObject({ type: "proposed" });
  });

  it("one command larger than the limit is taken while nothing else is uncommitted", () => {
    const server = leader({ uncommittedMaxBytes: 50 });
    expect(propose(server, sized(1000))).toMatchObject({ type: "proposed" });
    expect(propose(server, sized(0))).toMatchObject({ type: "proposalRefused" });
    server.receive(ack({ ...fromB, index: 3 }));
    expect(propose(server, sized(1000))).toMatchObject({ type: "proposed" });
  });

  it("a new leader counts what earlier ones left uncommitted, its no-op too", () => {
    const server = new TestServer({ stored: { log: "1 1 1" }, uncommittedMaxBytes: 60 });
    server.win();
    expect(propose(server, sized(10))).toMatchObject({ refusal: { reason: "overloaded" } });
    server.receive(ack({ ...fromB, index: 4 }));
    expect(propose(server, sized(10))).toMatchObject({ type: "proposed" });
  });

  it("a leader that was deposed starts counting anew when it leads again", () => {
    const server = leader({ uncommittedMaxBytes: 2 * cost(10) });
    for (let at = 0; at < 2; at += 1) propose(server, sized(10));
    server.receive(append({ ...fromB, term: 3, prev: "2@2", entries: "3", commit: 3 }));
    server.win();
    server.receive(ack({ ...fromB, term: 4, index: server.status.lastIndex }));
    for (let at = 0; at < 2; at += 1) {
      expect(propose(server, sized(10))).toMatchObject({ type: "proposed" });
    }
    expect(propose(server, sized(10))).toMatchObject({ refusal: { reason: "overloaded" } });
  });
});
