/**
 * `gossip.json`: what a process leaves for the next one of its node. Losing it costs a few seconds,
 * so that it is written now and then, and a damaged one is no reason not to start.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { GossipSnapshot } from "@counter/gossip";
import type { Logger } from "winston";
import { z } from "zod";

import { formatAddress } from "../config/addresses.ts";
import { writeDataFile } from "../data-dir/data-file.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { NowAndThen } from "../process/now-and-then.ts";

/** Its name in a data directory. */
export const gossipFileName: string = "gossip.json";
/** Members whose addresses are kept: any one of them tells of all others. */
export const keptAddressesMax: number = 64;
/** Longest time that a change is not on the disk; least time between two writes. */
const writeEveryMs = 10_000;
/** Above it there would be no room to object to what others say of us; nobody gets there in life. */
const incarnationMax = 0x8000_0000;

const schema = z.object({
  formatVersion: z.literal(1),
  incarnation: z.number().int().min(1).max(incarnationMax),
  addresses: z.array(z.string().min(1).max(300)).max(keptAddressesMax),
});

/** What was found. */
export interface KeptGossip {
  readonly incarnation: number;
  /** Where living members were, as `host:port`. */
  readonly addresses: readonly string[];
}

export class GossipFile {
  readonly #dataDir: string;
  readonly #log: Logger;
  readonly #everyMs: number;
  readonly #failures = new NowAndThen();
  /** What the process before left; `null` if there is nothing that can be used. */
  readonly kept: KeptGossip | null;
  #source: (() => GossipSnapshot) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, log: Logger, kept: KeptGossip | null, everyMs: number) {
    this.#dataDir = dataDir;
    this.#log = log;
    this.kept = kept;
    this.#everyMs = everyMs;
  }

  /** Never rejects: what cannot be used is told, and the node begins anew. */
  static async open(
    dataDir: string,
    log: Logger,
    everyMs: number = writeEveryMs,
  ): Promise<GossipFile> {
    return new GossipFile(dataDir, log, await read(join(dataDir, gossipFileName), log), everyMs);
  }

  /** From now on this is what is written. */
  follow(source: () => GossipSnapshot): void {
    this.#source = source;
  }

  /** Something is different: written at once, or together with what follows soon. */
  changed(): void {
    this.#dirty = true;
    if (this.#timer === null) this.#write();
  }

  /** Writes what is not written yet, and nothing after that. */
  async close(): Promise<void> {
    this.#stopTimer();
    if (this.#dirty) this.#write();
    this.#source = null;
    this.#stopTimer();
    await this.#writing;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #write(): void {
    const snapshot = this.#source?.();
    if (snapshot === undefined) return;
    this.#dirty = false;
    const addresses = snapshot.addresses.slice(0, keptAddressesMax).map(formatAddress);
    const content = { formatVersion: 1, incarnation: snapshot.incarnation, addresses };
    this.#writing = this.#writing
      .then(() => writeDataFile(this.#dataDir, gossipFileName, content))
      .catch((error: unknown) => this.#onFailure(error));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#dirty) this.#write();
    }, this.#everyMs).unref();
  }

  #onFailure(error: unknown): void {
    this.#dirty = true; // the next change writes it, too
    if (this.#failures.count("write") === 0) return;
    this.#log.warn(`${gossipFileName} cannot be written`, { reason: messageOf(error) });
  }
}

async function read(path: string, log: Logger): Promise<KeptGossip | null> {
  try {
    const { incarnation, addresses } = schema.parse(JSON.parse(await readFile(path, "utf8")));
    return { incarnation, addresses };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    log.warn(`${path} cannot be used: the node looks for the others anew`, {
      reason: error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error),
    });
    return null;
  }
}
