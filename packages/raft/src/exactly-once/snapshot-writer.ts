import { ByteWriter } from "./bytes.ts";
import { snapshotPieceBytes } from "./limits.ts";
import { invariant } from "../core/invariant.ts";
import type { KeyRecord, Memory, MemoryClock, Remembered, SessionRecord } from "./memory.ts";
import * as format from "./snapshot-format.ts";

/** A memory that no longer changes: numbers, and lists of records that nobody changes. */
export interface CapturedMemory extends MemoryClock {
  readonly newestKeyExpiresAt: number;
  readonly newestSessionExpiresAt: number;
  readonly keys: readonly KeyRecord[];
  readonly sessions: readonly CapturedSession[];
}

interface CapturedSession extends Omit<SessionRecord, "answers" | "bytes"> {
  readonly answers: readonly (readonly [number, Remembered])[];
}

/** Remembers the memory as it is now; the bytes are made while they are read. */
export function captureMemory(memory: Memory): CapturedMemory {
  return {
    ...memory.clock,
    newestKeyExpiresAt: memory.keys.newestExpiresAt,
    newestSessionExpiresAt: memory.sessions.newestExpiresAt,
    keys: memory.keys.items(),
    sessions: memory.sessions.items().map((session) => {
      return { ...session, answers: [...session.answers] };
    }),
  };
}

/** Pieces of about 64 KiB. Every one has a buffer of its own, so readers may keep them. */
export function* memoryPieces(memory: CapturedMemory): Generator<Uint8Array, void, undefined> {
  const out = new ByteWriter(snapshotPieceBytes * 2);
  for (const byte of format.magic) out.byte(byte);
  out.byte(format.version);
  for (const record of records(memory)) {
    invariant(record.length <= format.recordMaxBytes, "a record of a snapshot has its limit");
    out.varint(record.length);
    out.bytes(record);
    if (out.length >= snapshotPieceBytes) yield out.take();
  }
  if (out.length > 0) yield out.take();
}

/** Each of them is a view that the next one changes. */
function* records(memory: CapturedMemory): Generator<Uint8Array, void, undefined> {
  const writer = new ByteWriter(256);
  writer.varint(memory.logTimeMs);
  writer.varint(memory.forgottenUpToMs + 1);
  writer.varint(memory.newestKeyExpiresAt);
  writer.varint(memory.newestSessionExpiresAt);
  writer.varint(memory.keys.length);
  writer.varint(memory.sessions.length);
  yield writer.view();
  for (const record of memory.keys) {
    writer.byte(record.key.length);
    writer.latin1(record.key);
    writer.varint(record.addedAt);
    writer.varint(record.expiresAt);
    writeRemembered(writer, record);
    yield writer.view();
  }
  for (const session of memory.sessions) {
    writer.varint(session.id);
    writer.varint(session.idleMs);
    writer.varint(session.expiresAt);
    writer.varint(session.ack);
    writer.varint(session.answers.length);
    yield writer.view();
    for (const [seq, record] of session.answers) {
      writer.varint(seq);
      writeRemembered(writer, record);
      yield writer.view();
    }
  }
}

function writeRemembered(writer: ByteWriter, { fingerprint, answer }: Remembered): void {
  invariant(answer !== null, "a snapshot is taken between two calls of apply");
  writer.latin1(fingerprint);
  writer.byte(format.answerKinds[answer.kind]);
  if (answer.kind === "result") writer.bytes(answer.bytes);
  if (answer.kind === "refused") writer.latin1(answer.reason);
}

/**
 * The memory, then the state of the wrapped machine, whose first piece is asked for at once: a
 * generator captures its state then, and it must be the state of this moment.
 */
export function withInner(
  memory: CapturedMemory,
  inner: Iterable<Uint8Array>,
): Iterable<Uint8Array> {
  const rest = inner[Symbol.iterator]();
  const first = rest.next();
  function* all(): Generator<Uint8Array, void, undefined> {
    yield* memoryPieces(memory);
    for (let item = first; item.done !== true; item = rest.next()) yield item.value;
  }
  return all();
}

/** The same for a machine that gives its state asynchronously. */
export function withLateInner(
  memory: CapturedMemory,
  inner: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const rest = inner[Symbol.asyncIterator]();
  const first = rest.next();
  first.catch(() => undefined); // whoever reads on is told; nobody may be reading yet
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* memoryPieces(memory);
    for (let item = await first; item.done !== true; item = await rest.next()) yield item.value;
  }
  return all();
}
