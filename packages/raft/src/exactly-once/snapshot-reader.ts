/** Reads a snapshot in pieces of any size, a record at a time in hand, and believes nothing. */
import { SnapshotFormatError } from "../errors.ts";
import { isRefusalReason, refusalReasonMaxLength } from "../node/answers.ts";
import { ByteReader } from "./bytes.ts";
import { ChunkSource } from "./chunk-source.ts";
import { fingerprintLength } from "./fingerprint.ts";
import * as limits from "./limits.ts";
import { Memory } from "./memory.ts";
import type { Remembered, SessionRecord } from "./memory.ts";
import * as format from "./snapshot-format.ts";

const sequenceMax = Number.MAX_SAFE_INTEGER;
const timeMax = limits.logTimeMaxMs + limits.windowMaxMs;

/**
 * The memory at the beginning of a snapshot.
 *
 * @returns the memory, and the rest: the bytes of the wrapped machine
 * @throws {SnapshotFormatError} if it is not one, or not all of it
 */
export async function readMemory(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly memory: Memory; readonly rest: AsyncIterable<Uint8Array> }> {
  const source = new ChunkSource(chunks, refuse);
  const head = new ByteReader(await source.take(format.magic.length + 1), refuse);
  for (const byte of format.magic) {
    if (head.byte() !== byte) throw refuse("it does not begin like one of exactlyOnce");
  }
  const found = head.byte();
  if (found !== format.version) {
    throw refuse(`it has version ${found}; this release knows ${format.version}`);
  }
  const { memory, keys, sessions } = readClock(await source.record());
  for (let read = 0; read < keys; read += 1)
    readKey(source.recordHere() ?? (await source.record()), memory);
  for (let read = 0; read < sessions; read += 1) {
    const { session, answers } = readSession(await source.record(), memory);
    for (let at = 0; at < answers; at += 1) {
      readSessionAnswer(source.recordHere() ?? (await source.record()), session);
    }
    memory.loadSession(session);
  }
  return { memory, rest: source.rest() };
}

interface Counted {
  readonly memory: Memory;
  readonly keys: number;
  readonly sessions: number;
}

function readClock(bytes: Uint8Array): Counted {
  const reader = new ByteReader(bytes, refuse);
  const logTimeMs = reader.varint(limits.logTimeMaxMs);
  const forgottenUpToMs = reader.varint(logTimeMs + 1) - 1;
  const newest = { key: reader.varint(timeMax), session: reader.varint(timeMax) };
  const keys = reader.varint(limits.keysMaxLimit);
  const sessions = reader.varint(limits.sessionsMaxLimit);
  reader.end();
  return { memory: new Memory({ logTimeMs, forgottenUpToMs }, newest), keys, sessions };
}

function readKey(bytes: Uint8Array, memory: Memory): void {
  const reader = new ByteReader(bytes, refuse);
  const key = reader.latin1(reader.byte());
  if (!limits.isKey(key)) throw refuse("a key is none");
  if (memory.keys.peek(key) !== null) throw refuse("it has a key twice");
  const addedAt = reader.varint(memory.clock.logTimeMs);
  const expiresAt = reader.varint(memory.keys.newestExpiresAt);
  if (expiresAt < (memory.keys.last?.expiresAt ?? 0)) throw refuse("its keys are not in order");
  memory.loadKey({ key, addedAt, expiresAt, ...readRemembered(reader) });
}

function readSession(
  bytes: Uint8Array,
  memory: Memory,
): { readonly session: Omit<SessionRecord, "bytes">; readonly answers: number } {
  const reader = new ByteReader(bytes, refuse);
  const id = reader.varint(sequenceMax);
  if (id === 0) throw refuse("a session has no id");
  if (memory.sessions.peek(id) !== null) throw refuse("it has a session twice");
  const idleMs = reader.varint(limits.windowMaxMs);
  if (idleMs === 0) throw refuse("a session expires at once");
  const expiresAt = reader.varint(memory.sessions.newestExpiresAt);
  if (expiresAt < (memory.sessions.last?.expiresAt ?? 0)) {
    throw refuse("its sessions are not in order");
  }
  const ack = reader.varint(sequenceMax);
  const answers = reader.varint(limits.sessionSpanMax);
  reader.end();
  return { session: { id, idleMs, expiresAt, ack, answers: new Map() }, answers };
}

function readSessionAnswer(bytes: Uint8Array, session: Omit<SessionRecord, "bytes">): void {
  const reader = new ByteReader(bytes, refuse);
  const seq = reader.varint(sequenceMax);
  if (seq <= session.ack || seq > session.ack + limits.sessionSpanMax) {
    throw refuse("an answer is out of the reach of its session");
  }
  if (session.answers.has(seq)) throw refuse("it has an answer of a session twice");
  session.answers.set(seq, readRemembered(reader));
}

/** The answer is copied: a view would keep the whole piece alive. */
function readRemembered(reader: ByteReader): Remembered {
  const fingerprint = reader.latin1(fingerprintLength);
  const kind = reader.byte();
  const rest = reader.rest();
  switch (kind) {
    case format.answerKinds.result:
      if (rest.length > limits.answerMaxBytes) throw refuse("an answer is too large");
      return { fingerprint, answer: { kind: "result", bytes: rest.slice() } };
    case format.answerKinds.refused: {
      if (rest.length > refusalReasonMaxLength) throw refuse("a reason is too long");
      const reason = String.fromCharCode(...rest);
      if (!isRefusalReason(reason)) throw refuse("a reason is none");
      return { fingerprint, answer: { kind: "refused", reason } };
    }
    case format.answerKinds.dropped:
      if (rest.length > 0) throw refuse("something follows an answer");
      return { fingerprint, answer: { kind: "dropped" } };
    default:
      throw refuse("an answer is of an unknown kind");
  }
}

function refuse(why: string): SnapshotFormatError {
  return new SnapshotFormatError(`this snapshot cannot be used: ${why}`);
}
