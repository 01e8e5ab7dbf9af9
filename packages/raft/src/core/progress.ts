/**
 * What a leader knows of one follower (§5.3, nextIndex and matchIndex of Figure 2).
 *
 * P1 `probe`: it is not known where the logs agree; one message at a time asks.
 * P2 `replicate`: the logs agree at `matchIndex`; entries are sent ahead of the answers, within a
 *    window of messages and bytes.
 * P3 `snapshot`: the follower needs what was compacted away; chunks are sent one at a time.
 * P4 `matchIndex` never goes down while we lead, and `nextIndex` is always above it.
 */
import type { LogIndex, NodeId } from "../types.ts";
import { invariant } from "./invariant.ts";

export interface SnapshotProgress {
  readonly index: LogIndex;
  /** Everything before this byte is durable at the follower. */
  offset: number;
  /** Heartbeats since the chunk at `offset` was asked for or sent. */
  heartbeatsWaited: number;
  /** How often the chunk at `offset` was sent again. */
  repeats: number;
  /** The host is reading the chunk. */
  reading: boolean;
}

export interface Progress {
  readonly id: NodeId;
  matchIndex: LogIndex;
  nextIndex: LogIndex;
  state: "probe" | "replicate" | "snapshot";
  /** P1: a probe is out; the next one waits for its answer or for a heartbeat. */
  probeSent: boolean;
  readonly window: InflightWindow;
  snapshot: SnapshotProgress | null;
  /** Answered something since CheckQuorum last looked. */
  recentlyActive: boolean;
  heartbeatDue: boolean;
  /** Newest read round sent and answered. */
  sentRound: number;
  ackedRound: number;
  /** The commit index that the follower will have learned once all sent messages arrive. */
  sentCommit: LogIndex;
}

export function newProgress(id: NodeId, nextIndex: LogIndex): Progress {
  return {
    id,
    matchIndex: 0,
    nextIndex,
    state: "probe",
    probeSent: false,
    window: new InflightWindow(),
    snapshot: null,
    recentlyActive: false,
    heartbeatDue: false,
    sentRound: 0,
    ackedRound: 0,
    sentCommit: 0,
  };
}

export function becomeProbe(p: Progress, nextIndex: LogIndex): void {
  invariant(nextIndex > p.matchIndex, "nextIndex is above matchIndex"); // P4
  p.state = "probe";
  p.nextIndex = nextIndex;
  p.probeSent = false;
  p.snapshot = null;
  p.window.clear();
}

export function becomeReplicate(p: Progress): void {
  p.state = "replicate";
  p.nextIndex = p.matchIndex + 1;
  p.probeSent = false;
  p.snapshot = null;
  p.sentCommit = 0;
  p.window.clear();
}

export function becomeSnapshot(p: Progress, index: LogIndex): void {
  p.state = "snapshot";
  p.probeSent = false;
  p.snapshot = { index, offset: 0, heartbeatsWaited: 0, repeats: 0, reading: false };
  p.window.clear();
}

/** What `add` was told and is not answered, oldest first. */
export interface WindowImage {
  readonly is: "window";
  readonly lastIndexes: readonly LogIndex[];
  readonly sizes: readonly number[];
}

/** What was given out and not answered: a queue of (last index, bytes). */
export class InflightWindow {
  #lastIndexes: LogIndex[] = [];
  #sizes: number[] = [];
  #bytes = 0;

  image(): WindowImage {
    return { is: "window", lastIndexes: this.#lastIndexes.slice(), sizes: this.#sizes.slice() };
  }

  get messages(): number {
    return this.#lastIndexes.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(lastIndex: LogIndex, bytes: number): void {
    this.#lastIndexes.push(lastIndex);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** An answer for `index` answers everything sent before it as well. */
  freeThrough(index: LogIndex): void {
    let freed = 0;
    while (freed < this.#lastIndexes.length && this.#lastIndexes[freed]! <= index) {
      this.#bytes -= this.#sizes[freed]!;
      freed += 1;
    }
    if (freed === 0) return;
    if (freed === this.#lastIndexes.length) return this.clear();
    this.#lastIndexes.splice(0, freed);
    this.#sizes.splice(0, freed);
  }

  clear(): void {
    this.#lastIndexes.length = 0;
    this.#sizes.length = 0;
    this.#bytes = 0;
  }
}
