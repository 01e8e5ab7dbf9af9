/**
 * Files that say how it came to this: `crash-<n>.ndjson` in the data directory when the node stops
 * because of a bug of ours, `flight-<n>.ndjson` when somebody asks.
 *
 * They hold what the log beside them holds, commands included, and are readable by their owner only.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { combineObservers, FlightRecorder, type RaftObserver } from "@counter/raft";
import type { Logger } from "winston";

import { writeDurably } from "../data-dir/durable-file.ts";
import { codeOf, messageOf } from "../process/error-text.ts";

/** Files of each kind that are kept; the oldest is removed when there are more. */
export const recordingsKept: number = 3;

type Kind = "crash" | "flight";

/** Written at once; between two pieces the node does its other work. */
const pieceBytes = 64 * 1024;

/** What a program throws that has a bug; the names, since classes differ from realm to realm. */
const bugNames: readonly string[] = ["TypeError", "RangeError", "ReferenceError"];

export class FlightFiles {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #recorder: FlightRecorder;
  #writing: Promise<void> | null = null;

  constructor(parts: { readonly folder: string; readonly release: string; readonly log: Logger }) {
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#recorder = new FlightRecorder({ release: parts.release });
  }

  /** The recorder first, so that it has seen what makes another observer throw. */
  beside(observer: RaftObserver): RaftObserver {
    const onFatal = (error: Error): void => {
      if (isBug(error)) void this.save("crash");
    };
    return combineObservers(this.#recorder, observer, { onFatal });
  }

  /**
   * Writes what was recorded until now. Never rejects: a node must not stop, nor stop otherwise,
   * because of this. Who asks while a file is being written gets that one.
   */
  save(kind: Kind): Promise<void> {
    if (this.#writing !== null && kind === "flight") return this.#writing;
    const lines = this.#recorder.recording();
    const before = this.#writing ?? Promise.resolve();
    const writing = before.then(async () => {
      await this.#write(kind, lines);
      if (this.#writing === writing) this.#writing = null;
    });
    this.#writing = writing;
    return writing;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(kind: Kind, lines: Iterable<string>): Promise<void> {
    try {
      const before = await this.#numbers(kind);
      const number = (before.at(-1) ?? 0) + 1;
      const path = this.#path(kind, number);
      await writeDurably(path, piecesOf(lines), `.writing-${kind}`);
      const numbers = [...before, number];
      for (const old of numbers.slice(0, -recordingsKept)) await rm(this.#path(kind, old));
      const level = kind === "crash" ? "error" : "info";
      this.#log.log(level, `flight recording written; to see it: npm run replay -- ${path}`);
    } catch (error) {
      this.#log.error("the flight recording cannot be written", { reason: messageOf(error) });
    }
  }

  #path(kind: Kind, number: number): string {
    return join(this.#folder, `${kind}-${number}.ndjson`);
  }

  /** Of the files that are there, the oldest first. */
  async #numbers(kind: Kind): Promise<number[]> {
    const pattern = new RegExp(`^${kind}-([1-9]\\d{0,8})\\.ndjson$`);
    const found = (await readdir(this.#folder)).flatMap((name) => pattern.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => a - b);
  }
}

function isBug(error: Error): boolean {
  return codeOf(error) === "RAFT_INVARIANT" || bugNames.includes(error.name);
}

function* piecesOf(lines: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = "";
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < pieceBytes) continue;
    yield encoder.encode(piece);
    piece = "";
  }
  yield encoder.encode(piece);
}
