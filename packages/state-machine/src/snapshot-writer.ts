import { ByteWriter } from "./bytes.ts";
import { crc32 } from "./checksum.ts";
import type { CounterRecord } from "./counter-table.ts";
import type { KeyRecord } from "./key-table.ts";
import { snapshotPieceBytes } from "./limits.ts";
import type { Captured } from "./ordered-table.ts";
import * as format from "./snapshot-format.ts";
import type { OperationResult } from "./types.ts";

const pieceCapacity = snapshotPieceBytes + format.recordMaxBytes;

/** A state that no longer changes: records are replaced, never changed. */
export interface CapturedState {
  readonly logTimeMs: number;
  readonly restoreEpoch: number;
  readonly counters: Captured<CounterRecord>;
  readonly keys: Captured<KeyRecord>;
}

/** Remembers the state as it is now; the bytes are made while they are read. */
export function captureState(state: format.MachineState): CapturedState {
  return {
    logTimeMs: state.logTimeMs,
    restoreEpoch: state.restoreEpoch,
    counters: state.counters.capture(),
    keys: state.keys.capture(),
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
  writer.byte(format.version);
  writer.varint(state.logTimeMs);
  writer.varint(state.restoreEpoch);
  writer.varint(state.counters.size);
  for (const counter of state.counters) yield writeCounter(writer, counter);
  writer.varint(state.keys.size);
  for (const key of state.keys) yield writeKey(writer, key);
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

function writeAnswer(writer: ByteWriter, answer: OperationResult): void {
  if (answer.status === "refused") return writer.byte(format.answerOutOfRange);
  if (answer.first === answer.last) {
    writer.byte(format.answerValue);
    writer.number(answer.value);
    return writer.number(answer.previous);
  }
  writer.byte(format.answerRange);
  writer.number(answer.previous);
  writer.number(answer.first);
  writer.number(answer.last);
}
