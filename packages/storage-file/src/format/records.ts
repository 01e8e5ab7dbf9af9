/** The records inside a batch. `docs/wal.md` §4 has the bytes. */
import type { Entry, EntryId, EntryKind, HardState } from "@counter/raft";
import { invariant } from "../errors.ts";
import { type ByteReader, MalformedError, putVarint, varintMaxBytes } from "./bytes.ts";

/** One fact of the log, as it is read back. */
export type LogRecord =
  | { readonly type: "hardState"; readonly hardState: HardState }
  /** Consecutive entries; whatever was stored from the first one's index on is replaced. */
  | { readonly type: "entries"; readonly entries: readonly Entry[] }
  /** A received snapshot is in force; every entry before this record is forgotten. */
  | { readonly type: "installed"; readonly snapshot: EntryId }
  /** A snapshot of our own is in force; the entries stay. */
  | { readonly type: "saved"; readonly snapshot: EntryId };

const recordCodes = { hardState: 1, entries: 2, installed: 3, saved: 4 } as const;
const kindCodes: Record<EntryKind, number> = { command: 1, noop: 2, configuration: 3 };
const kinds: readonly (EntryKind | null)[] = [null, "command", "noop", "configuration"];

/** Longest node id, as `types.ts` of the core says. */
export const nodeIdMaxBytes = 128;
const entryOverheadBytes = 1 + 2 * varintMaxBytes;

/** At least as many bytes as {@link putEntries} uses. */
export function entriesMaxBytes(entries: readonly Entry[]): number {
  let bytes = 1 + 2 * varintMaxBytes;
  for (const entry of entries) bytes += entryOverheadBytes + entry.data.length;
  return bytes;
}

/** At least as many bytes as any other record uses. */
export const smallRecordMaxBytes: number = 2 + 3 * varintMaxBytes + nodeIdMaxBytes;

/** The functions below write a record and return the position behind it. */
export function putHardState(bytes: Uint8Array, at: number, hardState: HardState): number {
  const vote = hardState.vote ?? "";
  invariant(vote.length <= nodeIdMaxBytes, "a node id has at most 128 characters");
  bytes[at] = recordCodes.hardState;
  let to = putVarint(bytes, at + 1, hardState.term);
  to = putVarint(bytes, to, hardState.commitIndex);
  return putAscii(bytes, to, vote);
}

/** A length byte and the characters; empty stands for nobody. */
export function putAscii(bytes: Uint8Array, at: number, text: string): number {
  bytes[at] = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charCodeAt(i);
    invariant(character > 0x20 && character < 0x7f, "a node id is visible ASCII");
    bytes[at + 1 + i] = character;
  }
  return at + 1 + text.length;
}

export function putEntries(bytes: Uint8Array, at: number, entries: readonly Entry[]): number {
  bytes[at] = recordCodes.entries;
  const first = entries[0]!.index;
  let to = putVarint(bytes, at + 1, first);
  to = putVarint(bytes, to, entries.length);
  for (let i = 0; i < entries.length; i += 1) {
    const entry = entries[i]!;
    invariant(entry.index === first + i, "entries of one write are consecutive");
    bytes[to] = kindCodes[entry.kind];
    to = putVarint(bytes, to + 1, entry.term);
    to = putVarint(bytes, to, entry.data.length);
    bytes.set(entry.data, to);
    to += entry.data.length;
  }
  return to;
}

export function putSnapshotId(
  bytes: Uint8Array,
  at: number,
  record: { readonly type: "installed" | "saved"; readonly snapshot: EntryId },
): number {
  bytes[at] = recordCodes[record.type];
  return putVarint(bytes, putVarint(bytes, at + 1, record.snapshot.index), record.snapshot.term);
}

/** @throws {MalformedError} on anything that the functions above do not write */
export function readRecord(reader: ByteReader): LogRecord {
  const code = reader.byte();
  switch (code) {
    case recordCodes.hardState:
      return { type: "hardState", hardState: readHardState(reader) };
    case recordCodes.entries:
      return { type: "entries", entries: readEntries(reader) };
    case recordCodes.installed:
      return { type: "installed", snapshot: readSnapshotId(reader) };
    case recordCodes.saved:
      return { type: "saved", snapshot: readSnapshotId(reader) };
    default:
      throw new MalformedError(`record type ${code} is unknown`);
  }
}

function readHardState(reader: ByteReader): HardState {
  const term = reader.varint();
  const commitIndex = reader.varint();
  const vote = reader.ascii(reader.byte());
  return { term, vote: vote === "" ? null : vote, commitIndex };
}

function readEntries(reader: ByteReader): readonly Entry[] {
  const first = reader.varint();
  const count = reader.varint();
  // Each entry takes three bytes at least: a wild count is refused before memory is asked for.
  if (first < 1 || count < 1 || count * 3 > reader.left) {
    throw new MalformedError("a list of entries has an impossible length or start");
  }
  const entries: Entry[] = [];
  for (let index = first; index < first + count; index += 1) {
    const kindCode = reader.byte();
    const kind = kinds[kindCode] ?? null;
    if (kind === null) throw new MalformedError(`entry kind ${kindCode} is unknown`);
    const term = reader.varint();
    entries.push({ index, term, kind, data: reader.view(reader.varint()) });
  }
  return entries;
}

function readSnapshotId(reader: ByteReader): EntryId {
  const index = reader.varint();
  const term = reader.varint();
  if (index < 1) throw new MalformedError("a snapshot of nothing");
  return { index, term };
}
