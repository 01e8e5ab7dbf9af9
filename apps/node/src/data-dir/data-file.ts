/** The small JSON files of a data directory. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { writeDurably } from "./durable-file.ts";

/**
 * @returns `null`: there is no such file
 * @throws StartError (exit code 3) for a file that cannot be read
 */
export async function readDataFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    const message = `cannot read ${path}: ${messageOf(error)}`;
    throw new StartError(exitCodes.dataDir, message, { cause: error });
  }
}

/**
 * Durable when it resolves; one at a time for each file.
 *
 * @param name - of the file in the data directory
 */
export async function writeDataFile(dataDir: string, name: string, content: object): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);
  await writeDurably(join(dataDir, name), [bytes], `${name}.new`);
}
