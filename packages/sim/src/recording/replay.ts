/** Runs a flight recording again, and sees whether it goes as it went. */
import { RaftCore, readyHash } from "@counter/raft";
import type { RaftStatus, RecordedInput, Recording } from "@counter/raft";
import { describeInput } from "../describe.ts";
import { factsOf } from "./facts.ts";

/** How a replay ended, at the input with this number. */
export type ReplayEnd =
  /** Every Ready was the recorded one, as far as it went. */
  | { readonly type: "asRecorded"; readonly at: number }
  /** The core broke, by an invariant or otherwise. */
  | { readonly type: "broke"; readonly at: number; readonly error: string }
  /** Another Ready than the recorded one: a bug that was mended, or another release. */
  | { readonly type: "differs"; readonly at: number };

export interface ReplayOptions {
  /** Takes a line of the trace: `#input  tick  who  what`. */
  readonly print: (line: string) => void;
  /** Numbers of the first and the last input that are shown; nothing is replayed behind the last. */
  readonly from: number;
  readonly until: number;
}

export interface ReplayResult {
  readonly end: ReplayEnd;
  /** Of the core as it is then; `null` if not even the image makes a core. */
  readonly status: RaftStatus | null;
}

export function replayRecording(recording: Recording, options: ReplayOptions): ReplayResult {
  let core: RaftCore;
  try {
    core = RaftCore.fromImage(recording.options, recording.image);
  } catch (error) {
    const end = { type: "broke", at: recording.inputsBefore, error: textOf(error) } as const;
    return { end, status: null };
  }
  const end = new Replay(core, recording, options).run();
  return { end, status: core.status() };
}

class Replay {
  readonly #core: RaftCore;
  readonly #recording: Recording;
  readonly #options: ReplayOptions;
  /** Number of the input that is being replayed. */
  #at: number;
  #tick = 0;

  constructor(core: RaftCore, recording: Recording, options: ReplayOptions) {
    this.#core = core;
    this.#recording = recording;
    this.#options = options;
    this.#at = recording.inputsBefore;
  }

  run(): ReplayEnd {
    try {
      return this.#run();
    } catch (error) {
      return { type: "broke", at: this.#at, error: textOf(error) };
    }
  }

  #run(): ReplayEnd {
    const { readiesBefore, inputs, error } = this.#recording;
    if (!this.#draw(readiesBefore)) return { type: "differs", at: this.#at };
    for (const recorded of inputs) {
      if (recorded.number > this.#options.until) return { type: "asRecorded", at: this.#at };
      this.#step(recorded);
      if (!this.#draw(recorded.readies)) return { type: "differs", at: this.#at };
    }
    // A Ready that could not be drawn was not recorded: if one is due, see whether it breaks.
    if (error !== null && this.#core.hasReady()) this.#show(this.#core.ready());
    return { type: "asRecorded", at: this.#at };
  }

  #step({ number, input }: RecordedInput): void {
    this.#at = number;
    if (input.type === "tick") this.#tick += 1;
    else this.#say(`${this.#recording.options.id}  ${describeInput(input)}`);
    this.#core.step(input);
  }

  /** @returns whether all of them are the recorded ones */
  #draw(hashes: readonly number[]): boolean {
    return hashes.every((hash) => {
      const ready = this.#core.ready();
      this.#show(ready);
      return readyHash(ready) === hash;
    });
  }

  #show(ready: ReturnType<RaftCore["ready"]>): void {
    if (!this.#isShown) return;
    for (const fact of factsOf(this.#recording.options.id, ready)) this.#say(fact);
  }

  get #isShown(): boolean {
    return this.#at >= this.#options.from && this.#at <= this.#options.until;
  }

  #say(what: string): void {
    if (!this.#isShown) return;
    const tick = String(this.#tick).padStart(6);
    this.#options.print(`${`#${this.#at}`.padStart(8)}  ${tick}  ${what}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
