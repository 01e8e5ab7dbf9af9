import { ByteWriter } from "./bytes.ts";
import { crc32 } from "./checksum.ts";
import { never, type CounterRecord } from "./counter-record.ts";
import { writeConfig, writeOptionalNumber } from "./fields.ts";
import type { KeyRecord } from "./key-table.ts";
import { snapshotPieceBytes } from "./limits.ts";
import type { Captured } from "./ordered-table.ts";
import * as format from "./snapshot-format.ts";
import { writeSessions } from "./session-records.ts";
import type { SessionRecord } from "./session-table.ts";
import { captureStage, writeStage, type CapturedStage } from "./snapshot-stage.ts";
import type { OperationDone, OperationRefused, SingleResult } from "./results.ts";

const pieceCapacity = snapshotPieceBytes + format.recordMaxBytes;

/** A state that no longer changes: records are replaced, never changed. */
export interface CapturedState {
  readonly logTimeMs: number;
  readonly restoreEpoch: number;
  readonly revision: number;
  readonly counters: Captured<CounterRecord>;
  readonly keys: Captured<KeyRecord>;
  /** How many sessions there ever were. */
  readonly sessionsOpened: number;
  readonly sessions: Captured<SessionRecord>;
  readonly stage: CapturedStage | null;
}

/** Remembers the state as it is now; the bytes are made while they are read. */
export function captureState(state: format.MachineState): CapturedState {
  return {
    logTimeMs: state.logTimeMs,
    restoreEpoch: state.restoreEpoch,
    revision: state.revision,
    counters: state.counters.capture(),
    keys: state.keys.capture(),
    sessionsOpened: state.sessions.opened,
    sessions: state.sessions.capture(),
    stage: state.stage === null ? null : captureStage(state.stage, state.counters),
  };
}

/** The bytes of a snapshot. Every piece has a buffer of its own, so readers may keep them. */
export function* snapshotPieces(state: CapturedState): Generator<Uint8Array, void, undefined> {
  const writer = new ByteWriter(pieceCapacity);
  let checksum = 0;
  const records = writeRecords(writer, state);
  while (records.next().done !== true) {
    if (writer.length < snapshotPieceBytes) continue;
    const piece = writer.copy();
    writer.clear();
    checksum = crc32(checksum, piece);
    yield piece;
  }
  writer.uint32(crc32(checksum, writer.written()));
  yield writer.copy();
}

/** Pauses after every record. */
function* writeRecords(
  writer: ByteWriter,
  state: CapturedState,
): Generator<undefined, void, undefined> {
  writer.uint32(format.magic);
  writer.byte(versionOf(state));
  writer.varint(state.logTimeMs);
  writer.varint(state.restoreEpoch);
  writer.varint(state.revision);
  writer.varint(state.counters.size);
  for (const counter of state.counters) yield writeCounter(writer, counter);
  writer.varint(state.keys.size);
  for (const key of state.keys) yield writeKey(writer, key);
  const { sessionsOpened: opened, stage } = state;
  if (stage !== null) writer.byte(opened === 0 ? 0 : 1);
  const writeResult = (result: SingleResult): void => writeAnswer(writer, result);
  if (opened > 0) yield* writeSessions(writer, state.sessions, { opened, writeResult });
  if (stage === null) return;
  writeStage(writer, stage);
  for (const counter of stage.counters) yield writeCounter(writer, counter);
}

function versionOf({ stage, sessionsOpened }: CapturedState): number {
  if (stage !== null) return format.versionWithStage;
  return sessionsOpened === 0 ? format.versionWithoutSessions : format.version;
}

function writeCounter(writer: ByteWriter, counter: CounterRecord): undefined {
  writer.byte(counter.name.length);
  writer.latin1(counter.name);
  writer.byte(
    (counter.value === null ? 0 : format.flagValue) |
      (counter.issued === null ? 0 : format.flagIssued),
  );
  if (counter.value !== null) writer.number(counter.value);
  if (counter.issued !== null) writer.number(counter.issued);
  if (counter.value === null) return;
  writer.varint(counter.revision);
  writeConfig(writer, counter.config);
  // Without a time to live there is no end, so that it need not be said.
  if (counter.expiresAt !== never) writer.varint(counter.expiresAt);
}

function writeKey(writer: ByteWriter, record: KeyRecord): undefined {
  const space = record.id.indexOf(" ");
  writer.byte(space);
  writer.byte(record.id.length - space - 1);
  writer.latin1(record.id);
  writer.latin1(record.fingerprint);
  writer.varint(record.expiresAt);
  writeAnswer(writer, record.answer);
}

function writeAnswer(writer: ByteWriter, answer: SingleResult): void {
  if (answer.status === "ok") writeDone(writer, answer);
  else writeRefused(writer, answer);
}

function writeDone(writer: ByteWriter, done: OperationDone): void {
  const { value, previous, first, step, created, config, epoch, revision } = done;
  writer.byte(format.answerDone);
  writer.byte(
    (first === value ? 0 : format.doneFirst) |
      (step === 1n ? 0 : format.doneStep) |
      (created ? format.doneCreated : 0) |
      (config === null ? 0 : format.doneConfig),
  );
  writer.varint(epoch);
  writer.varint(revision);
  writer.number(value);
  writer.number(previous);
  if (first !== value) writer.number(first);
  if (step !== 1n) writer.number(step);
  if (config !== null) writeConfig(writer, config);
}

function writeRefused(writer: ByteWriter, refused: OperationRefused): void {
  const { code, current, currentVersion, min, max, index } = refused;
  writer.byte(format.answerRefused);
  writer.byte(format.refusalCodes.indexOf(code));
  writer.byte(
    (current === null ? 0 : format.refusedCurrent) | (index === null ? 0 : format.refusedIndex),
  );
  if (current !== null) {
    writer.number(current);
    writer.varint(currentVersion?.epoch ?? 0);
    writer.varint(currentVersion?.revision ?? 0);
    writeOptionalNumber(writer, min);
    writeOptionalNumber(writer, max);
  }
  if (index !== null) writer.varint(index);
}
