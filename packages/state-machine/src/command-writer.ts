/**
 * Commands into bytes. `docs/state-machine.md` describes them byte by byte.
 *
 * A batch has one encoding only, so decoding and encoding again gives the same bytes. The encoder
 * refuses whatever the decoder would refuse: nothing enters the log that a server cannot apply.
 */
import { ByteWriter } from "./bytes.ts";
import * as format from "./command-format.ts";
import { CommandFormatError } from "./errors.ts";
import {
  checkWhole,
  writeConfig,
  writeLabelChanges,
  writeName,
  writeNumber,
  writeOptionalNumber,
} from "./fields.ts";
import * as limits from "./limits.ts";
import type {
  CommandBatch,
  Condition,
  ConfigPatch,
  CounterOperation,
  GroupOperation,
  Operation,
  OperationKey,
} from "./operations.ts";
import { writeBackups, writeStep } from "./restore-codec.ts";
import { writeSession } from "./session-codec.ts";
import { writeTraces } from "./trace-codec.ts";
import type { OnBound } from "./types.ts";

/** Used again for every command, since a new buffer costs more than filling it; copies leave. */
const writer = new ByteWriter(16_384);

/**
 * The bytes to propose.
 *
 * @throws CommandFormatError if something in it is out of its range
 */
export function encodeBatch(batch: CommandBatch): Uint8Array {
  writer.clear();
  const traces = batch.traces ?? [];
  writer.byte(traces.length === 0 ? format.version : format.versionTraced);
  writer.varint(checkWhole("the log time", batch.at, 0, limits.logTimeMaxMs));
  writer.varint(checkWhole("keyWindowMs", batch.keyWindowMs, 1, limits.keyWindowMaxMs));
  writer.varint(checkWhole("keysMax", batch.keysMax, 0, limits.keysMaxLimit));
  writer.varint(checkWhole("countersMax", batch.countersMax, 0, limits.countersMaxLimit));
  checkWhole("the number of operations", countOf(batch.operations), 0, limits.operationsMax);
  writer.varint(batch.operations.length);
  for (const operation of batch.operations) writeOperation(operation);
  if (traces.length > 0) writeTraces(writer, traces, batch.operations.length);
  return writer.copy();
}

/** Those of a group, or of a session's write, are counted each. */
function countOf(operations: readonly Operation[]): number {
  let count = operations.length;
  for (const operation of operations) {
    if ("operations" in operation) count += operation.operations.length;
  }
  return count;
}

function writeOperation(operation: Operation): void {
  switch (operation.type) {
    case "restore":
      writer.byte(format.tagRestore | (operation.key === null ? 0 : format.tagKeyed));
      writeBackups(writer, operation.counters);
      if (operation.key !== null) writeKey(operation.key);
      return;
    case "restore-begin":
    case "restore-part":
    case "restore-commit":
      writeStep(writer, operation);
      if ("key" in operation && operation.key !== null) writeKey(operation.key);
      return;
    case "digest":
      return writer.byte(format.tagDigest);
    case "group":
      return writeGroup(operation);
    case "openSession":
    case "closeSession":
    case "inSession":
      return writeSession(writer, operation, writeOnCounter);
    default:
      writeOnCounter(operation);
  }
}

function writeGroup({ operations }: GroupOperation): void {
  writer.byte(format.tagGroup);
  writer.varint(
    checkWhole("the operations of a group", operations.length, 1, limits.groupOperationsMax),
  );
  const problem = problemOfGroup(operations);
  if (problem !== null) throw new CommandFormatError(problem);
  for (const operation of operations) writeOnCounter(operation);
}

/** What no group may be. */
export function problemOfGroup(operations: readonly CounterOperation[]): string | null {
  const keyed = operations.filter(({ key }) => key !== null);
  if (keyed.length > 0 && keyed.length < operations.length) {
    return "either all operations of a group have a key or none has";
  }
  const ids = new Set(keyed.map(({ counter, key }) => `${counter} ${key?.key ?? ""}`));
  if (ids.size < keyed.length) return "two operations of a group have the same key";
  const repeats = operations.some((operation) => "times" in operation && operation.times !== 1);
  return repeats ? "an operation of a group is done once" : null;
}

function writeOnCounter(operation: CounterOperation): void {
  const { condition, key } = operation;
  const flags =
    (key === null ? 0 : format.tagKeyed) | (condition === null ? 0 : format.tagConditional);
  switch (operation.type) {
    case "add": {
      const { times, onBound } = operation;
      const more = times === 1 && onBound === null ? 0 : format.tagMore;
      begin(format.tagAdd | flags | more, operation.counter);
      writeNumber(writer, operation.delta);
      if (more !== 0) {
        writer.byte(codeOf(onBound));
        writeTimes(operation, times);
      }
      break;
    }
    case "next": {
      const { times, count } = operation;
      if (count < 1n) throw new CommandFormatError("next must ask for a number or more");
      begin(format.tagNext | flags | (times === 1 ? 0 : format.tagMore), operation.counter);
      writeNumber(writer, count);
      if (times !== 1) writeTimes(operation, times);
      break;
    }
    default:
      writeRarer(operation, flags);
  }
  if (condition !== null) writeCondition(condition);
  if (key !== null) writeKey(key);
}

function begin(tag: number, counter: string): void {
  writer.byte(tag);
  writeName(writer, counter);
}

function writeRarer(
  operation: Exclude<CounterOperation, { readonly type: "add" | "next" }>,
  flags: number,
): void {
  const { counter } = operation;
  switch (operation.type) {
    case "set":
      begin(format.tagSet | flags, counter);
      return writeNumber(writer, operation.value);
    case "cas":
      begin(format.tagCas | flags, counter);
      writeNumber(writer, operation.expected);
      return writeNumber(writer, operation.value);
    case "reset":
      begin(format.tagReset | flags | (operation.to === null ? 0 : format.tagMore), counter);
      if (operation.to !== null) writeNumber(writer, operation.to);
      return;
    case "create":
      begin(format.tagCreate | flags, counter);
      return writeConfig(writer, operation.config);
    case "configure":
      begin(format.tagConfigure | flags, counter);
      return writePatch(operation.patch);
    case "delete":
      return begin(format.tagDelete | flags, counter);
  }
}

function codeOf(onBound: OnBound | null): number {
  if (onBound === null) return 0;
  return onBound === "reject" ? 1 : 2;
}

function writeTimes({ key, condition }: CounterOperation, times: number): void {
  writer.varint(checkWhole("times", times, 1, limits.timesMax));
  if (times > 1 && (key !== null || condition !== null)) {
    throw new CommandFormatError("what has a key or a condition is done once");
  }
}

function writePatch({ min, max, onBound, step, labels, ttlMs }: ConfigPatch): void {
  const low = min ?? null;
  const high = max ?? null;
  if (low !== null && high !== null && low > high) {
    throw new CommandFormatError("the lowest value is above the highest");
  }
  writer.byte(
    (min === undefined ? 0 : format.patchMin) |
      (max === undefined ? 0 : format.patchMax) |
      (onBound === undefined ? 0 : format.patchOnBound) |
      (step === undefined ? 0 : format.patchStep) |
      (labels === undefined ? 0 : format.patchLabels) |
      (ttlMs === undefined ? 0 : format.patchTtl),
  );
  if (min !== undefined) writeOptionalNumber(writer, min);
  if (max !== undefined) writeOptionalNumber(writer, max);
  if (onBound !== undefined) writer.byte(codeOf(onBound));
  if (step !== undefined) {
    if (step < 1n) throw new CommandFormatError("a step is below 1");
    writeNumber(writer, step);
  }
  if (labels !== undefined) {
    writer.byte(labels === null ? 0 : 1);
    if (labels !== null) writeLabelChanges(writer, labels);
  }
  if (ttlMs !== undefined) {
    writer.varint(ttlMs === null ? 0 : checkWhole("the time to live", ttlMs, 1, limits.ttlMaxMs));
  }
}

function writeCondition(condition: Condition): void {
  switch (condition.type) {
    case "absent":
      return writer.byte(format.conditionAbsent);
    case "present":
      return writer.byte(format.conditionPresent);
    case "versions": {
      const { versions } = condition;
      writer.byte(format.conditionVersions);
      writer.varint(
        checkWhole("the number of versions", versions.length, 1, limits.conditionVersionsMax),
      );
      for (const { epoch, revision } of versions) {
        writer.varint(checkWhole("an epoch", epoch, 0, limits.revisionMax));
        writer.varint(checkWhole("a revision", revision, 0, limits.revisionMax));
      }
    }
  }
}

function writeKey(key: OperationKey): void {
  if (!limits.isOperationKey(key.key)) throw new CommandFormatError("this is no key");
  if (key.fingerprint.length !== limits.fingerprintBytes) {
    throw new CommandFormatError(`a fingerprint has ${limits.fingerprintBytes} bytes`);
  }
  writer.byte(key.key.length);
  writer.latin1(key.key);
  writer.bytes(key.fingerprint);
}
