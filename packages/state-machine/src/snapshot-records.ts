/** The records of a snapshot, version 2. */
import type { ByteReader, Refuse } from "./bytes.ts";
import { never, unplaced, type CounterRecord } from "./counter-record.ts";
import { retired } from "./counter-writing.ts";
import { readConfig, readOptionalNumber, requireWithin } from "./fields.ts";
import * as limits from "./limits.ts";
import type { OperationDone, OperationRefused, SingleResult } from "./results.ts";
import * as format from "./snapshot-format.ts";

/** What a counter is read with. */
export interface CounterFrame {
  readonly name: string;
  readonly logTimeMs: number;
  /** Of the machine: no counter has a higher one. */
  readonly revision: number;
  readonly refuse: Refuse;
}

/** Value and issued numbers, as all versions have them. */
export function readNumbers(
  reader: ByteReader,
  refuse: Refuse,
): { readonly value: bigint | null; readonly issued: bigint | null } {
  const flags = reader.byte();
  if (flags < 1 || flags > 3) throw refuse("a counter has unknown flags");
  const value = (flags & format.flagValue) === 0 ? null : reader.number();
  const issued = (flags & format.flagIssued) === 0 ? null : reader.number();
  return { value, issued };
}

export function readCounter(reader: ByteReader, frame: CounterFrame): CounterRecord {
  const { name, logTimeMs, refuse } = frame;
  const { value, issued } = readNumbers(reader, refuse);
  if (value === null) return retired(name, issued);
  const revision = reader.varint(frame.revision);
  const config = readConfig(reader, refuse);
  requireWithin(value, config, refuse);
  const { ttlMs } = config;
  const expiresAt = ttlMs === null ? never : reader.varint(logTimeMs + ttlMs);
  const sequence = unplaced;
  return { name, value, issued, config, revision, expiresAt, sequence, slot: unplaced };
}

export function readAnswer(reader: ByteReader, refuse: Refuse): SingleResult {
  switch (reader.byte()) {
    case format.answerDone:
      return readDone(reader, refuse);
    case format.answerRefused:
      return readRefused(reader, refuse);
    default:
      throw refuse("an answer is of an unknown kind");
  }
}

function readDone(reader: ByteReader, refuse: Refuse): OperationDone {
  const flags = reader.byte();
  if (flags > format.doneAll) throw refuse("an answer has unknown flags");
  const epoch = reader.varint(limits.revisionMax);
  const revision = reader.varint(limits.revisionMax);
  const value = reader.number();
  const previous = reader.number();
  const first = (flags & format.doneFirst) === 0 ? value : reader.number();
  const step = (flags & format.doneStep) === 0 ? 1n : reader.number();
  if ((flags & format.doneFirst) !== 0 && first >= value) {
    throw refuse("a range is empty or has one number");
  }
  if ((flags & format.doneStep) !== 0 && step <= 1n) throw refuse("a step says nothing");
  return {
    status: "ok",
    replayed: false,
    value,
    previous,
    first,
    last: value,
    step,
    created: (flags & format.doneCreated) !== 0,
    config: (flags & format.doneConfig) === 0 ? null : readConfig(reader, refuse),
    epoch,
    revision,
  };
}

function readRefused(reader: ByteReader, refuse: Refuse): OperationRefused {
  const code = format.refusalCodes[reader.byte()];
  if (code === undefined) throw refuse("a refusal is unknown");
  const flags = reader.byte();
  if (flags > format.refusedAll) throw refuse("a refusal has unknown flags");
  const known = (flags & format.refusedCurrent) !== 0;
  const current = known ? reader.number() : null;
  const epoch = known ? reader.varint(limits.revisionMax) : 0;
  const revision = known ? reader.varint(limits.revisionMax) : 0;
  const min = known ? readOptionalNumber(reader, refuse) : null;
  const max = known ? readOptionalNumber(reader, refuse) : null;
  const hasIndex = (flags & format.refusedIndex) !== 0;
  return {
    status: "refused",
    replayed: false,
    code,
    current,
    currentVersion: known ? { epoch, revision } : null,
    min,
    max,
    index: hasIndex ? reader.varint(limits.groupOperationsMax - 1) : null,
  };
}
