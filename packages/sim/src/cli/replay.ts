/** `npm run replay`: runs a flight recording of a node again and shows what happened. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { RecordingFormatError, readRecording, writeRecording } from "@counter/raft";
import type { RaftStatus, Recording } from "@counter/raft";
import { replayRecording } from "../recording/replay.ts";
import type { ReplayEnd } from "../recording/replay.ts";
import { UsageError, parsed, wholeNumber } from "./arguments.ts";

const helpText = `npm run replay -- crash-1.ndjson [options]

Runs a flight recording again: the same core, in the state it was in, is given the same inputs. It is
a plain function of them, so it does what it did on the day, and as often as you like: put a
breakpoint where it breaks, or change a rule and see whether it still does.

A node writes crash-<n>.ndjson to its data directory when an invariant breaks, and flight-<n>.ndjson
when it is asked to: kill -USR2 <pid>. See docs/flight-recorder.md.

  --from N          shows the trace from this input on; by default all of it
  --until N         ends behind this input
  --status          shows the state of the core at the end
  --redact FILE     replays nothing, writes the recording to FILE with zeros for all commands and
                    snapshots; it replays just the same

A line of the trace is one fact: number of the input, ticks since the recording begins, who, what.

   #4097      12  n1  receives from n2  t3  appendEntries prev=8@3 entries=9@3 commit=8 round=0
   #4097      12  n1  writes w7  entries=9@3
   #4098      12  n1  persisted w7
   #4098      12  n1 -> n2  t3  appendEntriesResponse match=9 round=0

How to read it: start at the end. The last input is the one that broke; --until that number and
--status show what the core knew then. Compare with what it was told: the recordings of the other
nodes (kill -USR2) have the other side of every message.

Exit code 0: it went as recorded. 1: it differs from the recording: this is another release, or the
bug is mended. 2: wrong use, or no recording. 3: an invariant broke.`;

export interface ReplayEnvironment {
  /** Writes a line to stdout. */
  readonly print: (line: string) => void;
}

/** @returns the exit code, as `--help` explains it */
export function replayMain(argv: readonly string[], { print }: ReplayEnvironment): number {
  try {
    const { values, positionals } = parsed(() => parseFlags(argv));
    if (values.help === true) {
      print(helpText);
      return 0;
    }
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) {
      throw new UsageError("name one recording; --help says how to get one");
    }
    const from = values.from === undefined ? 0 : wholeNumber("--from", values.from);
    const until = values.until === undefined ? Infinity : wholeNumber("--until", values.until);
    const recording = readFile(file);
    if (values.redact !== undefined) {
      writeFileSync(values.redact, `${[...writeRecording(recording, true)].join("\n")}\n`);
      print(`${values.redact}: written, without commands`);
      return 0;
    }
    printHead(recording, print);
    const { end, status } = replayRecording(recording, { print, from, until });
    if (values.status === true && status !== null) printStatus(status, print);
    return printEnd(end, recording, print);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(error.message);
    return 2;
  }
}

function parseFlags(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      from: { type: "string" },
      until: { type: "string" },
      status: { type: "boolean" },
      redact: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function readFile(file: string): Recording {
  try {
    return readRecording(readFileSync(file, "utf8").split("\n"));
  } catch (error) {
    if (!(error instanceof RecordingFormatError) && !isFileError(error)) throw error;
    throw new UsageError(`${file}: ${error.message}`, { cause: error });
  }
}

/** The file is not there, is a folder, may not be read. */
function isFileError(error: unknown): error is Error {
  return typeof error === "object" && error !== null && "syscall" in error;
}

function printHead(recording: Recording, print: (line: string) => void): void {
  const { release, options, inputsBefore, redacted, error } = recording;
  const range = `inputs ${inputsBefore + 1} to ${lastNumber(recording)}`;
  print(`${options.id}, release ${release}, ${range}${redacted ? ", without commands" : ""}`);
  if (error !== null) print(`it stopped there: ${error}`);
}

function lastNumber({ inputsBefore, inputs }: Recording): number {
  return inputsBefore + inputs.length;
}

function printStatus(status: RaftStatus, print: (line: string) => void): void {
  const { peers, configuration, ...own } = status;
  for (const [name, value] of Object.entries({ ...own, voters: configuration.voters, ...peers })) {
    print(`  ${name.padEnd(20)}  ${JSON.stringify(value)}`);
  }
}

function printEnd(end: ReplayEnd, recording: Recording, print: (line: string) => void): number {
  switch (end.type) {
    case "asRecorded":
      print(`as recorded, up to input #${end.at}`);
      if (recording.error !== null && end.at === lastNumber(recording)) {
        print("what stopped the node was not the core");
      }
      return 0;
    case "differs":
      print(`DIFFERS at input #${end.at}: this release gives something else than was recorded`);
      return 1;
    case "broke":
      print(`BROKE at input #${end.at}: ${end.error}`);
      return 3;
  }
}
