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

/**
 * The lines of a recording, without their ends.
 *
 * @param redact - zeros take the place of commands and snapshots, and the recording says so
 */
export function* writeRecording(recording: Recording, redact: boolean): Generator<string> {
  const { release, options, error, image, inputsBefore, readiesBefore, inputs } = recording;
  const { log, ...others } = image;
  const { entries, ...emptyLog } = logOf(log);
  yield JSON.stringify({
    format: recordingFormat,
    version: recordingVersion,
    release,
    redacted: redact || recording.redacted,
    error,
    inputsBefore,
    inputs: inputs.length,
    entries: entries.length,
    options,
  });
  const state = toJson({ ...others, log: { ...emptyLog, entries: [] } }, redact);
  yield JSON.stringify({ image: state, ready: readiesBefore });
  for (const entry of entries) yield JSON.stringify({ entry: toJson(entry, redact) });
  for (const { number, input, readies } of inputs) {
    yield JSON.stringify({ n: number, input: toJson(input, redact), ready: readies });
  }
}

function logOf(log: unknown): { readonly entries: readonly unknown[] } {
  const hasEntries = typeof log === "object" && log !== null && "entries" in log;
  if (!hasEntries || !Array.isArray(log.entries)) return { entries: [] };
  return { ...log, entries: log.entries };
}
