import { Writable } from "node:stream";

import type { Note, Ready } from "@counter/raft";
import winston from "winston";

import { Watch } from "./watch.ts";

function setup(): { watch: Watch; lines: string[]; note: (note: Note) => void } {
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
  const watch = new Watch({ own: "a:1", log, context: { term: null }, onApplied: () => undefined });
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
  return { watch, lines, note: (note) => watch.observer.onReady?.({ ...nothing, notes: [note] }) };
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

  test("a peer of another cluster is a warning, one that only starts is not", () => {
    const { watch, lines } = setup();
    const refused = { type: "refused", by: "us", peer: "b:1", message: "" } as const;
    watch.onTransport({ ...refused, code: "not-ready" });
    watch.onTransport({ ...refused, code: "foreign-cluster" });
    watch.onTransport({ ...refused, code: "foreign-cluster" });
    expect(lines).toEqual(["warn: refused b:1: foreign-cluster"]);
  });
});
