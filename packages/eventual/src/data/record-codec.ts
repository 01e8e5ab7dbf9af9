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
import type { CounterName, KeyedOperation, PlainOperation, RecordBody } from "../types.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { readControl, writeControl } from "./control-codec.ts";
import { invariant, MalformedError } from "./errors.ts";
import { readKey, readSpan, writeKey, writeSpan } from "./key-codec.ts";
import {
  controlsMax,
  deltaLimit,
  isDelta,
  isValue,
  operationsMax,
  plainLimit,
  valueLimit,
} from "./limits.ts";
import { NameReader, NameWriter } from "./names.ts";

const format = 1;
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
