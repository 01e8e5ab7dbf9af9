/** What a snapshot says of a restore that was begun and not committed yet (S4). */
import type { ByteReader, Refuse } from "./bytes.ts";
import * as limits from "./limits.ts";
import { readStageId } from "./restore-codec.ts";
import type { MachineState } from "./snapshot-format.ts";
import type { StageFacts } from "./staged-restore.ts";

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
