/**
 * The bytes of a command. `docs/state-machine.md` describes them byte by byte.
 *
 * A batch has one encoding only, so decoding and encoding again gives the same bytes. The encoder
 * refuses whatever the decoder would refuse: nothing enters the log that a server cannot apply.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { CommandFormatError, UnknownCommandError } from "./errors.ts";
import {
  countersMaxLimit,
  fingerprintBytes,
  isCounterName,
  isInRange,
  isOperationKey,
  keyMaxLength,
  keysMaxLimit,
  keyWindowMaxMs,
  logTimeMaxMs,
  nameMaxLength,
  operationsMax,
} from "./limits.ts";
import type { CommandBatch, CounterValue, Operation, OperationKey } from "./types.ts";

const version = 1;
const tagAdd = 1;
const tagNext = 2;
const tagRestore = 3;
const tagKeyed = 0x80;

/** Used again for every command, since a new buffer costs more than filling it; copies leave. */
const writer = new ByteWriter(16_384);

/**
 * The bytes to propose.
 *
 * @throws CommandFormatError if something in it is out of its range
 */
export function encodeBatch(batch: CommandBatch): Uint8Array {
  writer.clear();
  writer.byte(version);
  writer.varint(checkWhole("the log time", batch.at, 0, logTimeMaxMs));
  writer.varint(checkWhole("keyWindowMs", batch.keyWindowMs, 1, keyWindowMaxMs));
  writer.varint(checkWhole("keysMax", batch.keysMax, 0, keysMaxLimit));
  writer.varint(checkWhole("countersMax", batch.countersMax, 0, countersMaxLimit));
  writer.varint(checkWhole("the number of operations", batch.operations.length, 0, operationsMax));
  for (const operation of batch.operations) writeOperation(writer, operation);
  return writer.copy();
}

function writeOperation(writer: ByteWriter, operation: Operation): void {
  const keyed = operation.key === null ? 0 : tagKeyed;
  switch (operation.type) {
    case "add":
      writer.byte(tagAdd | keyed);
      writeName(writer, operation.counter);
      writeNumber(writer, operation.delta);
      break;
    case "next":
      if (operation.count < 1n) throw new CommandFormatError("next must ask for a number or more");
      writer.byte(tagNext | keyed);
      writeName(writer, operation.counter);
      writeNumber(writer, operation.count);
      break;
    case "restore":
      writer.byte(tagRestore | keyed);
      writeCounters(writer, operation.counters);
  }
  if (operation.key !== null) writeKey(writer, operation.key);
}

function writeName(writer: ByteWriter, name: string): void {
  if (!isCounterName(name)) throw new CommandFormatError("this is no name of a counter");
  writer.byte(name.length);
  writer.latin1(name);
}

function writeNumber(writer: ByteWriter, value: bigint): void {
  if (!isInRange(value)) throw new CommandFormatError("a number has 1024 bits or more");
  writer.number(value);
}

function writeCounters(writer: ByteWriter, counters: readonly CounterValue[]): void {
  writer.varint(checkWhole("the number of counters", counters.length, 0, countersMaxLimit));
  const sorted = [...counters].sort((a, b) => (a.name < b.name ? -1 : 1));
  let before = "";
  for (const { name, value } of sorted) {
    if (name === before) throw new CommandFormatError("a restore names a counter twice");
    before = name;
    writeName(writer, name);
    writeNumber(writer, value);
  }
}

function writeKey(writer: ByteWriter, key: OperationKey): void {
  if (!isOperationKey(key.key)) throw new CommandFormatError("this is no key");
  if (key.fingerprint.length !== fingerprintBytes) {
    throw new CommandFormatError(`a fingerprint has ${fingerprintBytes} bytes`);
  }
  writer.byte(key.key.length);
  writer.latin1(key.key);
  writer.bytes(key.fingerprint);
}

function checkWhole(what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new CommandFormatError(`${what} must be a whole number from ${min} to ${max}`);
}

/**
 * What {@link encodeBatch} was given, restores sorted by name. Fingerprints are views of `bytes`.
 *
 * @throws UnknownCommandError if it was written by a newer release
 * @throws CommandFormatError if it is malformed
 */
export function decodeBatch(bytes: Uint8Array): CommandBatch {
  const reader = new ByteReader(bytes, refuse);
  const found = reader.byte();
  if (found !== version) {
    throw new UnknownCommandError(`command version ${found}; this release knows ${version}`);
  }
  const at = reader.varint(logTimeMaxMs);
  const keyWindowMs = reader.varint(keyWindowMaxMs);
  if (keyWindowMs === 0) throw refuse("its window is empty");
  const keysMax = reader.varint(keysMaxLimit);
  const countersMax = reader.varint(countersMaxLimit);
  const count = reader.varint(operationsMax);
  const operations: Operation[] = []; // grows as bytes are read: a count alone takes no memory
  for (let read = 0; read < count; read += 1) operations.push(readOperation(reader));
  reader.end();
  return { at, keyWindowMs, keysMax, countersMax, operations };
}

function readOperation(reader: ByteReader): Operation {
  const tag = reader.byte();
  const keyed = tag >= tagKeyed;
  switch (tag & ~tagKeyed) {
    case tagAdd: {
      const counter = readName(reader);
      const delta = reader.number();
      return { type: "add", counter, delta, key: keyed ? readKey(reader) : null };
    }
    case tagNext: {
      const counter = readName(reader);
      const count = reader.number();
      if (count < 1n) throw refuse("next asks for less than one number");
      return { type: "next", counter, count, key: keyed ? readKey(reader) : null };
    }
    case tagRestore: {
      const counters = readCounters(reader);
      return { type: "restore", counters, key: keyed ? readKey(reader) : null };
    }
    default:
      throw new UnknownCommandError(`operation type ${tag & ~tagKeyed} is not known here`);
  }
}

function readName(reader: ByteReader): string {
  const length = reader.byte();
  if (length > nameMaxLength) throw refuse("the name of a counter is too long");
  const name = reader.latin1(length);
  if (!isCounterName(name)) throw refuse("the name of a counter has a wrong character");
  return name;
}

function readCounters(reader: ByteReader): CounterValue[] {
  const count = reader.varint(countersMaxLimit);
  const counters: CounterValue[] = [];
  let before = "";
  for (let read = 0; read < count; read += 1) {
    const name = readName(reader);
    if (name <= before) throw refuse("the counters of a restore are not sorted");
    before = name;
    counters.push({ name, value: reader.number() });
  }
  return counters;
}

function readKey(reader: ByteReader): OperationKey {
  const length = reader.byte();
  if (length > keyMaxLength) throw refuse("a key is too long");
  const key = reader.latin1(length);
  if (!isOperationKey(key)) throw refuse("a key has a wrong character");
  return { key, fingerprint: reader.bytes(fingerprintBytes) };
}

function refuse(why: string): CommandFormatError {
  return new CommandFormatError(`malformed command: ${why}`);
}
