/** Fields that commands and snapshots have in common, in and out. Lists are sorted, once each. */
import { RecentTexts, type ByteReader, type ByteWriter, type Refuse } from "./bytes.ts";
import { sortedByKey } from "./config-patch.ts";
import { isWithin } from "./counter-writing.ts";
import { CommandFormatError } from "./errors.ts";
import * as limits from "./limits.ts";
import type { LabelChange, OperationKey } from "./operations.ts";
import type { CounterConfig, Label } from "./types.ts";
import { plainConfig } from "./types.ts";

const flagSequence = 0x01;
const flagSaturate = 0x02;
const flagInitial = 0x04;
const flagMin = 0x08;
const flagMax = 0x10;
const flagStep = 0x20;
const flagLabels = 0x40;
const flagTtl = 0x80;

/** Names of counters, all of them right. Most commands are about a few. */
const names = new RecentTexts();

export function checkWhole(what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new CommandFormatError(`${what} must be a whole number from ${min} to ${max}`);
}

export function writeName(writer: ByteWriter, name: string): void {
  if (!limits.isCounterName(name)) throw new CommandFormatError("this is no name of a counter");
  writer.byte(name.length);
  writer.latin1(name);
}

export function readName(
  reader: ByteReader,
  refuse: Refuse,
  length: number = reader.byte(),
): string {
  if (length > limits.nameMaxLength) throw refuse("the name of a counter is too long");
  const known = reader.recent(length, names);
  if (known !== null) return known;
  const name = reader.latin1(length);
  if (!limits.isCounterName(name)) throw refuse("the name of a counter has a wrong character");
  names.keep(name);
  return name;
}

export function readKey(reader: ByteReader, refuse: Refuse): OperationKey {
  const length = reader.byte();
  if (length > limits.keyMaxLength) throw refuse("a key is too long");
  const key = reader.latin1(length);
  if (!limits.isOperationKey(key)) throw refuse("a key has a wrong character");
  return { key, fingerprint: reader.bytes(limits.fingerprintBytes) };
}

export function writeNumber(writer: ByteWriter, value: bigint): void {
  if (!limits.isInRange(value)) throw new CommandFormatError("a number has 1024 bits or more");
  writer.number(value);
}

/** A byte that says whether there is one, and the number. */
export function writeOptionalNumber(writer: ByteWriter, value: bigint | null): void {
  writer.byte(value === null ? 0 : 1);
  if (value !== null) writeNumber(writer, value);
}

export function readOptionalNumber(reader: ByteReader, refuse: Refuse): bigint | null {
  return readFlag(reader, refuse) ? reader.number() : null;
}

export function readFlag(reader: ByteReader, refuse: Refuse): boolean {
  const byte = reader.byte();
  if (byte > 1) throw refuse("a yes or no is neither");
  return byte === 1;
}

export function writeConfig(writer: ByteWriter, config: CounterConfig): void {
  const problem = problemOf(config);
  if (problem !== null) throw new CommandFormatError(problem);
  const { kind, initial, min, max, onBound, step, labels, ttlMs } = config;
  writer.byte(
    (kind === "sequence" ? flagSequence : 0) |
      (onBound === "saturate" ? flagSaturate : 0) |
      (initial === 0n ? 0 : flagInitial) |
      (min === null ? 0 : flagMin) |
      (max === null ? 0 : flagMax) |
      (step === 1n ? 0 : flagStep) |
      (labels.length === 0 ? 0 : flagLabels) |
      (ttlMs === null ? 0 : flagTtl),
  );
  if (initial !== 0n) writeNumber(writer, initial);
  if (min !== null) writeNumber(writer, min);
  if (max !== null) writeNumber(writer, max);
  if (step !== 1n) writeNumber(writer, step);
  if (labels.length > 0) writeLabels(writer, labels);
  if (ttlMs !== null) writer.varint(ttlMs);
}

export function readConfig(reader: ByteReader, refuse: Refuse): CounterConfig {
  const flags = reader.byte();
  if (flags === 0) return plainConfig;
  const config: CounterConfig = {
    kind: (flags & flagSequence) === 0 ? "counter" : "sequence",
    onBound: (flags & flagSaturate) === 0 ? "reject" : "saturate",
    initial: (flags & flagInitial) === 0 ? 0n : reader.number(),
    min: (flags & flagMin) === 0 ? null : reader.number(),
    max: (flags & flagMax) === 0 ? null : reader.number(),
    step: (flags & flagStep) === 0 ? 1n : reader.number(),
    labels: (flags & flagLabels) === 0 ? [] : readLabels(reader, refuse),
    ttlMs: (flags & flagTtl) === 0 ? null : reader.varint(limits.ttlMaxMs),
  };
  const needless =
    ((flags & flagInitial) !== 0 && config.initial === 0n) ||
    ((flags & flagStep) !== 0 && config.step === 1n) ||
    ((flags & flagLabels) !== 0 && config.labels.length === 0);
  if (needless) throw refuse("a configuration says what goes without saying");
  const problem = problemOf(config);
  if (problem !== null) throw refuse(problem);
  return config;
}

/** What no counter can have, whatever its value. Labels are looked at one by one. */
function problemOf({ initial, min, max, step, labels, ttlMs }: CounterConfig): string | null {
  if (step < 1n) return "a step is below 1";
  if (min !== null && max !== null && min > max) return "the lowest value is above the highest";
  if (![initial, min ?? 0n, max ?? 0n, step].every(limits.isInRange)) {
    return "a number has 1024 bits or more";
  }
  if (labels.length > limits.labelsMax) return `more than ${limits.labelsMax} labels`;
  if (ttlMs === null) return null;
  const wrong = !Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > limits.ttlMaxMs;
  return wrong ? `a time to live is not from 1 to ${limits.ttlMaxMs}` : null;
}

/** @throws an error unless the value is one that a counter of this configuration can have */
export function requireWithin(value: bigint, config: CounterConfig, refuse: Refuse): void {
  if (!isWithin(value, config)) throw refuse("a value is beyond the bounds of its counter");
}

function writeLabels(writer: ByteWriter, labels: readonly Label[]): void {
  writer.varint(labels.length);
  for (const { key, value } of inOrder(labels)) {
    writeLabelKey(writer, key);
    writeText(writer, value);
  }
}

function readLabels(reader: ByteReader, refuse: Refuse): Label[] {
  return readList(reader, limits.labelsMax, refuse, (key) => {
    return { key, value: readText(reader) };
  });
}

export function writeLabelChanges(writer: ByteWriter, changes: readonly LabelChange[]): void {
  writer.varint(
    checkWhole("the number of labels to change", changes.length, 0, limits.labelChangesMax),
  );
  for (const { key, value } of inOrder(changes)) {
    writeLabelKey(writer, key);
    writer.byte(value === null ? 0 : 1);
    if (value !== null) writeText(writer, value);
  }
}

export function readLabelChanges(reader: ByteReader, refuse: Refuse): LabelChange[] {
  return readList(reader, limits.labelChangesMax, refuse, (key) => {
    if (!readFlag(reader, refuse)) return { key, value: null };
    return { key, value: readText(reader) };
  });
}

function readList<T extends { readonly key: string }>(
  reader: ByteReader,
  max: number,
  refuse: Refuse,
  read: (key: string) => T,
): T[] {
  const count = reader.varint(max);
  const list: T[] = [];
  let before = "";
  for (let at = 0; at < count; at += 1) {
    const key = reader.latin1(reader.byte());
    if (!limits.isLabelKey(key)) throw refuse("this is no key of a label");
    if (key <= before) throw refuse("labels are not sorted");
    before = key;
    list.push(read(key));
  }
  return list;
}

function inOrder<T extends { readonly key: string }>(list: readonly T[]): readonly T[] {
  const sorted = sortedByKey(list);
  if (sorted.some(({ key }, at) => sorted[at + 1]?.key === key)) {
    throw new CommandFormatError("a label is named twice");
  }
  return sorted;
}

function writeLabelKey(writer: ByteWriter, key: string): void {
  if (!limits.isLabelKey(key)) throw new CommandFormatError("this is no key of a label");
  writer.byte(key.length);
  writer.latin1(key);
}

/** Every UTF-16 code unit is a varint: any text comes back as it was, and ASCII is a byte each. */
function writeText(writer: ByteWriter, text: string): void {
  writer.varint(checkWhole("the length of a label", text.length, 0, limits.labelValueMaxLength));
  for (let at = 0; at < text.length; at += 1) writer.varint(text.charCodeAt(at));
}

function readText(reader: ByteReader): string {
  const length = reader.varint(limits.labelValueMaxLength);
  let text = "";
  for (let at = 0; at < length; at += 1) text += String.fromCharCode(reader.varint(0xffff));
  return text;
}
