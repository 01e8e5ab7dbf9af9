/** Reads segments back into entries, and says what the tail of the last one is. */
import type { Entry, LogIndex } from "@counter/raft";
import { isZero, MalformedError } from "./format/bytes.ts";
import {
  type ChainPoint,
  findFrame,
  nextFrame,
  recordsOf,
  type SoundFrame,
} from "./format/frame.ts";
import type { LogRecord } from "./format/records.ts";
import { type SegmentHeader, segmentHeaderBytes } from "./format/segment-header.ts";
import { initialHardState, LogState } from "./log-state.ts";

/** What follows the last sound frame of a segment. */
export type Tail =
  /** Zeros, as on the day it was allocated. */
  | { readonly kind: "clean" }
  /** The remains of a write that was never acknowledged. */
  | { readonly kind: "torn"; readonly end: number; readonly found: string }
  /** Something else: bytes were lost that had been synced. */
  | { readonly kind: "damaged"; readonly offset: number; readonly found: string };

/** What was read of one segment. */
export interface SegmentReading {
  /** Where its sound, chained frames end. */
  readonly end: number;
  readonly point: ChainPoint;
  /** Where the last frame begins; `null` if there is none. */
  readonly lastFrame: number | null;
  /** Largest index among its entries, replaced ones included; 0 without entries. */
  readonly maxIndex: LogIndex;
  readonly tail: Tail;
}

/** Called for each frame in order, after its records were applied. */
export type FrameVisitor = (frame: SoundFrame, records: readonly LogRecord[]) => void;

/** Collects the log while segments are read in order. */
export class Replay {
  readonly state: LogState = new LogState({
    hardState: initialHardState,
    snapshot: null,
    lastIndex: 0,
  });
  /** What is left of the entries after all replacements; the first one has `firstIndex`. */
  #entries: Entry[] = [];

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Takes over what the header says; entries before it were in segments that are gone. */
  begin(header: SegmentHeader): void {
    this.state.hardState = header.hardState;
    this.state.snapshot = header.snapshot;
    this.state.lastIndex = header.lastIndex;
  }

  /** Whether a header that follows says the same as the records before it. */
  agreesWith(header: SegmentHeader): boolean {
    const { hardState, snapshot, lastIndex } = this.state;
    return (
      lastIndex === header.lastIndex &&
      snapshot?.index === header.snapshot?.index &&
      snapshot?.term === header.snapshot?.term &&
      hardState.term === header.hardState.term &&
      hardState.vote === header.hardState.vote &&
      hardState.commitIndex === header.hardState.commitIndex
    );
  }

  /** @returns a sentence if the records break a rule of the log */
  apply(records: readonly LogRecord[]): string | null {
    for (const record of records) {
      const problem = this.#applyOne(record);
      if (problem !== null) return problem;
    }
    return null;
  }

  #applyOne(record: LogRecord): string | null {
    switch (record.type) {
      case "hardState":
        return this.state.vote(record.hardState);
      case "entries":
        return this.#applyEntries(record.entries);
      case "installed":
        this.#entries = [];
        return this.state.install(record.snapshot);
      case "saved":
        return this.state.save(record.snapshot);
    }
  }

  #applyEntries(entries: readonly Entry[]): string | null {
    const first = entries[0]!.index;
    const problem = this.state.entries(first, entries.length);
    if (problem !== null) return problem;
    const kept = this.#entries[0];
    if (kept === undefined || first <= kept.index) this.#entries = [];
    else this.#entries.length = first - kept.index;
    for (const entry of entries) this.#entries.push(entry);
    return null;
  }
}

/** Reads the frames of one segment and applies them. */
export function readFrames(
  bytes: Uint8Array,
  header: SegmentHeader,
  replay: Replay,
  visit: FrameVisitor,
): SegmentReading {
  let end = segmentHeaderBytes;
  let point = header.before;
  let lastFrame: number | null = null;
  let maxIndex = 0;
  for (;;) {
    const frame = nextFrame(bytes, end, { salt: header.salt, after: point });
    if (typeof frame === "string") {
      const tail = classifyTail(bytes, { end, found: frame }, header.salt);
      return { end, point, lastFrame, maxIndex, tail };
    }
    const records = applyFrame(bytes, frame, replay);
    if (typeof records === "string") {
      const tail: Tail = { kind: "damaged", offset: end, found: records };
      return { end, point, lastFrame, maxIndex, tail };
    }
    maxIndex = Math.max(maxIndex, largestIndex(records));
    visit(frame, records);
    lastFrame = frame.offset;
    end = frame.end;
    point = frame.point;
  }
}

/**
 * A frame is written only after the one before it was synced. So a sound frame behind a bad place
 * proves that the bad place was once good and durable: damage. Without one, the bad place is what
 * is left of the last write.
 */
function classifyTail(
  bytes: Uint8Array,
  stop: { readonly end: number; readonly found: string },
  salt: Uint8Array,
): Tail {
  const rest = bytes.subarray(stop.end);
  if (isZero(rest)) return { kind: "clean" };
  const witness = findFrame(bytes, stop.end, salt);
  if (witness === null) {
    let end = bytes.length;
    while (bytes[end - 1] === 0) end -= 1;
    return { kind: "torn", end, found: stop.found };
  }
  const where = witness.offset === stop.end ? "in its place" : `at byte ${witness.offset}`;
  const number = witness.point.number;
  const found = `${stop.found}, though there is a sound frame (number ${number}) ${where}`;
  return { kind: "damaged", offset: stop.end, found };
}

/** The records of a frame, or a sentence that says why it cannot be part of this log. */
function applyFrame(
  bytes: Uint8Array,
  frame: SoundFrame,
  replay: Replay,
): readonly LogRecord[] | string {
  try {
    const records = recordsOf(bytes, frame);
    return replay.apply(records) ?? records;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

function largestIndex(records: readonly LogRecord[]): LogIndex {
  let largest = 0;
  for (const record of records) {
    if (record.type === "entries") largest = Math.max(largest, record.entries.at(-1)!.index);
  }
  return largest;
}
