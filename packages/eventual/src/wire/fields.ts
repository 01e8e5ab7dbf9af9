/** The parts of messages, each with its one encoding. */
import type { ByteReader, ByteWriter } from "../data/bytes.ts";
import { MalformedError } from "../data/errors.ts";
import { addressMaxLength, isAddress, isLabel, labelMaxLength, vectorMax } from "../data/limits.ts";
import { readWriter, writeWriter } from "../data/names.ts";
import type { Sender } from "../messages.ts";
import type { Head, RecordRange, WriterId } from "../types.ts";
import { clusterIdMaxLength, messageRecordsMax, rangesMax } from "./limits.ts";
import type { PayloadReader, PayloadWriter } from "./payloads.ts";

const nodeBytes = 16;
/** Of a head: its writer, a position, a hash. */
const headMinBytes = 14;
/** Of a range: its writer, three numbers, and one record with its length. */
const rangeMinBytes = 16;
const largest = Number.MAX_SAFE_INTEGER;

export function writeBoolean(out: ByteWriter, value: boolean): void {
  out.byte(value ? 1 : 0);
}

export function readBoolean(input: ByteReader): boolean {
  const byte = input.byte();
  if (byte > 1) throw new MalformedError("a yes or no is neither");
  return byte === 1;
}

/** Visible ASCII, at least one character. */
export function isClusterId(text: string): boolean {
  return text.length <= clusterIdMaxLength && /^[!-~]+$/.test(text);
}

export function writeSender(out: ByteWriter, sender: Sender): void {
  out.text(sender.clusterId);
  writeBoolean(out, sender.provisional);
  out.hex(sender.node);
  out.varint(sender.boot);
  out.varint(sender.nonce);
  out.text(sender.address);
  out.text(sender.label);
}

export function readSender(input: ByteReader): Sender {
  const clusterId = input.text(input.varint(clusterIdMaxLength));
  if (!isClusterId(clusterId)) throw new MalformedError("a cluster id is none");
  const provisional = readBoolean(input);
  const node = input.hex(nodeBytes);
  const boot = input.varint(largest);
  const nonce = input.varint(largest);
  const address = input.text(input.varint(addressMaxLength));
  if (!isAddress(address)) throw new MalformedError("an address is none");
  const label = input.text(input.varint(labelMaxLength));
  if (!isLabel(label)) throw new MalformedError("a label is none");
  return { clusterId, provisional, node, boot, nonce, address, label };
}

/** @throws {RangeError} */
export function writeHeads(out: ByteWriter, heads: readonly Head[]): void {
  if (heads.length > vectorMax) throw new RangeError("too many heads for a message");
  out.varint(heads.length);
  for (const { writer, position, hash } of heads) {
    writeWriter(out, writer);
    out.varint(position);
    out.varint(hash);
  }
}

export function readHeads(input: ByteReader): readonly Head[] {
  const seen = new Set<WriterId>();
  const heads: Head[] = [];
  for (let left = input.count(vectorMax, headMinBytes); left > 0; left -= 1) {
    const writer = readWriter(input);
    const position = input.varint(largest);
    const hash = input.varint(largest);
    if (seen.has(writer)) throw new MalformedError("a writer has two heads");
    if ((position === 0) !== (hash === 0)) throw new MalformedError("a head has a wrong hash");
    seen.add(writer);
    heads.push({ writer, position, hash });
  }
  return heads;
}

/** @throws {RangeError} */
export function writeRanges(
  out: ByteWriter,
  payloads: PayloadWriter,
  ranges: readonly RecordRange[],
): void {
  if (ranges.length > rangesMax) throw new RangeError("too many ranges for a message");
  out.varint(ranges.length);
  let left = messageRecordsMax;
  for (const { writer, from, previous, records } of ranges) {
    left -= records.length;
    if (left < 0) throw new RangeError("too many records for a message");
    writeWriter(out, writer);
    out.varint(from);
    out.varint(previous);
    out.varint(records.length);
    for (const record of records) payloads.add(out, record);
  }
}

export function readRanges(input: ByteReader, payloads: PayloadReader): readonly RecordRange[] {
  const ranges: RecordRange[] = [];
  let recordsLeft = messageRecordsMax;
  for (let left = input.count(rangesMax, rangeMinBytes); left > 0; left -= 1) {
    const writer = readWriter(input);
    const from = input.varint(largest);
    const previous = input.varint(largest);
    const count = input.varint(recordsLeft);
    checkRange(from, previous, count);
    recordsLeft -= count;
    const records: Uint8Array[] = [];
    for (let record = 0; record < count; record += 1) payloads.read(input, records);
    ranges.push({ writer, from, previous, records });
  }
  return ranges;
}

function checkRange(from: number, previous: number, count: number): void {
  if (from === 0) throw new MalformedError("a range begins before the first record");
  if ((from === 1) !== (previous === 0)) throw new MalformedError("a range has a wrong hash");
  if (count === 0) throw new MalformedError("a range is empty");
  if (count > largest - from) throw new MalformedError("a range ends beyond the last position");
}
