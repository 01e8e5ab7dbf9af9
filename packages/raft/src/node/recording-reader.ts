/** Reads flight recordings, of this release and of every earlier one. */
import { emptyConfiguration } from "../core/configuration.ts";
import type { Input } from "../core/door.ts";
import { defaultRaftOptions } from "../core/options.ts";
import { fromJson } from "./recording-json.ts";
import { recordingFormat, recordingVersion } from "./recording.ts";
import type { RecordedInput, Recording } from "./recording.ts";

/** The lines are not those of a recording, or of one that this release cannot read. */
export class RecordingFormatError extends Error {
  override readonly name = "RecordingFormatError";
  readonly code = "RAFT_RECORDING_FORMAT";
}

/**
 * Reads a recording.
 *
 * @param lines - without their ends; what follows the last input is not looked at
 * @throws {RecordingFormatError} that names the line
 */
export function readRecording(lines: Iterable<string>): Recording {
  const reader = new LineReader(lines);
  const header = reader.next();
  if (header["format"] !== recordingFormat) throw reader.wrong("not a flight recording");
  if (header["version"] !== recordingVersion) {
    throw reader.wrong(`version ${String(header["version"])} is not known to this release`);
  }
  const inputsBefore = reader.count(header["inputsBefore"]);
  const inputCount = reader.count(header["inputs"]);
  const entryCount = reader.count(header["entries"]);
  const options = reader.object(header["options"]);
  const imageLine = reader.next();
  const image = reader.data(imageLine["image"]);
  const readiesBefore = reader.hashes(imageLine["ready"]);
  const entries: unknown[] = [];
  while (entries.length < entryCount) entries.push(reader.data(reader.next()["entry"]));
  const inputs: RecordedInput[] = [];
  while (inputs.length < inputCount) {
    const line = reader.next();
    const number = reader.count(line["n"]);
    if (number !== inputsBefore + inputs.length + 1) throw reader.wrong("an input is missing");
    inputs.push({
      number,
      input: reader.input(line["input"]),
      readies: reader.hashes(line["ready"]),
    });
  }
  const { error, release } = header;
  return {
    release: typeof release === "string" ? release : "unknown",
    // Options that are newer than the recording have their defaults; the core checks them all.
    options: { ...defaultRaftOptions, id: "", seed: 0, ...options },
    redacted: header["redacted"] === true,
    error: typeof error === "string" ? error : null,
    image: { ...image, log: { ...reader.object(image["log"]), entries } },
    inputsBefore,
    readiesBefore,
    inputs,
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Takes line after line and says at which one something is wrong. */
class LineReader {
  readonly #lines: Iterator<string, unknown>;
  #number = 0;

  constructor(lines: Iterable<string>) {
    this.#lines = lines[Symbol.iterator]();
  }

  wrong(what: string, cause?: unknown): RecordingFormatError {
    return new RecordingFormatError(`line ${this.#number}: ${what}`, { cause });
  }

  next(): Fields {
    const { value, done } = this.#lines.next();
    this.#number += 1;
    if (done === true) throw this.wrong("the recording ends too early");
    try {
      return this.object(JSON.parse(value));
    } catch (error) {
      throw this.wrong("not a line of a recording", error);
    }
  }

  object(value: unknown): Fields {
    if (!isFields(value)) throw this.wrong("a part is missing");
    return value;
  }

  data(json: unknown): Fields {
    try {
      return this.object(fromJson(json, completed));
    } catch (error) {
      throw this.wrong("malformed data", error);
    }
  }

  count(value: unknown): number {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.wrong("a number is missing");
    }
    return value;
  }

  hashes(value: unknown): readonly number[] {
    if (!Array.isArray(value)) throw this.wrong("the hashes are missing");
    return value.map((hash) => this.count(hash));
  }

  /** Whether this release knows such an input, and whether its parts fit, the core will tell. */
  input(json: unknown): Input {
    const data = this.data(json);
    if (!isInput(data)) throw this.wrong("not an input");
    return data;
  }
}

/** Configurations are everywhere; what they did not have yet when it was recorded is empty. */
function completed(value: object): object {
  return "voters" in value && "outgoing" in value ? { ...emptyConfiguration, ...value } : value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInput(data: Fields): data is Fields & Input {
  return typeof data["type"] === "string";
}
