/** Commands from bytes, of this release and of those before it. Believes nothing. */
import { ByteReader } from "./bytes.ts";
import * as format from "./command-format.ts";
import { readOperationOfVersion1 } from "./command-version-1.ts";
import { problemOfGroup } from "./command-writer.ts";
import { CommandFormatError, UnknownCommandError } from "./errors.ts";
import * as fields from "./fields.ts";
import * as limits from "./limits.ts";
import type {
  AddOperation,
  CommandBatch,
  Condition,
  ConfigPatch,
  CounterOperation,
  NextOperation,
  Operation,
  OperationKey,
} from "./operations.ts";
import { readBackups, readStep } from "./restore-codec.ts";
import { readSession } from "./session-codec.ts";
import { readTraces } from "./trace-codec.ts";
import type { OnBound } from "./types.ts";

/** A command, and the version of the format that it was written in. */
export interface VersionedBatch {
  readonly version: number;
  readonly batch: CommandBatch;
}

/**
 * What {@link encodeBatch} was given, restores and labels sorted by name. Fingerprints and traces are
 * views of `bytes`.
 *
 * @throws UnknownCommandError if it was written by a newer release
 * @throws CommandFormatError if it is malformed
 */
export function decodeBatch(bytes: Uint8Array): CommandBatch {
  return decodeVersioned(bytes).batch;
}

/** Like {@link decodeBatch}, with the version. */
export function decodeVersioned(bytes: Uint8Array): VersionedBatch {
  const reader = new ByteReader(bytes, refuse);
  const version = reader.byte();
  if (version < 1 || version > format.versionTraced) {
    throw new UnknownCommandError(`command version ${version}; this release knows 1 to 3`);
  }
  const at = reader.varint(limits.logTimeMaxMs);
  const keyWindowMs = reader.varint(limits.keyWindowMaxMs);
  if (keyWindowMs === 0) throw refuse("its window is empty");
  const keysMax = reader.varint(limits.keysMaxLimit);
  const countersMax = reader.varint(limits.countersMaxLimit);
  const count = reader.varint(limits.operationsMax);
  const operations: Operation[] = []; // grows as bytes are read: a count alone takes no memory
  const read = version === 1 ? readOperationOfVersion1 : readOperation;
  let total = count;
  for (let done = 0; done < count; done += 1) {
    const operation = read(reader);
    if ("operations" in operation) total += operation.operations.length;
    if (total > limits.operationsMax) throw refuse("it has too many operations in groups");
    operations.push(operation);
  }
  const batch = { at, keyWindowMs, keysMax, countersMax, operations };
  const traces = version === format.versionTraced ? readTraces(reader, count, refuse) : null;
  reader.end();
  return { version, batch: traces === null ? batch : { ...batch, traces } };
}

function readOperation(reader: ByteReader): Operation {
  const tag = reader.byte();
  switch (tag & ~format.tagKeyed) {
    case format.tagRestore: {
      const counters = readBackups(reader, refuse);
      return { type: "restore", counters, key: readKey(reader, tag) };
    }
    case format.tagGroup:
      if (tag !== format.tagGroup) throw refuse("a group has no key of its own");
      return { type: "group", operations: readGroup(reader) };
    case format.tagDigest:
      if (tag !== format.tagDigest) throw unknown(tag);
      return { type: "digest" };
    default: {
      const kind = tag & format.tagMask;
      if (kind < format.tagInSession) return readOnCounter(reader, tag);
      const readOne = (): CounterOperation => readOnCounter(reader, reader.byte());
      const found =
        kind < format.tagRestoreBegin
          ? readSession(reader, tag, refuse, readOne)
          : readStep(reader, tag, refuse);
      return found ?? readOnCounter(reader, tag);
    }
  }
}

function readGroup(reader: ByteReader): CounterOperation[] {
  const count = reader.varint(limits.groupOperationsMax);
  if (count === 0) throw refuse("a group is empty");
  const operations: CounterOperation[] = [];
  for (let done = 0; done < count; done += 1) {
    operations.push(readOnCounter(reader, reader.byte()));
  }
  const problem = problemOfGroup(operations);
  if (problem !== null) throw refuse(problem);
  return operations;
}

function readOnCounter(reader: ByteReader, tag: number): CounterOperation {
  switch (tag & format.tagMask) {
    case format.tagAdd:
      return readAdd(reader, tag);
    case format.tagNext:
      return readNext(reader, tag);
    case format.tagReset: {
      const counter = fields.readName(reader, refuse);
      const to = (tag & format.tagMore) === 0 ? null : reader.number();
      return { type: "reset", counter, to, ...readEnd(reader, tag) };
    }
  }
  if ((tag & format.tagMore) !== 0) throw unknown(tag);
  switch (tag & format.tagMask) {
    case format.tagSet: {
      const counter = fields.readName(reader, refuse);
      return { type: "set", counter, value: reader.number(), ...readEnd(reader, tag) };
    }
    case format.tagCas: {
      const counter = fields.readName(reader, refuse);
      const expected = reader.number();
      const value = reader.number();
      return { type: "cas", counter, expected, value, ...readEnd(reader, tag) };
    }
    case format.tagCreate: {
      const counter = fields.readName(reader, refuse);
      const config = fields.readConfig(reader, refuse);
      return { type: "create", counter, config, ...readEnd(reader, tag) };
    }
    case format.tagConfigure: {
      const counter = fields.readName(reader, refuse);
      return { type: "configure", counter, patch: readPatch(reader), ...readEnd(reader, tag) };
    }
    case format.tagDelete: {
      const counter = fields.readName(reader, refuse);
      return { type: "delete", counter, ...readEnd(reader, tag) };
    }
    default:
      throw unknown(tag);
  }
}

function unknown(tag: number): UnknownCommandError {
  return new UnknownCommandError(`operation type ${tag} is not known here`);
}

function readAdd(reader: ByteReader, tag: number): AddOperation {
  const counter = fields.readName(reader, refuse);
  const delta = reader.number();
  let onBound: OnBound | null = null;
  let times = 1;
  if ((tag & format.tagMore) !== 0) {
    onBound = onBoundOf(reader.byte());
    times = readTimes(reader, tag);
    if (times === 1 && onBound === null) throw refuse("an add says what goes without saying");
  }
  const condition = readCondition(reader, tag);
  return { type: "add", counter, delta, times, onBound, condition, key: readKey(reader, tag) };
}

function readNext(reader: ByteReader, tag: number): NextOperation {
  const counter = fields.readName(reader, refuse);
  const count = reader.number();
  if (count < 1n) throw refuse("next asks for less than one number");
  let times = 1;
  if ((tag & format.tagMore) !== 0) {
    times = readTimes(reader, tag);
    if (times === 1) throw refuse("a next says what goes without saying");
  }
  const condition = readCondition(reader, tag);
  return { type: "next", counter, count, times, condition, key: readKey(reader, tag) };
}

function readTimes(reader: ByteReader, tag: number): number {
  const times = reader.varint(limits.timesMax);
  if (times < 1) throw refuse("an operation is done no time at all");
  const once = (tag & (format.tagKeyed | format.tagConditional)) !== 0;
  if (times > 1 && once) throw refuse("what has a key or a condition is done once");
  return times;
}

function onBoundOf(code: number): OnBound | null {
  switch (code) {
    case 0:
      return null;
    case 1:
      return "reject";
    case 2:
      return "saturate";
    default:
      throw refuse("a behaviour at the bound is unknown");
  }
}

function readPatch(reader: ByteReader): ConfigPatch {
  const named = reader.byte();
  if (named > format.patchAll) throw refuse("a change of a configuration is unknown");
  const patch: { -readonly [Name in keyof ConfigPatch]: ConfigPatch[Name] } = {};
  if ((named & format.patchMin) !== 0) patch.min = fields.readOptionalNumber(reader, refuse);
  if ((named & format.patchMax) !== 0) patch.max = fields.readOptionalNumber(reader, refuse);
  const { min = null, max = null } = patch;
  if (min !== null && max !== null && min > max) {
    throw refuse("the lowest value is above the highest");
  }
  if ((named & format.patchOnBound) !== 0) {
    const onBound = onBoundOf(reader.byte());
    if (onBound === null) throw refuse("a behaviour at the bound is unknown");
    patch.onBound = onBound;
  }
  if ((named & format.patchStep) !== 0) {
    patch.step = reader.number();
    if (patch.step < 1n) throw refuse("a step is below 1");
  }
  if ((named & format.patchLabels) !== 0) {
    patch.labels = fields.readFlag(reader, refuse) ? fields.readLabelChanges(reader, refuse) : null;
  }
  if ((named & format.patchTtl) !== 0) patch.ttlMs = reader.varint(limits.ttlMaxMs) || null;
  return patch;
}

interface End {
  readonly condition: Condition | null;
  readonly key: OperationKey | null;
}

function readEnd(reader: ByteReader, tag: number): End {
  const condition = readCondition(reader, tag);
  return { condition, key: readKey(reader, tag) };
}

function readCondition(reader: ByteReader, tag: number): Condition | null {
  if ((tag & format.tagConditional) === 0) return null;
  switch (reader.byte()) {
    case format.conditionAbsent:
      return { type: "absent" };
    case format.conditionPresent:
      return { type: "present" };
    case format.conditionVersions:
      return { type: "versions", versions: readVersions(reader) };
    default:
      throw refuse("a condition is unknown");
  }
}

function readVersions(reader: ByteReader): { epoch: number; revision: number }[] {
  const count = reader.varint(limits.conditionVersionsMax);
  if (count === 0) throw refuse("a condition names no version");
  const versions: { epoch: number; revision: number }[] = [];
  for (let read = 0; read < count; read += 1) {
    const epoch = reader.varint(limits.revisionMax);
    versions.push({ epoch, revision: reader.varint(limits.revisionMax) });
  }
  return versions;
}

function readKey(reader: ByteReader, tag: number): OperationKey | null {
  if ((tag & format.tagKeyed) === 0) return null;
  return fields.readKey(reader, refuse);
}

function refuse(why: string): CommandFormatError {
  return new CommandFormatError(`malformed command: ${why}`);
}
