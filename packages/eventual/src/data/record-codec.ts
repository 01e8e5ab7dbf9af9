/**
 * A record as bytes, and back: format 1.
 *
 * ```
 * 1, hlc, controls, plain operations, keyed operations      each list: its length, then its items
 * counter  0 and the name when it is the first time in this record, else its number from 1
 * key      0 and 16 bytes (a UUID in lower case), else its length and characters
 * at       and until − at, both left out of time-ordered keys: those carry the time
 * ```
 *
 * A record has one encoding and a decoder that refuses all others, since its hash is in the chain
 * of its writer: what is decoded and encoded again must hash the same.
 */
import type { CounterName, KeyedOperation, PlainOperation, RecordBody, WallMs } from "../types.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { readControl, writeControl } from "./control-codec.ts";
import { invariant, MalformedError } from "./errors.ts";
import {
  controlsMax,
  deltaLimit,
  isDelta,
  isKey,
  isValue,
  keyMaxLength,
  operationsMax,
  plainLimit,
  valueLimit,
} from "./limits.ts";
import { NameReader, NameWriter } from "./names.ts";

const format = 1;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const timeOrdered = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a key was issued, if it says so: the milliseconds in a UUIDv7 (RFC 9562), in either case.
 *
 * @returns null of every other key
 */
export function keyTime(key: string): WallMs | null {
  if (key.length !== 36 || !timeOrdered.test(key)) return null;
  return parseInt(key.slice(0, 8), 16) * 0x1_0000 + parseInt(key.slice(9, 13), 16);
}

/** @throws InvariantError - it could not be decoded again: over a limit, or not as its types say */
export function encodeRecord(body: RecordBody): Uint8Array {
  const out = new ByteWriter(256);
  const names = new NameWriter();
  out.byte(format);
  out.varint(body.hlc);
  invariant(body.controls.length <= controlsMax, "a record holds few enough controls");
  out.varint(body.controls.length);
  for (const control of body.controls) writeControl(out, names, control);
  invariant(
    body.plain.length <= operationsMax && body.keyed.length <= operationsMax,
    "a record holds few enough operations",
  );
  out.varint(body.plain.length);
  for (const operation of body.plain) writePlain(out, names, operation);
  out.varint(body.keyed.length);
  for (const operation of body.keyed) writeKeyed(out, names, operation);
  return out.copy();
}

function writePlain(out: ByteWriter, names: NameWriter, operation: PlainOperation): void {
  const { counter, plus, minus } = operation;
  invariant(
    plus >= 0n && plus < plainLimit && minus >= 0n && minus < plainLimit,
    "sums are natural numbers below their limit",
  );
  names.write(out, counter);
  out.number(plus);
  out.number(minus);
}

function writeKeyed(out: ByteWriter, names: NameWriter, operation: KeyedOperation): void {
  const { counter, delta, key, at, until, value } = operation;
  invariant(isDelta(delta) && isValue(value), "a keyed addition is within its limits");
  names.write(out, counter);
  writeKey(out, key);
  writeSpan(out, operation);
  invariant(at >= 0 && until > at, "a key counts once for some time at least");
  out.number(delta);
  out.number(value);
}

/** The key alone: a UUID takes sixteen bytes and not thirty-six. */
export function writeKey(out: ByteWriter, key: string): void {
  invariant(isKey(key), "a key is visible ASCII");
  if (uuid.test(key)) {
    out.byte(0);
    out.hex(key);
  } else {
    out.text(key);
  }
}

/** @throws MalformedError */
export function readKey(reader: ByteReader): string {
  const length = reader.varint(keyMaxLength);
  if (length === 0) return reader.uuid();
  const key = reader.text(length);
  if (!isKey(key)) throw new MalformedError("a key is not visible ASCII");
  if (uuid.test(key)) throw new MalformedError("a UUID is written as text");
  return key;
}

/** From when until when the key stands for this operation; nothing if the key itself says so. */
export function writeSpan(
  out: ByteWriter,
  dot: { readonly key: string; readonly at: WallMs; readonly until: WallMs },
): void {
  const time = keyTime(dot.key);
  if (time === null) {
    out.varint(dot.at);
    out.varint(dot.until - dot.at);
  } else {
    invariant(dot.at === time && dot.until === time + 1, "a time-ordered key has its own time");
  }
}

/** @throws MalformedError */
export function readSpan(reader: ByteReader, key: string): { at: WallMs; until: WallMs } {
  const time = keyTime(key);
  if (time !== null) return { at: time, until: time + 1 };
  const at = reader.varint(Number.MAX_SAFE_INTEGER);
  const span = reader.varint(Number.MAX_SAFE_INTEGER - at);
  if (span === 0) throw new MalformedError("a key counts for no time at all");
  return { at, until: at + span };
}

/** @throws MalformedError - not what `encodeRecord` makes of any record */
export function decodeRecord(bytes: Uint8Array): RecordBody {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== format) throw new MalformedError("a record has another format");
  const names = new NameReader();
  const hlc = reader.varint(Number.MAX_SAFE_INTEGER);
  const controls = list(reader.count(controlsMax, 3), () => readControl(reader, names));
  const plain = list(reader.count(operationsMax, 3), () => readPlain(reader, names));
  refuseDoubles(plain);
  const keyed = list(reader.count(operationsMax, 5), () => readKeyed(reader, names));
  reader.end();
  return { hlc, controls, plain, keyed };
}

function list<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let item = 0; item < count; item += 1) items.push(read());
  return items;
}

function refuseDoubles(plain: readonly PlainOperation[]): void {
  if (plain.length < 2) return;
  const counters = new Set<CounterName>();
  for (const { counter } of plain) counters.add(counter);
  if (counters.size < plain.length) throw new MalformedError("a counter has two sums");
}

function readPlain(reader: ByteReader, names: NameReader): PlainOperation {
  const counter = names.read(reader);
  const plus = reader.natural(plainLimit);
  const minus = reader.natural(plainLimit);
  return { counter, plus, minus };
}

function readKeyed(reader: ByteReader, names: NameReader): KeyedOperation {
  const counter = names.read(reader);
  const key = readKey(reader);
  const { at, until } = readSpan(reader, key);
  const delta = reader.number(deltaLimit);
  const value = reader.number(valueLimit);
  return { counter, delta, key, at, until, value };
}
