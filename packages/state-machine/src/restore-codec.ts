/** Restores as bytes: in one command, and in parts. `docs/state-machine.md` describes them. */
import { ByteReader, ByteWriter, type Refuse } from "./bytes.ts";
import * as format from "./command-format.ts";
import { CommandFormatError } from "./errors.ts";
import * as fields from "./fields.ts";
import * as limits from "./limits.ts";
import type { RestoreBegin, RestoreCommit, RestorePart } from "./operations.ts";
import { plainConfig, type CounterBackup } from "./types.ts";

/** Sorted by name, each once. */
export function writeBackups(writer: ByteWriter, counters: readonly CounterBackup[]): void {
  fields.checkWhole("the number of counters", counters.length, 0, limits.countersMaxLimit);
  writer.varint(counters.length);
  const sorted = [...counters].sort((a, b) => (a.name < b.name ? -1 : 1));
  let before = "";
  for (const { name, value, issued, config } of sorted) {
    if (name === before) throw new CommandFormatError("a restore names a counter twice");
    before = name;
    if (value === null && issued === null) {
      throw new CommandFormatError("a restore says nothing of a counter");
    }
    fields.writeName(writer, name);
    writer.byte(
      (value === null ? 0 : format.backupValue) | (issued === null ? 0 : format.backupIssued),
    );
    if (value !== null) fields.writeNumber(writer, value);
    if (issued !== null) fields.writeNumber(writer, issued);
    if (value === null) continue;
    fields.writeConfig(writer, config);
    fields.requireWithin(value, config, (why) => new CommandFormatError(why));
  }
}

export function readBackups(reader: ByteReader, refuse: Refuse): CounterBackup[] {
  const count = reader.varint(limits.countersMaxLimit);
  const counters: CounterBackup[] = [];
  let before = "";
  for (let read = 0; read < count; read += 1) {
    const name = fields.readName(reader, refuse);
    if (name <= before) throw refuse("the counters of a restore are not sorted");
    before = name;
    counters.push(readBackup(reader, name, refuse));
  }
  return counters;
}

function readBackup(reader: ByteReader, name: string, refuse: Refuse): CounterBackup {
  const flags = reader.byte();
  if (flags < 1 || flags > format.backupAll) throw refuse("a counter has unknown flags");
  const value = (flags & format.backupValue) === 0 ? null : reader.number();
  const issued = (flags & format.backupIssued) === 0 ? null : reader.number();
  if (value === null) return { name, value, issued, config: plainConfig };
  const config = fields.readConfig(reader, refuse);
  fields.requireWithin(value, config, refuse);
  return { name, value, issued, config };
}

/**
 * The `data` of a {@link RestorePart}.
 *
 * @param counters - at most {@link limits.restorePartCounters}, each name once
 * @throws CommandFormatError if something in it is out of its range
 */
export function encodeRestorePart(counters: readonly CounterBackup[]): Uint8Array {
  const most = limits.restorePartCounters;
  fields.checkWhole("the counters of a part", counters.length, 0, most);
  const writer = new ByteWriter(16_384);
  writeBackups(writer, counters);
  return writer.copy();
}

/** @throws CommandFormatError unless it is what {@link encodeRestorePart} made */
export function decodeRestorePart(data: Uint8Array): readonly CounterBackup[] {
  const reader = new ByteReader(data, malformed);
  const counters = readBackups(reader, malformed);
  reader.end();
  if (counters.length > limits.restorePartCounters) throw malformed("a part is too large");
  return counters;
}

function malformed(why: string): CommandFormatError {
  return new CommandFormatError(`malformed part of a restore: ${why}`);
}

/** All of it but the key. */
export function writeStep(
  writer: ByteWriter,
  step: RestoreBegin | RestorePart | RestoreCommit,
): void {
  const keyed = "key" in step && step.key !== null ? format.tagKeyed : 0;
  writer.byte(tags[step.type] | keyed);
  if (!limits.isStageId(step.stage)) throw new CommandFormatError("this is no name of a stage");
  writer.byte(step.stage.length);
  writer.latin1(step.stage);
  switch (step.type) {
    case "restore-begin": {
      writer.varint(fields.checkWhole("parts", step.parts, 0, limits.restorePartsMax));
      writer.varint(fields.checkWhole("bytes", step.bytes, 0, limits.restoreBytesMax));
      if (!limits.isStageDigest(step.digest)) throw new CommandFormatError("this is no digest");
      return writer.latin1(step.digest);
    }
    case "restore-part":
      writer.varint(fields.checkWhole("part", step.part, 0, limits.restorePartsMax));
      decodeRestorePart(step.data);
      writer.varint(fields.checkWhole("bytes", step.data.length, 0, limits.restorePartBytes));
      return writer.bytes(step.data);
    case "restore-commit":
  }
}

const tags = {
  "restore-begin": format.tagRestoreBegin,
  "restore-part": format.tagRestorePart,
  "restore-commit": format.tagRestoreCommit,
} as const;

/** What follows the tag; `null`: it is the tag of something else. */
export function readStep(
  reader: ByteReader,
  tag: number,
  refuse: Refuse,
): RestoreBegin | RestorePart | RestoreCommit | null {
  const keyed = (tag & format.tagKeyed) !== 0;
  switch (tag & ~format.tagKeyed) {
    case format.tagRestoreBegin: {
      const stage = readStageId(reader, refuse);
      const parts = reader.varint(limits.restorePartsMax);
      const bytes = reader.varint(limits.restoreBytesMax);
      const digest = reader.latin1(limits.stageDigestLength);
      if (!limits.isStageDigest(digest)) throw refuse("a digest has a wrong character");
      const key = keyed ? fields.readKey(reader, refuse) : null;
      return { type: "restore-begin", stage, parts, bytes, digest, key };
    }
    case format.tagRestorePart: {
      if (keyed) return null;
      const stage = readStageId(reader, refuse);
      const part = reader.varint(limits.restorePartsMax);
      const data = reader.bytes(reader.varint(limits.restorePartBytes));
      decodeRestorePart(data);
      return { type: "restore-part", stage, part, data };
    }
    case format.tagRestoreCommit: {
      const stage = readStageId(reader, refuse);
      return { type: "restore-commit", stage, key: keyed ? fields.readKey(reader, refuse) : null };
    }
    default:
      return null;
  }
}

export function readStageId(reader: ByteReader, refuse: Refuse): string {
  const stage = reader.latin1(reader.byte());
  if (!limits.isStageId(stage)) throw refuse("this is no name of a stage");
  return stage;
}
