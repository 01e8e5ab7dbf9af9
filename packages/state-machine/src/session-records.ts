/** Sessions in snapshots, in and out: a session, then its answers, then the results of each. */
import type { ByteReader, ByteWriter, Refuse } from "./bytes.ts";
import * as limits from "./limits.ts";
import type { SingleResult } from "./results.ts";
import { readAnswer } from "./snapshot-records.ts";
import type { KeptAnswer, SessionRecord } from "./session-table.ts";
import { SessionTable } from "./session-table.ts";
import type { Captured } from "./ordered-table.ts";

const whole = 0;
const owned = 1;

/** Pauses after every record. */
export function* writeSessions(
  writer: ByteWriter,
  sessions: Captured<SessionRecord>,
  {
    opened,
    writeResult,
  }: {
    readonly opened: number;
    readonly writeResult: (result: SingleResult) => void;
  },
): Generator<undefined, void, undefined> {
  writer.varint(opened);
  writer.varint(sessions.size);
  for (const { id, owner, idleMs, expiresAt, ack, answers } of sessions) {
    writer.varint(id);
    writer.byte(owner === "" ? 0 : owned);
    writer.latin1(owner);
    writer.varint(idleMs);
    writer.varint(expiresAt);
    writer.varint(ack);
    writer.varint(answers.length);
    yield;
    for (const { seq, fingerprint, refusal, results } of answers) {
      writer.varint(seq - ack);
      writer.latin1(fingerprint);
      // A refusal of the whole stands where the results of no operation at all would stand.
      writer.varint(refusal === null ? results.length : whole);
      yield;
      for (const result of refusal === null ? results : [refusal]) {
        writeResult(result);
        yield;
      }
    }
  }
}

/** What is read, and what it is read with. */
export interface SessionFrame {
  /** Of this moment: it is another one after each pause. */
  readonly reader: () => ByteReader;
  readonly logTimeMs: number;
  readonly refuse: Refuse;
}

/** Pauses where it needs a whole record. */
export function* readSessions(frame: SessionFrame): Generator<undefined, SessionTable, undefined> {
  const { reader, refuse } = frame;
  const opened = reader().varint(limits.sessionNumberMax);
  const count = reader().varint(limits.sessionsMaxLimit);
  if (opened === 0) throw refuse("it says of sessions what goes without saying");
  const sessions = new SessionTable(opened);
  let before = 0;
  for (let read = 0; read < count; read += 1) {
    yield;
    const id = reader().varint(opened);
    if (id <= before) throw refuse("sessions are not in their order");
    before = id;
    sessions.load(yield* readOne(frame, id));
  }
  return sessions;
}

function* readOne(
  { reader, logTimeMs, refuse }: SessionFrame,
  id: number,
): Generator<undefined, Parameters<SessionTable["load"]>[0], undefined> {
  const flags = reader().byte();
  if (flags > owned) throw refuse("a session has unknown flags");
  const owner = flags === 0 ? "" : reader().latin1(limits.sessionOwnerBytes);
  const idleMs = reader().varint(limits.sessionIdleMaxMs);
  const expiresAt = reader().varint(logTimeMs + idleMs);
  const ack = reader().varint(limits.sessionNumberMax);
  const count = reader().varint(limits.sessionSpanMax);
  const answers: KeptAnswer[] = [];
  let before = 0;
  for (let read = 0; read < count; read += 1) {
    yield;
    const ahead = reader().varint(limits.sessionSpanMax);
    if (ahead <= before) throw refuse("the answers of a session are not in their order");
    before = ahead;
    const fingerprint = reader().latin1(limits.fingerprintBytes);
    const length = reader().varint(limits.groupOperationsMax);
    const results: SingleResult[] = [];
    for (let at = 0; at < Math.max(1, length); at += 1) {
      yield;
      results.push(readAnswer(reader(), refuse));
    }
    answers.push({ seq: ack + ahead, fingerprint, ...heldBy(results, length, refuse) });
  }
  return { id, owner, idleMs, expiresAt, ack, answers };
}

function heldBy(
  results: readonly SingleResult[],
  length: number,
  refuse: Refuse,
): Pick<KeptAnswer, "refusal" | "results"> {
  if (length !== whole) return { refusal: null, results };
  const [refusal] = results;
  if (refusal?.status !== "refused") throw refuse("what was refused as a whole was not refused");
  return { refusal, results: [] };
}
