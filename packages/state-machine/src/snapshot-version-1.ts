/**
 * The records of a snapshot as the first release wrote them, and what it remembered of an answer.
 *
 * It counted no revisions. They begin with the first command of version 2, so that a server that has
 * read the whole log and one that has begun with a snapshot of version 1 count alike. For the same
 * reason what is remembered of a command of version 1 is what such a snapshot would have said.
 */
import type { ByteReader, Refuse } from "./bytes.ts";
import { never, unplaced, type CounterRecord } from "./counter-record.ts";
import { retired } from "./counter-writing.ts";
import { valueOutOfRange } from "./refusals.ts";
import type { OperationDone, SingleResult } from "./results.ts";
import { readNumbers, type CounterFrame } from "./snapshot-records.ts";
import { plainConfig } from "./types.ts";

const answerValue = 1;
const answerRange = 2;
const answerOutOfRange = 3;

export function readCounterOfVersion1(
  reader: ByteReader,
  { name, refuse }: CounterFrame,
): CounterRecord {
  const { value, issued } = readNumbers(reader, refuse);
  if (value === null) return retired(name, issued);
  const nothing = { config: plainConfig, revision: 0, expiresAt: never };
  return { name, value, issued, ...nothing, sequence: unplaced, slot: unplaced };
}

export function readAnswerOfVersion1(reader: ByteReader, refuse: Refuse): SingleResult {
  const kind = reader.byte();
  if (kind === answerOutOfRange) return valueOutOfRange;
  if (kind === answerValue) {
    const value = reader.number();
    return done({ value, previous: reader.number(), first: value });
  }
  if (kind !== answerRange) throw refuse("an answer is of an unknown kind");
  const previous = reader.number();
  const first = reader.number();
  const value = reader.number();
  if (first >= value) throw refuse("a range is empty or has one number");
  return done({ value, previous, first });
}

/** What the first release would have remembered of this answer. */
export function asOfVersion1(result: SingleResult): SingleResult {
  if (result.status === "ok") return done(result);
  return result.code === "value-out-of-range" ? valueOutOfRange : result;
}

function done({ value, previous, first }: Pick<OperationDone, "value" | "previous" | "first">) {
  return {
    status: "ok",
    replayed: false,
    value,
    previous,
    first,
    last: value,
    step: 1n,
    created: false,
    config: null,
    epoch: 0,
    revision: 0,
  } satisfies OperationDone;
}
