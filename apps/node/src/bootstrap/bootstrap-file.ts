/**
 * `bootstrap.json`: what a node must not forget before it belongs to a cluster: which directory it
 * is, and the proposal that it has pledged itself to. Of no use once there is an `identity.json`.
 */
import { join } from "node:path";

import { z } from "zod";

import { readDataFile, writeDataFile } from "../data-dir/data-file.ts";
import { syncFolder } from "../data-dir/durable-file.ts";
import { newDirectoryId } from "../data-dir/identity.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import type { Candidate, Proposal } from "./types.ts";
import { proposalSchema } from "./wire.ts";

/** Its name in a data directory. */
export const bootstrapFileName: string = "bootstrap.json";

const schema = z.object({
  formatVersion: z.literal(1),
  directoryId: z.string().regex(/^[0-9a-f]{32}$/),
  address: z.string().min(1).max(128),
  pledge: proposalSchema.nullable(),
});

/** What was found. */
export interface KeptCandidate extends Candidate {
  readonly pledge: Proposal | null;
}

export class BootstrapFile {
  readonly kept: KeptCandidate;
  readonly #dataDir: string;
  /** One write after the other, in the order in which they were asked for. */
  #written: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, kept: KeptCandidate) {
    this.#dataDir = dataDir;
    this.kept = kept;
  }

  /**
   * Durable when it resolves: the directory has its id for ever.
   *
   * @throws StartError (exit code 3) for a file that is damaged, or pledged under another address
   */
  static async open(dataDir: string, address: string): Promise<BootstrapFile> {
    const found = await readBootstrapFile(dataDir);
    if (found?.pledge != null && found.address !== address) {
      const text = `${dataDir} is pledged to a cluster as the node at ${found.address}, but this one is ${address}: start it with its own address, or choose another --data-dir`;
      throw new StartError(exitCodes.dataDir, text);
    }
    // What is read may not be on the disk: the process before this one may have died before its sync.
    if (found !== null) await syncFolder(dataDir);
    const directoryId = found?.directoryId ?? newDirectoryId();
    const kept = { directoryId, address, pledge: found?.pledge ?? null };
    const file = new BootstrapFile(dataDir, kept);
    if (found?.address !== address) await file.write(kept.pledge);
    return file;
  }

  /** Resolves when this pledge, and every one before it, is on the disk. */
  write(pledge: Proposal | null): Promise<void> {
    const content = { formatVersion: 1, ...this.kept, pledge };
    // The first failure is final: nothing may be promised after it.
    this.#written = this.#written.then(() =>
      writeDataFile(this.#dataDir, bootstrapFileName, content),
    );
    return this.#written;
  }
}

/**
 * The id of a directory that was a candidate and is started in another way now.
 *
 * @throws StartError (exit code 3) if it is pledged, and for a file that is damaged
 */
export async function formerCandidate(dataDir: string): Promise<string | null> {
  const found = await readBootstrapFile(dataDir);
  if (found?.pledge == null) return found?.directoryId ?? null;
  const text = `${dataDir} is pledged to a cluster that may have begun: start it with --bootstrap-expect=${found.pledge.expect}, or choose another --data-dir`;
  throw new StartError(exitCodes.dataDir, text);
}

async function readBootstrapFile(dataDir: string): Promise<KeptCandidate | null> {
  const path = join(dataDir, bootstrapFileName);
  const text = await readDataFile(path);
  if (text === null) return null;
  try {
    const { directoryId, address, pledge } = schema.parse(JSON.parse(text));
    return { directoryId, address, pledge };
  } catch (error) {
    const message = `${path} is damaged or of a newer release: this node has no data yet; if no other node waits for it, empty ${dataDir}`;
    throw new StartError(exitCodes.dataDir, message, { cause: error });
  }
}
