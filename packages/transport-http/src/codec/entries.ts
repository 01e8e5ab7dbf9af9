/**
 * Entries of the log: `flags`, the term if it differs from the entry before, the length, the data.
 *
 * The index is not in the bytes: entries are consecutive, and a gap cannot even be written.
 */
import type { Entry, EntryKind, LogIndex } from "@counter/raft";

import { DecodeError, EncodeError } from "./errors.ts";
import { ENTRIES_MAX } from "./limits.ts";
import { Reader, truncated } from "./reader.ts";
import { VARINT_MAX_BYTES, writeVarint } from "./writer.ts";

const KINDS: readonly EntryKind[] = ["command", "noop", "configuration"];
const CODES: Readonly<Record<EntryKind, number>> = { command: 0, noop: 1, configuration: 2 };
const KIND_BITS = 0b011;
const TERM_FOLLOWS = 0b100;
/** Flags and a length. */
const ENTRY_MIN_BYTES = 2;

const NO_BYTES = new Uint8Array(0);

/**
 * Followers with the same next index are sent the same array: it is encoded once. The bytes live
 * as long as the array does.
 */
const encodedBlocks = new WeakMap<readonly Entry[], Uint8Array>();

/**
 * The bytes of entries that are never changed afterwards, without their count.
 *
 * @throws EncodeError when they are not consecutive from `first`
 */
export function encodeEntries(entries: readonly Entry[], first: LogIndex): Uint8Array {
  if (entries.length > 0 && entries[0]!.index !== first) {
    throw new EncodeError("entries begin right after prevIndex");
  }
  const known = encodedBlocks.get(entries);
  if (known !== undefined) return known;
  const block = encodeBlock(entries);
  encodedBlocks.set(entries, block);
  return block;
}

function encodeBlock(entries: readonly Entry[]): Uint8Array {
  let maxBytes = 0;
  for (const entry of entries) maxBytes += 1 + 2 * VARINT_MAX_BYTES + entry.data.length;
  const bytes = Buffer.allocUnsafe(maxBytes);
  let at = 0;
  let term = -1; // differs from every term: the first entry always says its own
  let index = entries[0]?.index ?? 0;
  for (const entry of entries) {
    if (entry.index !== index) throw new EncodeError("entries are consecutive");
    index += 1;
    bytes[at++] = CODES[entry.kind] | (entry.term === term ? 0 : TERM_FOLLOWS);
    if (entry.term !== term) at = writeVarint(bytes, at, entry.term);
    term = entry.term;
    at = writeVarint(bytes, at, entry.data.length);
    bytes.set(entry.data, at);
    at += entry.data.length;
  }
  return bytes.subarray(0, at);
}

/** How many entries follow, at most {@link ENTRIES_MAX}. */
export function decodeEntryCount(r: Reader): number {
  return r.count({ max: ENTRIES_MAX, itemMinBytes: ENTRY_MIN_BYTES });
}

/**
 * Reads entries from `first` on. Their data are views of `r.bytes`, so its buffer must never be
 * used again.
 */
export function decodeEntries(
  r: Reader,
  { first, count }: { first: LogIndex; count: number },
): Entry[] {
  if (!Number.isSafeInteger(first + count)) {
    throw new DecodeError("number", "an index is above 2^53 - 1");
  }
  const { buffer, byteOffset } = r.bytes;
  const entries: Entry[] = [];
  let term = -1;
  for (let i = 0; i < count; i += 1) {
    const flags = r.byte();
    const kind = KINDS[flags & KIND_BITS];
    if (kind === undefined || flags > (TERM_FOLLOWS | KIND_BITS)) {
      throw new DecodeError("flag", "an entry of an unknown kind");
    }
    if ((flags & TERM_FOLLOWS) !== 0) term = nextTerm(r, term);
    else if (term < 0) throw new DecodeError("flag", "the first entry has no term");
    const length = r.varint();
    if (length > r.remaining) throw truncated();
    const data = length === 0 ? NO_BYTES : new Uint8Array(buffer, byteOffset + r.position, length);
    r.position += length;
    entries.push({ index: first + i, term, kind, data });
  }
  return entries;
}

function nextTerm(r: Reader, previous: number): number {
  const term = r.varint();
  if (term === previous) throw new DecodeError("flag", "a term is said twice");
  return term;
}
