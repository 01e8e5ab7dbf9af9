/**
 * What happened, twice: as a hash that is always kept (two runs of a seed must agree on it), and as
 * lines of text, `tick  who  what`, which are only written when somebody will read them.
 */
import type { Input, MessageType } from "@counter/raft";
import { unitsPerTick } from "./event-heap.ts";

/** Most lines kept; the oldest go first, the end of a failing run is what matters. */
export const traceMaxLines: number = 400_000;

export class Trace {
  /** Whether lines are wanted; look before you build one. */
  readonly recording: boolean;
  readonly #timeText: (now: number) => string;
  #lines: string[] = [];
  #dropped = 0;
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  /** @param timeText - how a time is written; as ticks if it is left out */
  constructor(recording: boolean, timeText: (now: number) => string = tickText) {
    this.recording = recording;
    this.#timeText = timeText;
  }

  /** Stirs a number into the hash. */
  mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = Math.imul((this.#b << 5) ^ (this.#b >>> 27) ^ value, 0x85ebca6b);
  }

  /** Adds `tick  who  what`. */
  line(now: number, who: string, what: string): void {
    if (!this.recording) return;
    if (this.#lines.length >= traceMaxLines) {
      const half = traceMaxLines >> 1;
      this.#lines = this.#lines.slice(half);
      this.#dropped += half;
    }
    this.#lines.push(`${this.#timeText(now).padStart(9)}  ${who}  ${what}`);
  }

  get lines(): readonly string[] {
    if (this.#dropped === 0) return this.#lines;
    return [`           (${this.#dropped} earlier lines were dropped)`, ...this.#lines];
  }

  /** Sixteen hex digits that stand for the whole run. */
  get hash(): string {
    return [this.#a, this.#b].map((n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

/** Virtual time as people read it: ticks, with hundredths. */
export function tickText(now: number): string {
  return (now / unitsPerTick).toFixed(2);
}

/** Numbers that stand for inputs in the hash of a trace. */
export const inputCodes: Readonly<Record<Input["type"], number>> = {
  tick: 1,
  receive: 2,
  propose: 3,
  read: 4,
  persisted: 5,
  applied: 6,
  campaign: 7,
  stepDown: 8,
  snapshotSaved: 9,
  snapshotRead: 10,
  unreachable: 11,
  transfer: 12,
  changeMembership: 13,
};

/** Numbers that stand for messages. */
export const messageCodes: Readonly<Record<MessageType, number>> = {
  requestVote: 1,
  requestVoteResponse: 2,
  appendEntries: 3,
  appendEntriesResponse: 4,
  installSnapshot: 5,
  installSnapshotResponse: 6,
  readIndexRequest: 7,
  readIndexResponse: 8,
  timeoutNow: 9,
};
