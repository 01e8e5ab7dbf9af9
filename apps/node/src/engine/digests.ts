/**
 * What this node's state looked like at certain indexes of the log, as digests: at the same index all
 * nodes must have the same. They are made in pieces, of the state as it was then, while later commands
 * are applied.
 */
import { createHash } from "node:crypto";

import { pause } from "../process/pause.ts";

/** Digests that are remembered; older ones are forgotten. */
export const digestsKept: number = 8;

/** States that wait to be digested; older ones are left out. Each costs memory as long as it waits. */
export const digestsDueMax: number = 4;

/** The digest of a node's state. */
export interface StateDigest {
  /** Of the log: the last command that the state knows. */
  readonly index: number;
  /** SHA-256 of the bytes of its snapshot, in lower-case hexadecimal. */
  readonly digest: string;
}

interface Due {
  readonly index: number;
  readonly state: Iterable<Uint8Array>;
}

export class Digests {
  readonly #known: StateDigest[] = [];
  readonly #due: Due[] = [];
  readonly #waiting = new Set<() => void>();
  #working = false;

  /** Takes a state in; it is looked at soon. */
  readonly take = (due: Due): void => {
    this.#due.push(due);
    if (this.#due.length > digestsDueMax) this.#due.shift();
    if (!this.#working) void this.#work();
  };

  /** The newest last. */
  get known(): readonly StateDigest[] {
    return [...this.#known];
  }

  /** @returns `null` if there is none in time */
  async at(index: number, timeoutMs: number): Promise<StateDigest | null> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#known.find((one) => one.index === index);
      if (found !== undefined) return found;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return null;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => done(), leftMs);
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        this.#waiting.add(done);
      });
    }
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let due = this.#due.shift(); due !== undefined; due = this.#due.shift()) {
      const hash = createHash("sha256");
      for (const piece of due.state) {
        hash.update(piece);
        await pause();
      }
      this.#known.push({ index: due.index, digest: hash.digest("hex") });
      if (this.#known.length > digestsKept) this.#known.shift();
      for (const look of [...this.#waiting]) look();
    }
    this.#working = false;
  }
}
