import fc from "fast-check";
import { decodeBatch } from "./command-reader.ts";
import { encodeBatch } from "./command-writer.ts";
import { CommandFormatError, UnknownCommandError } from "./errors.ts";
import { commands } from "./test-support/arbitraries.ts";
import { damaged, drawFrom } from "./test-support/mutations.ts";
import type { CommandBatch, Operation } from "./operations.ts";

const seed = 20_260_101;

/** The command, or `null` if it was refused with an error of ours. */
function decodeOrRefuse(bytes: Uint8Array): CommandBatch | null {
  try {
    return decodeBatch(bytes);
  } catch (error) {
    if (error instanceof CommandFormatError || error instanceof UnknownCommandError) return null;
    throw error;
  }
}

function partsOf(operation: Operation): number {
  if (operation.type === "restore") return 1 + operation.counters.length;
  return operation.type === "group" ? 1 + operation.operations.length : 1;
}

/** Things in memory that the bytes made us build. */
function builtFrom(command: CommandBatch): number {
  const traces = command.traces?.length ?? 0;
  return command.operations.reduce((sum, operation) => sum + partsOf(operation), traces);
}

it("150,000 damaged commands are refused, or mean exactly what their bytes say", () => {
  const originals = fc
    .sample(commands, { numRuns: 60, seed })
    .flat()
    .map((command) => encodeBatch(command));
  const draw = drawFrom(seed);
  let refused = 0;
  for (let run = 0; run < 150_000; run += 1) {
    const bytes = damaged(originals[draw(originals.length)]!, draw);
    const command = decodeOrRefuse(bytes);
    if (command === null) {
      refused += 1;
      continue;
    }
    if (bytes[0] === 1) continue; // nothing writes version 1 any more
    // One encoding each: bytes that are accepted are the bytes of what they mean.
    if (Buffer.compare(encodeBatch(command), bytes) !== 0) throw new Error(`run ${run}`);
    if (builtFrom(command) > bytes.length) throw new Error(`run ${run} built too much`);
  }
  expect(refused).toBeGreaterThan(75_000);
  expect(refused).toBeLessThan(150_000);
});

it("20,000 strings of random bytes are refused with errors of ours", () => {
  const draw = drawFrom(seed + 1);
  for (let run = 0; run < 20_000; run += 1) {
    const bytes = Uint8Array.from({ length: draw(200) }, () => draw(256));
    if (draw(2) === 0 && bytes.length > 0) bytes[0] = 1 + draw(3);
    expect(() => decodeOrRefuse(bytes)).not.toThrow();
  }
});
