/** The log as lines of text: one fact a line. */
import { basename } from "node:path";
import type { ExaminationVisitor } from "../examine.ts";
import type { LogRecord } from "../format/records.ts";

/** How each column is made: file, offset of the frame, number of the frame, what, where, more. */
function line(...columns: readonly [string, number, string, string, string, string]): string {
  const [file, offset, frame, what, where, more] = columns;
  const place = `${file}  ${String(offset).padStart(9)}  ${frame.padEnd(8)}`;
  return `${place}  ${what.padEnd(13)}  ${where.padEnd(10)}  ${more}`.trimEnd();
}

/** Says every segment and every record as a line. */
export function logLines(say: (line: string) => void): ExaminationVisitor {
  // A Raft server stores its term with or before its first entries, a journal never does.
  let hasTerm = false;
  return {
    onSegment(path, header) {
      hasTerm ||= header.hardState.term > 0;
      const { before, bytes, hardState, lastIndex, snapshot } = header;
      const at = snapshot === null ? "none" : `${snapshot.index}@${snapshot.term}`;
      const state = `term ${hardState.term} vote ${hardState.vote ?? "-"}`;
      const log = `last ${lastIndex} commit ${hardState.commitIndex} snapshot ${at}`;
      const more = `${bytes} bytes, continues frame ${before.number}: ${state} ${log}`;
      say(line(basename(path), 0, "-", "segment", String(header.sequence), more));
    },
    onFrame(path, frame, records) {
      const place = [basename(path), frame.offset, `#${frame.point.number}`] as const;
      hasTerm ||= records.some(({ type }) => type === "hardState");
      for (const record of records) {
        for (const [what, where, more] of facts(record, !hasTerm))
          say(line(...place, what, where, more));
      }
    },
  };
}

type Fact = readonly [what: string, where: string, more: string];

function facts(record: LogRecord, inJournal: boolean): readonly Fact[] {
  switch (record.type) {
    case "entries":
      return record.entries.map(({ index, term, kind, data }) => [
        kind,
        `${index}@${term}`,
        inJournal && kind === "command"
          ? `${data.length} bytes: ${firstBytes(data)}`
          : `${data.length} bytes`,
      ]);
    case "hardState": {
      const { term, vote, commitIndex } = record.hardState;
      return [["hard state", "", `term ${term} vote ${vote ?? "-"} commit ${commitIndex}`]];
    }
    case "installed":
      return [snapshotFact(record, "the log restarts behind it")];
    case "saved":
      return [snapshotFact(record, "our own")];
  }
}

const shownBytes = 16;

function firstBytes(data: Uint8Array): string {
  const hex = Buffer.from(data.subarray(0, shownBytes)).toString("hex");
  return data.length > shownBytes ? `${hex}…` : hex;
}

function snapshotFact(record: Extract<LogRecord, { snapshot: unknown }>, more: string): Fact {
  const { index, term } = record.snapshot;
  return ["snapshot", `${index}@${term}`, `${record.type}: ${more}`];
}
