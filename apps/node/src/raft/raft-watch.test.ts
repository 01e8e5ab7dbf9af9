import { Writable } from "node:stream";

import type { Note, Ready } from "@counter/raft";
import winston from "winston";

import { Watch } from "./raft-watch.ts";

const afterThis: Watch[] = [];
afterEach(() => {
  for (const watch of afterThis.splice(0)) watch.end();
});

interface Setup {
  readonly watch: Watch;
  readonly lines: string[];
  readonly note: (note: Note) => void;
  readonly changes: () => number;
}

/** @param uptimeMs - how long ago the node has started */
function setup(uptimeMs: number = 60_000): Setup {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString().trim());
      done();
    },
  });
  const log = winston.createLogger({
    level: "info",
    format: winston.format.printf(({ level, message }) => `${level}: ${String(message)}`),
    transports: [new winston.transports.Stream({ stream })],
  });
  let changes = 0;
  let nowMs = 0;
  const watch = new Watch({
    log,
    context: { term: null },
    onApplied: () => undefined,
    onChange: () => (changes += 1),
    waiting: () => "waiting for b:1",
    now: () => nowMs,
  });
  const nothing: Omit<Ready, "notes"> = {
    write: null,
    messages: [],
    restore: null,
    committed: [],
    outcomes: [],
    snapshotReads: [],
    compactThrough: null,
    contacts: null,
  };
  watch.begin({ id: "a:1", role: "follower", leaderId: null, term: 0 });
  changes = 0;
  nowMs = uptimeMs;
  afterThis.push(watch);
  return {
    watch,
    lines,
    note: (note) => watch.observer.onReady?.({ ...nothing, notes: [note] }),
    changes: () => changes,
  };
}

describe("who leads", () => {
  test("follows the notes of the node", () => {
    const { watch, note } = setup();
    note({ type: "leader", leaderId: "b:1", term: 2 });
    expect([watch.leading, watch.leaderId]).toEqual([false, "b:1"]);
    note({ type: "role", role: "candidate", term: 3, why: "silence" });
    note({ type: "leader", leaderId: null, term: 3 });
    expect([watch.leading, watch.leaderId]).toEqual([false, null]);
    note({ type: "role", role: "leader", term: 3, why: "a majority" });
    expect([watch.leading, watch.leaderId]).toEqual([true, "a:1"]);
    note({ type: "role", role: "follower", term: 4, why: "a newer term" });
    expect([watch.leading, watch.leaderId]).toEqual([false, null]);
  });

  test("waiting for a leader ends with the first one", async () => {
    const { watch, note } = setup();
    const found = watch.untilLeader();
    note({ type: "leader", leaderId: "b:1", term: 1 });
    await found;
    await watch.untilLeader();
  });

  test("after a fatal error nobody leads", () => {
    const { watch, note } = setup();
    note({ type: "role", role: "leader", term: 3, why: "a majority" });
    watch.observer.onFatal?.(new Error("the disk failed"));
    expect([watch.leading, watch.leaderId]).toEqual([false, null]);
  });
});

describe("what is told of elections", () => {
  test("one line for a leader, ourselves or another, and none for an ordinary absence", () => {
    const { note, lines } = setup();
    note({ type: "role", role: "leader", term: 3, why: "a majority" });
    note({ type: "leader", leaderId: "a:1", term: 3 });
    note({ type: "role", role: "follower", term: 4, why: "a newer term" });
    note({ type: "leader", leaderId: null, term: 4 });
    note({ type: "leader", leaderId: "b:1", term: 4 });
    expect(lines).toEqual(["info: this node leads", "info: the leader is b:1"]);
  });

  test("an absence that lasts is one warning that says what is missing, until a leader is known", () => {
    jest.useFakeTimers({ doNotFake: ["performance"] });
    try {
      const { note, lines } = setup();
      note({ type: "leader", leaderId: null, term: 4 });
      jest.advanceTimersByTime(2999);
      expect(lines).toEqual([]);
      note({ type: "leader", leaderId: null, term: 5 });
      jest.advanceTimersByTime(60_000);
      expect(lines).toEqual(["warn: no leader for 3 s: waiting for b:1"]);
      note({ type: "leader", leaderId: "b:1", term: 6 });
      note({ type: "leader", leaderId: null, term: 7 });
      jest.advanceTimersByTime(3000);
      expect(lines).toHaveLength(3);
    } finally {
      jest.useRealTimers();
    }
  });

  test("whoever waits for a leader looks again at every change, also one given up", () => {
    const { note, changes } = setup();
    note({ type: "leader", leaderId: "b:1", term: 4 });
    expect(changes()).toBe(1);
    note({ type: "transfer", to: "b:1", why: "given up: it took too long" });
    expect(changes()).toBe(2);
  });
});

describe("what stays wrong is told once", () => {
  const failed = { type: "dialFailed", peer: "b:1", reason: "refused", retryInMs: 50 } as const;
  const connected = { type: "connected", peer: "b:1", direction: "dialled", label: null } as const;

  test("until it was mended in between", () => {
    const { watch, lines } = setup();
    for (const event of [failed, failed, connected, failed, failed]) watch.onTransport(event);
    expect(lines).toEqual([
      "info: b:1 cannot be reached; trying on",
      "info: connected to b:1",
      "warn: b:1 cannot be reached; trying on",
    ]);
  });

  test("but not in the first seconds, in which the others may start", () => {
    const early = setup(1000);
    early.watch.onTransport(failed);
    expect(early.lines).toEqual([]);
    early.watch.onTransport(connected);
    early.watch.onTransport(failed);
    expect(early.lines.at(-1)).toBe("warn: b:1 cannot be reached; trying on");
  });

  test("a peer of another cluster is a warning, one that only starts is not", () => {
    const { watch, lines } = setup();
    const refused = { type: "refused", by: "us", peer: "b:1", message: "" } as const;
    watch.onTransport({ ...refused, code: "not-ready" });
    watch.onTransport({ ...refused, code: "foreign-cluster" });
    watch.onTransport({ ...refused, code: "foreign-cluster" });
    expect(lines).toEqual(["warn: refused b:1: foreign-cluster"]);
  });
});
