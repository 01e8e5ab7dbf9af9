/** Whose requests a command carries out, in and out: the end of a command of version 3. */
import type { ByteReader, ByteWriter, Refuse } from "./bytes.ts";
import { CommandFormatError } from "./errors.ts";
import { checkWhole } from "./fields.ts";
import { traceContextBytes, tracesMax } from "./limits.ts";
import type { OperationTrace } from "./operations.ts";

const traceIdBytes = 16;

/** @param operations - how many there are in the command */
export function writeTraces(
  writer: ByteWriter,
  traces: readonly OperationTrace[],
  operations: number,
): void {
  writer.varint(checkWhole("the number of traces", traces.length, 1, tracesMax));
  let before = 0;
  for (const { first, count, context } of traces) {
    writer.varint(checkWhole("the place of a trace", first, before, operations - 1) - before);
    writer.varint(checkWhole("the operations of a trace", count, 1, operations - first));
    const problem = problemOf(context);
    if (problem !== null) throw new CommandFormatError(problem);
    writer.bytes(context);
    before = first;
  }
}

/** The contexts are views of what is read. */
export function readTraces(
  reader: ByteReader,
  operations: number,
  refuse: Refuse,
): readonly OperationTrace[] {
  const count = reader.varint(tracesMax);
  if (count === 0) throw refuse("it is of a version for traces, and has none");
  const traces: OperationTrace[] = [];
  let first = 0;
  for (let read = 0; read < count; read += 1) {
    first += reader.varint(operations);
    const covered = reader.varint(operations);
    if (covered === 0 || first + covered > operations) {
      throw refuse("a trace is of operations that are not there");
    }
    const context = reader.bytes(traceContextBytes);
    const problem = problemOf(context);
    if (problem !== null) throw refuse(problem);
    traces.push({ first, count: covered, context });
  }
  return traces;
}

/** Ids of zeros name nothing, by the standard. */
function problemOf(context: Uint8Array): string | null {
  if (context.length !== traceContextBytes) return `a trace has ${traceContextBytes} bytes`;
  const isNothing = (from: number, to: number): boolean => {
    for (let at = from; at < to; at += 1) if (context[at] !== 0) return false;
    return true;
  };
  if (isNothing(0, traceIdBytes)) return "a trace id is nothing but zeros";
  return isNothing(traceIdBytes, traceContextBytes) ? "a span id is nothing but zeros" : null;
}
