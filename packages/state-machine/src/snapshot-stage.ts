/** What a snapshot says of a restore that was begun and not committed yet (S4). */
import type { ByteReader, ByteWriter, Refuse } from "./bytes.ts";
import type { CounterRecord } from "./counter-record.ts";
import type { CounterTable } from "./counter-table.ts";
import * as limits from "./limits.ts";
import type { Captured } from "./ordered-table.ts";
import { readStageId } from "./restore-codec.ts";
import type { MachineState } from "./snapshot-format.ts";
import type { StagedRestore, StageFacts } from "./staged-restore.ts";

/** All of it but its counters, which follow. */
export function readStage(
  reader: ByteReader,
  { revision: highest, logTimeMs, counters }: MachineState,
  refuse: Refuse,
): { readonly facts: StageFacts; readonly carried: number; readonly counters: number } {
  const stage = readStageId(reader, refuse);
  const parts = reader.varint(limits.restorePartsMax);
  const bytes = reader.varint(limits.restoreBytesMax);
  const digest = reader.latin1(limits.stageDigestLength);
  if (!limits.isStageDigest(digest)) throw refuse("a digest has a wrong character");
  const revision = reader.varint(highest);
  const touchedAtMs = reader.varint(logTimeMs);
  const partsDone = reader.varint(parts);
  const bytesDone = reader.varint(bytes);
  const sums = { crc: reader.uint32(), fnv: reader.uint32() };
  const announced = { stage, parts, bytes, digest, revision };
  return {
    facts: { ...announced, touchedAtMs, partsDone, bytesDone, sums },
    // The places of what was just read are counted from 0.
    carried: reader.varint(counters.size),
    counters: reader.varint(limits.countersMaxLimit),
  };
}

/** A stage that no longer changes. */
export interface CapturedStage extends StageFacts {
  readonly carried: number;
  readonly counters: Captured<CounterRecord>;
}

export function captureStage(stage: StagedRestore, live: CounterTable): CapturedStage {
  return { ...stage.facts, carried: stage.carriedOf(live), counters: stage.table.capture() };
}

/** All of it but its counters. */
export function writeStage(writer: ByteWriter, stage: CapturedStage): void {
  writer.byte(stage.stage.length);
  writer.latin1(stage.stage);
  writer.varint(stage.parts);
  writer.varint(stage.bytes);
  writer.latin1(stage.digest);
  writer.varint(stage.revision);
  writer.varint(stage.touchedAtMs);
  writer.varint(stage.partsDone);
  writer.varint(stage.bytesDone);
  writer.uint32(stage.sums.crc);
  writer.uint32(stage.sums.fnv);
  writer.varint(stage.carried);
  writer.varint(stage.counters.size);
}
