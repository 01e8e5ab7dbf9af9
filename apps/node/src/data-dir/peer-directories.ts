/**
 * The data directories that were seen behind each peer's id, kept for ever: a peer whose disk was
 * wiped has forgotten its vote, and must not pass for the one it was.
 */
import { join } from "node:path";

import { z } from "zod";

import { exitCodes, StartError } from "../process/exit-codes.ts";
import { readDataFile, writeDataFile } from "./data-file.ts";

/** Its name in a data directory. */
export const peersFileName: string = "peers.json";

/** Most peers that are remembered: far more than join a cluster in its life. */
export const peersMax: number = 4096;

const fileSchema = z.object({
  formatVersion: z.literal(1),
  directories: z.record(z.string(), z.string()),
});

export class PeerDirectories {
  readonly #dataDir: string;
  readonly #directories: Map<string, string>;
  /** Writes one after the other: the last one must hold everything. */
  #written: Promise<void> = Promise.resolve();
  #changed = false;

  private constructor(dataDir: string, directories: Map<string, string>) {
    this.#dataDir = dataDir;
    this.#directories = directories;
  }

  /** @throws StartError (exit code 3) if the file is damaged */
  static async open(dataDir: string): Promise<PeerDirectories> {
    const path = join(dataDir, peersFileName);
    const text = await readDataFile(path);
    if (text === null) return new PeerDirectories(dataDir, new Map());
    try {
      const { directories } = fileSchema.parse(JSON.parse(text));
      return new PeerDirectories(dataDir, new Map(Object.entries(directories)));
    } catch (error) {
      throw new StartError(exitCodes.dataDir, `${path} is damaged`, { cause: error });
    }
  }

  /** The directory id seen behind this id; `null` if it was never heard of. */
  get(id: string): string | null {
    return this.#directories.get(id) ?? null;
  }

  /** Resolves when it is on the disk. */
  async remember(id: string, directoryId: string): Promise<void> {
    if (this.#directories.get(id) !== directoryId) {
      if (this.#directories.size >= peersMax && !this.#directories.has(id)) {
        throw new Error(`more than ${peersMax} peers were seen`);
      }
      this.#directories.set(id, directoryId);
      this.#changed = true;
      this.#written = this.#written.then(() => this.#writeChanges()); // the first failure is final
    }
    await this.#written;
  }

  /** One write holds everything that was remembered while the one before it was under way. */
  async #writeChanges(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    await this.#write();
  }

  async #write(): Promise<void> {
    const directories = Object.fromEntries(this.#directories);
    await writeDataFile(this.#dataDir, peersFileName, { formatVersion: 1, directories });
  }
}
