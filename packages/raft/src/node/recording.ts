/**
 * A flight recording as lines of NDJSON, version 1:
 *
 *   {"format": "counter-raft-recording", "version": 1, "release", "options", "error", …}
 *   {"image": …, "ready": []}             the core's state, without the entries of its log
 *   {"entry": …}                          one line an entry of that log
 *   {"n": 4097, "input": …, "ready": [168496141]}   one line an input
 *
 * `ready` has a hash for every Ready that was drawn then, before the next input.
 *
 * Recordings of old releases must be read for ever: what a later version changes has to be told
 * apart by `version`, what it adds must be optional here.
 */
import type { Input, RaftOptions } from "../core/door.ts";
import type { RaftImage } from "../core/image.ts";
import { toJson } from "./recording-json.ts";
import type { TapeEvent } from "./tape.ts";

export const recordingFormat: string = "counter-raft-recording";
/** The version that is written, and the only one there is. */
export const recordingVersion: number = 1;

/** A part of a run that can be run again. */
export interface Recording {
  /** What recorded it. */
  readonly release: string;
  readonly options: RaftOptions;
  /** Commands and snapshots were replaced by zeros. */
  readonly redacted: boolean;
  /** Why the node stopped; `null` if it did not. */
  readonly error: string | null;
  readonly image: RaftImage;
  /** Inputs of the run before the image: the first one recorded has the number after it. */
  readonly inputsBefore: number;
  /** What the core gave between the image and the first input. */
  readonly readiesBefore: readonly number[];
  readonly inputs: readonly RecordedInput[];
}

export interface RecordedInput {
  /** Counted from 1 at the start of the run. */
  readonly number: number;
  readonly input: Input;
  /** One hash for every Ready that was drawn before the next input. */
  readonly readies: readonly number[];
}

/** What a recorder has when it is asked. */
export interface RecordedRun {
  readonly release: string;
  readonly options: RaftOptions;
  readonly redact: boolean;
  readonly error: Error | null;
  readonly image: RaftImage;
  readonly inputsBefore: number;
  readonly events: readonly TapeEvent[];
}

export function* writeRecording(run: RecordedRun): Generator<string> {
  const { release, options, redact, error, image, inputsBefore, events } = run;
  const { log, ...others } = image;
  const { entries, ...emptyLog } = logOf(log);
  yield JSON.stringify({
    format: recordingFormat,
    version: recordingVersion,
    release,
    redacted: redact,
    error: error === null ? null : `${error.name}: ${error.message}`,
    inputsBefore,
    inputs: events.filter((event) => typeof event !== "number").length,
    entries: entries.length,
    options,
  });
  const state = toJson({ ...others, log: { ...emptyLog, entries: [] } }, redact);
  yield JSON.stringify({ image: state, ready: hashesFrom(events, 0) });
  for (const entry of entries) yield JSON.stringify({ entry: toJson(entry, redact) });
  let number = inputsBefore;
  for (const [at, event] of events.entries()) {
    if (typeof event === "number") continue;
    number += 1;
    const ready = hashesFrom(events, at + 1);
    yield JSON.stringify({ n: number, input: toJson(event, redact), ready });
  }
}

/** Of the Readys from there to the next input. */
function hashesFrom(events: readonly TapeEvent[], from: number): number[] {
  const hashes: number[] = [];
  for (let at = from; at < events.length; at += 1) {
    const event = events[at]!;
    if (typeof event !== "number") break;
    hashes.push(event);
  }
  return hashes;
}

function logOf(log: unknown): { readonly entries: readonly unknown[] } {
  const hasEntries = typeof log === "object" && log !== null && "entries" in log;
  if (!hasEntries || !Array.isArray(log.entries)) return { entries: [] };
  return { ...log, entries: log.entries };
}
