/**
 * Reads a storage directory without changing it, and decides whether it can be trusted: the law of
 * the start-up (`docs/wal.md` §7). Opening and the log tool both begin here.
 *
 * X1 Everything or nothing: no anchor, no segments and no snapshots is a new storage; some of them
 *    without an anchor is damage.
 * X2 Segments are consecutive. Each one but the last ends exactly where its successor says.
 * X3 A torn tail is possible in the last segment only, and not before the anchor's position.
 * X4 The log begins at or before the entry behind the snapshot in force, and that snapshot is there.
 * X5 A log that does not hold the snapshot's last entry has nothing to say beyond it: our snapshot
 *    ran ahead of our own disk. The log restarts behind the snapshot.
 */
import { join } from "node:path";
import type { Entry } from "@counter/raft";
import { StorageDamagedError } from "./errors.ts";
import { type FileSystem, readUpTo, withFile } from "./file-system.ts";
import { type Anchor, anchorBytes, decodeAnchor } from "./format/anchor-format.ts";
import { type ChainPoint } from "./format/frame.ts";
import { decodeSegmentHeader, type SegmentHeader } from "./format/segment-header.ts";
import { anchorName, parseSegmentName, parseSnapshotName, segmentName } from "./names.ts";
import type { LogState } from "./log-state.ts";
import { type FrameVisitor, readFrames, Replay, type SegmentReading } from "./replay.ts";
import { outlineSnapshot, type SnapshotOutline } from "./snapshot-file.ts";

export interface ExaminedSegment extends Omit<SegmentReading, "tail"> {
  readonly path: string;
  readonly header: SegmentHeader;
}

/** The remains of an unacknowledged write, to be overwritten with zeros. */
export interface TornTail {
  readonly path: string;
  readonly offset: number;
  readonly end: number;
  readonly found: string;
}

export interface ExaminedSnapshot {
  readonly path: string;
  readonly outline: SnapshotOutline;
}

/** A directory that can be trusted. */
export interface Examination {
  /** `null` for a new storage. */
  readonly anchor: Anchor | null;
  /** Oldest first; empty only if the storage was never completely created. */
  readonly segments: readonly ExaminedSegment[];
  readonly state: LogState;
  readonly point: ChainPoint;
  /** Consecutive; what a server may start from. */
  readonly entries: readonly Entry[];
  /** Whether the log must be told that it restarts behind the snapshot (X5). */
  readonly restart: boolean;
  readonly torn: TornTail | null;
  /** The snapshot in force. */
  readonly snapshot: ExaminedSnapshot | null;
}

/** Sees each segment and frame as it is read; for the log tool. */
export interface ExaminationVisitor {
  onSegment(path: string, header: SegmentHeader): void;
  onFrame(path: string, ...frame: Parameters<FrameVisitor>): void;
}

/** @throws {StorageDamagedError} if the directory cannot be trusted */
export async function examine(
  files: FileSystem,
  directory: string,
  visitor?: ExaminationVisitor,
): Promise<Examination> {
  const names = await files.list(directory);
  const anchor = await readAnchor(files, directory, names);
  const sequences = names.map(parseSegmentName).filter((sequence) => sequence !== null);
  checkSequences(directory, anchor, sequences);
  const replay = new Replay();
  const segments: ExaminedSegment[] = [];
  let tail: SegmentReading["tail"] = { kind: "clean" };
  for (const sequence of sequences) {
    if (anchor === null) break; // checkSequences has refused this already
    const path = join(directory, segmentName(sequence));
    const at = { path, sequence, last: sequence === sequences.at(-1) };
    const read = await readSegment({ files, anchor, replay, segments, at, visitor });
    segments.push(read.segment);
    tail = read.tail;
  }
  const torn = judgeTail({ anchor, segments, tail });
  const snapshot = await findSnapshot(files, { directory, names, replay });
  const { entries, restart } = usableEntries(directory, segments, replay);
  const point = segments.at(-1)?.point ?? { number: 0, crc: 0 };
  return { anchor, segments, state: replay.state, point, entries, restart, torn, snapshot };
}

async function readAnchor(
  files: FileSystem,
  directory: string,
  names: readonly string[],
): Promise<Anchor | null> {
  const path = join(directory, anchorName);
  if (!names.includes(anchorName)) {
    const other = names.find((name) => parseSegmentName(name) ?? parseSnapshotName(name));
    if (other === undefined) return null;
    throw new StorageDamagedError({
      file: path,
      offset: 0,
      found: `it is missing beside ${other}`,
    });
  }
  const bytes = await withFile(files, { path, mode: "read" }, (file) =>
    readUpTo(files, file, { position: 0, length: anchorBytes + 1 }),
  );
  const anchor = decodeAnchor(bytes);
  if (typeof anchor !== "string") return anchor;
  throw new StorageDamagedError({ file: path, offset: 0, found: anchor });
}

/** Which segments there must be (X1, X2). The oldest ones may have been compacted away. */
function checkSequences(
  directory: string,
  anchor: Anchor | null,
  sequences: readonly number[],
): void {
  if (anchor === null) return;
  const missing = (sequence: number): StorageDamagedError => {
    const file = join(directory, segmentName(sequence));
    return new StorageDamagedError({ file, offset: 0, found: "this part of the log is missing" });
  };
  sequences.forEach((sequence, i) => {
    const expected = sequences[0]! + i;
    if (sequence !== expected) throw missing(expected);
  });
  if ((sequences.at(-1) ?? 0) < anchor.synced.segment) throw missing(anchor.synced.segment);
}

interface SegmentTask {
  readonly files: FileSystem;
  readonly anchor: Anchor;
  readonly replay: Replay;
  readonly segments: readonly ExaminedSegment[];
  readonly at: { readonly path: string; readonly sequence: number; readonly last: boolean };
  readonly visitor: ExaminationVisitor | undefined;
}

async function readSegment(
  task: SegmentTask,
): Promise<{ segment: ExaminedSegment; tail: SegmentReading["tail"] }> {
  const { files, replay, at, visitor } = task;
  const { path } = at;
  const bytes = await withFile(files, { path, mode: "read" }, async (file) =>
    readUpTo(files, file, { position: 0, length: await files.size(file) }),
  );
  const header = checkHeader(task, bytes);
  visitor?.onSegment(path, header);
  if (task.segments.length === 0) replay.begin(header);
  const reading = readFrames(bytes, header, replay, (frame, records) =>
    visitor?.onFrame(path, frame, records),
  );
  const { tail } = reading;
  if (tail.kind === "damaged" || (tail.kind === "torn" && !at.last)) {
    const offset = tail.kind === "damaged" ? tail.offset : reading.end;
    throw new StorageDamagedError({ file: path, offset, found: tail.found });
  }
  return { segment: { path, header, ...withoutTail(reading) }, tail };
}

function withoutTail(reading: SegmentReading): Omit<SegmentReading, "tail"> {
  const { end, point, lastFrame, maxIndex } = reading;
  return { end, point, lastFrame, maxIndex };
}

/** A header that is sound, belongs here, and continues the segment before it (X2). */
function checkHeader(task: SegmentTask, bytes: Uint8Array): SegmentHeader {
  const { at, anchor, segments, replay } = task;
  const refuse = (offset: number, found: string): StorageDamagedError =>
    new StorageDamagedError({ file: at.path, offset, found });
  const header = decodeSegmentHeader(bytes);
  if (typeof header === "string") throw refuse(0, header);
  if (header.sequence !== at.sequence) throw refuse(0, `it holds segment ${header.sequence}`);
  if (Buffer.compare(header.storageId, anchor.storageId) !== 0) {
    throw refuse(0, "it belongs to another storage");
  }
  if (bytes.length !== header.bytes) {
    throw refuse(bytes.length, `it has ${bytes.length} bytes instead of ${header.bytes}`);
  }
  const previous = segments.at(-1);
  if (previous === undefined) return header;
  const { number, crc } = header.before;
  if (header.previousEnd !== previous.end || number !== previous.point.number) {
    throw new StorageDamagedError({
      file: previous.path,
      offset: previous.end,
      found: `it ends with frame ${previous.point.number}, but the next segment follows frame ${number}`,
    });
  }
  if (crc !== previous.point.crc || !replay.agreesWith(header)) {
    throw refuse(0, "its header does not continue the segment before it");
  }
  return header;
}

/** X3: what the anchor vouches for is not cut. */
function judgeTail(read: {
  readonly anchor: Anchor | null;
  readonly segments: readonly ExaminedSegment[];
  readonly tail: SegmentReading["tail"];
}): TornTail | null {
  const last = read.segments.at(-1);
  if (read.anchor === null || last === undefined) return null;
  const { segment, position, frame } = read.anchor.synced;
  if (segment === last.header.sequence && last.end < position) {
    const found = read.tail.kind === "torn" ? read.tail.found : "there are only zeros";
    throw new StorageDamagedError({
      file: last.path,
      offset: last.end,
      found: `${found}, but the log was durable up to byte ${position} (frame ${frame})`,
    });
  }
  if (read.tail.kind !== "torn") return null;
  return { path: last.path, offset: last.end, end: read.tail.end, found: read.tail.found };
}

/** X4: the snapshot that the log says is in force. */
async function findSnapshot(
  files: FileSystem,
  at: { readonly directory: string; readonly names: readonly string[]; readonly replay: Replay },
): Promise<ExaminedSnapshot | null> {
  const wanted = at.replay.state.snapshot;
  if (wanted === null) return null;
  const name = at.names.find((candidate) => {
    const id = parseSnapshotName(candidate);
    return id !== null && id.index === wanted.index && id.term === wanted.term;
  });
  if (name === undefined) {
    const found = `the log counts on the snapshot at ${wanted.index}@${wanted.term}, which is missing`;
    throw new StorageDamagedError({ file: at.directory, offset: 0, found });
  }
  const path = join(at.directory, name);
  const outline = await outlineSnapshot(files, path);
  if (outline.meta.index !== wanted.index || outline.meta.term !== wanted.term) {
    throw new StorageDamagedError({ file: path, offset: 0, found: "it holds another snapshot" });
  }
  return { path, outline };
}

/** X4 and X5: the part of the log that continues the snapshot, or the very beginning. */
function usableEntries(
  directory: string,
  segments: readonly ExaminedSegment[],
  replay: Replay,
): Pick<Examination, "entries" | "restart"> {
  const { entries } = replay;
  const { lastIndex, snapshotIndex, snapshot } = replay.state;
  const first = entries[0]?.index ?? lastIndex + 1;
  if (first > snapshotIndex + 1) {
    const found = `the log begins with entry ${first}, but the snapshot ends at ${snapshotIndex}`;
    throw new StorageDamagedError({ file: segments[0]?.path ?? directory, offset: 0, found });
  }
  const continues =
    first === snapshotIndex + 1 || entries[snapshotIndex - first]?.term === snapshot?.term;
  return continues ? { entries, restart: false } : { entries: [], restart: true };
}
