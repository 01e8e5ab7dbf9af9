/**
 * What a leader knows of one follower (§5.3, nextIndex and matchIndex of Figure 2).
 *
 * P1 `probe`: it is not known where the logs agree; one message at a time asks.
 * P2 `replicate`: the logs agree at `matchIndex`; entries are sent ahead of the answers, within a
 *    window of messages and bytes.
 * P3 `snapshot`: the follower needs what was compacted away; chunks are sent one at a time.
 * P4 `matchIndex` never goes down while we lead, and `nextIndex` is always above it.
 */
import type { LogIndex, Member, NodeId } from "../types.ts";
import { invariant } from "./invariant.ts";

export interface SnapshotProgress {
  readonly index: LogIndex;
  /** Everything before this byte is durable at the follower. */
  offset: number;
  /** It has one of the places of `snapshotTransfersMax`; if not, it waits for one. */
  sending: boolean;
  /** What became of the chunk at `offset`. */
  chunk: "due" | "reading" | "sent";
  /** Who has the smallest number has waited longest. */
  turn: number;
  /** Heartbeats since the chunk at `offset` was asked for or sent. */
  heartbeatsWaited: number;
  /** The largest `offset` that was reached in this place, in whichever snapshot. */
  furthest: number;
  /** Heartbeats since `furthest` moved, without those in which the chunk was due. */
  heartbeatsStalled: number;
  /** How often the chunk at `offset` was sent again. */
  repeats: number;
}

/** More ticks than any leader rules. A small integer: a larger number costs every status a box. */
export const neverHeard: number = 1_000_000_000;

/** A peer that was removed and is still being told so. */
export interface Farewell {
  readonly member: Member;
  ticksLeft: number;
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
  /** Ticks since it was last heard of, counted from our election. */
  silentTicks: number;
  heartbeatDue: boolean;
  /** Newest read round sent and answered. */
  sentRound: number;
  ackedRound: number;
  /** The commit index that the follower will have learned once all sent messages arrive. */
  sentCommit: LogIndex;
  farewell: Farewell | null;
  /** For a learner that wants to vote: what it must have by the next election timeout. */
  roundTarget: LogIndex;
  roundsKeptUp: number;
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
    silentTicks: neverHeard,
    heartbeatDue: false,
    sentRound: 0,
    ackedRound: 0,
    sentCommit: 0,
    farewell: null,
    roundTarget: nextIndex - 1,
    roundsKeptUp: 0,
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

export function becomeSnapshot(p: Progress, index: LogIndex): SnapshotProgress {
  p.state = "snapshot";
  p.probeSent = false;
  p.window.clear();
  p.snapshot = {
    index,
    offset: 0,
    sending: false,
    chunk: "due",
    turn: 0,
    heartbeatsWaited: 0,
    furthest: 0,
    heartbeatsStalled: 0,
    repeats: 0,
  };
  return p.snapshot;
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
