/** `identity.json`: whose a data directory is. What it says besides the mode is the mode's. */
import { join } from "node:path";

import { z } from "zod";

import type { Mode } from "../config/node-config.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { readDataFile, writeDataFile } from "./data-file.ts";

/** Of the file, in both modes. */
export const formatVersion = 1;

/** Its name in a data directory. */
export const identityFileName: string = "identity.json";

/**
 * @param as.mode - the only mode in which the directory may be started
 * @returns `null` for a directory that was never started
 * @throws StartError (exit code 3) for a file that cannot be read or understood
 */
export async function readIdentityFile<Identity>(
  dataDir: string,
  as: { readonly mode: Mode; readonly schema: z.ZodType<Identity> },
): Promise<Identity | null> {
  const path = join(dataDir, identityFileName);
  const text = await readDataFile(path);
  if (text === null) return null;
  const parsed = as.schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const found = z.object({ mode: z.string() }).safeParse(parseJson(text));
  if (found.success && found.data.mode !== as.mode) {
    const { mode } = found.data;
    throw new StartError(
      exitCodes.dataDir,
      `${dataDir} was started with --mode=${mode} and cannot run in another mode: start it with --mode=${mode}, or choose another --data-dir`,
    );
  }
  throw new StartError(
    exitCodes.dataDir,
    `${path} is damaged or of a newer release: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
  );
}

/** Durable when it resolves. */
export function writeIdentityFile(dataDir: string, identity: object): Promise<void> {
  return writeDataFile(dataDir, identityFileName, identity);
}

/** The identity on the disk; changes are written one after the other. */
export class KeptIdentity<Identity extends object> {
  readonly #dataDir: string;
  #identity: Identity;
  #last: Promise<unknown> = Promise.resolve();

  /** @param identity - what the disk says */
  constructor(dataDir: string, identity: Identity) {
    this.#dataDir = dataDir;
    this.#identity = identity;
  }

  /** Durable when it resolves. */
  change(change: Partial<Identity>): Promise<void> {
    this.#identity = { ...this.#identity, ...change };
    const written = this.#last.then(() => writeIdentityFile(this.#dataDir, this.#identity));
    this.#last = written.catch(() => undefined); // told to whoever asked for the change
    return written;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#last;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it with the right words
  }
}
