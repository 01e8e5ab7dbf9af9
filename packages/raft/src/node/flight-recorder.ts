/**
 * Keeps what is needed to run the last part of a run again: an image of the core, and every input
 * since.
 *
 * F1 There are two generations, each an image and the inputs after it. When the younger one is full
 *    it becomes the older one, which is forgotten: so between one and two of them are always there.
 * F2 A generation is full once it has `everyInputs` inputs or half of `maxBytes`: so it is above
 *    its bytes by one input at most.
 * F3 While the node runs nothing is written or copied. What is kept by reference (entries, commands,
 *    rare inputs) is never changed by anyone.
 */
import type { Input, Ready } from "../core/door.ts";
import type { RaftImage } from "../core/image.ts";
import { invariant } from "../core/invariant.ts";
import type { RaftObserver, RaftRun } from "./ports.ts";
import { readyHash } from "./ready-hash.ts";
import { writeRecording } from "./recording.ts";
import type { RecordedInput, Recording } from "./recording.ts";
import { Tape } from "./tape.ts";
import type { TapeEvent } from "./tape.ts";

/** Inputs of a generation, unless told otherwise. */
export const recordedInputsDefault: number = 4096;
/** Bytes of both generations together, unless told otherwise. */
export const recordedBytesDefault: number = 16 * 1024 * 1024;

export interface FlightRecorderOptions {
  /** What recorded, for who replays it: name or version of the program. */
  readonly release?: string;
  /** At least so many inputs are kept, and at most twice as many; default 4096. */
  readonly everyInputs?: number;
  /**
   * Memory for what is kept, estimated; default 16 MiB. Two inputs may come on top, and the entries
   * of the log as it was at the beginning, as far as it has been compacted since.
   */
  readonly maxBytes?: number;
  /**
   * Writes zeros of the same length for commands and snapshots. Node ids, addresses, terms and
   * sizes stay; a redacted recording replays like any other. Default false.
   */
  readonly redactCommands?: boolean;
}

/** An image and what came after it. */
interface Generation {
  readonly image: RaftImage;
  /** Inputs of the run before the image. */
  readonly inputsBefore: number;
  readonly tape: Tape;
  inputs: number;
  bytes: number;
}

/**
 * An observer that can say how it came to this.
 *
 * @example
 * ```ts
 * const recorder = new FlightRecorder({ release: "1.4.0" });
 * const observer = combineObservers(recorder, { onFatal: () => save(recorder.recording()) });
 * const node = await RaftNode.start({ ...options, observer });
 * ```
 */
export class FlightRecorder implements RaftObserver {
  readonly #release: string;
  readonly #everyInputs: number;
  readonly #generationMaxBytes: number;
  readonly #redact: boolean;
  #run: RaftRun | null = null;
  #older: Generation | null = null;
  #younger: Generation | null = null;
  #error: Error | null = null;

  /** @throws {RangeError} on limits that are not positive integers */
  constructor(options: FlightRecorderOptions = {}) {
    const { everyInputs = recordedInputsDefault, maxBytes = recordedBytesDefault } = options;
    if (!Number.isSafeInteger(everyInputs) || everyInputs < 1) {
      throw new RangeError("everyInputs must be an integer of at least 1");
    }
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
      throw new RangeError("maxBytes must be an integer of at least 1");
    }
    this.#release = options.release ?? "unknown";
    this.#everyInputs = everyInputs;
    this.#generationMaxBytes = maxBytes / 2;
    this.#redact = options.redactCommands ?? false;
  }

  onStart(run: RaftRun): void {
    this.#run = run;
    this.#older = null;
    this.#younger = generationOf(run, 0, new Tape(run.options.id));
    this.#error = null;
  }

  onInput(input: Input): void {
    let younger = this.#younger;
    if (younger === null) return;
    if (younger.inputs >= this.#everyInputs || younger.bytes >= this.#generationMaxBytes) {
      younger = this.#begin(younger);
    }
    younger.bytes += younger.tape.addInput(input);
    younger.inputs += 1;
  }

  onReady(ready: Ready): void {
    this.#younger?.tape.addReady(readyHash(ready));
  }

  onFatal(error: Error): void {
    this.#error = error;
  }

  /**
   * What was recorded, as lines of NDJSON without their ends. It is the state of this moment,
   * whenever the lines are taken; taking them is work (some 100 ms), and may be interrupted.
   *
   * @returns nothing before the node has started
   */
  recording(): IterableIterator<string> {
    if (this.#run === null || this.#younger === null) return [].values();
    const first = this.#older ?? this.#younger;
    const events = this.#older?.tape.events() ?? [];
    const recording: Recording = {
      release: this.#release,
      options: this.#run.options,
      redacted: this.#redact,
      error: this.#error === null ? null : `${this.#error.name}: ${this.#error.message}`,
      image: first.image,
      inputsBefore: first.inputsBefore,
      ...runOf(events.concat(this.#younger.tape.events()), first.inputsBefore),
    };
    return writeRecording(recording, this.#redact);
  }

  /** F1: takes the place of the younger generation, which is full. */
  #begin({ inputsBefore, inputs }: Generation): Generation {
    invariant(this.#run !== null, "a generation belongs to a run");
    const tape = this.#older?.tape ?? new Tape(this.#run.options.id);
    tape.clear();
    this.#older = this.#younger;
    return (this.#younger = generationOf(this.#run, inputsBefore + inputs, tape));
  }
}

function generationOf(run: RaftRun, inputsBefore: number, tape: Tape): Generation {
  return { image: run.image(), inputsBefore, tape, inputs: 0, bytes: 0 };
}

function runOf(
  events: readonly TapeEvent[],
  inputsBefore: number,
): Pick<Recording, "readiesBefore" | "inputs"> {
  const readiesBefore: number[] = [];
  const inputs: RecordedInput[] = [];
  let readies = readiesBefore;
  for (const event of events) {
    if (typeof event === "number") readies.push(event);
    else {
      readies = [];
      inputs.push({ number: inputsBefore + inputs.length + 1, input: event, readies });
    }
  }
  return { readiesBefore, inputs };
}
