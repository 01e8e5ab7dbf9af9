/** A journal in memory whose disk can be slow, full or broken. */
import { MemoryJournal } from "../node/ports.ts";
import type { Journal } from "../node/ports.ts";

export class TryingJournal implements Journal {
  readonly #journal = new MemoryJournal();
  #waiting: (() => void)[] = [];
  #held = false;
  #failure: Error | null = null;
  appends = 0;
  checkpoints = 0;
  isClosed = false;

  load(): AsyncIterable<Uint8Array> {
    return this.#journal.load();
  }

  async append(entries: readonly Uint8Array[]): Promise<void> {
    this.appends += 1;
    await this.#passed();
    await this.#journal.append(entries);
  }

  async checkpoint(entries: Iterable<Uint8Array>): Promise<void> {
    this.checkpoints += 1;
    await this.#passed();
    await this.#journal.checkpoint(entries);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return this.#journal.close();
  }

  /** Lets everything wait until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** From now on everything fails with this; `null`: it works again. */
  failWith(failure: Error | null): void {
    this.#failure = failure;
  }

  async #passed(): Promise<void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#failure !== null) throw this.#failure;
  }
}

export function storageFull(): Error {
  return Object.assign(new Error("no space left"), { code: "STORAGE_FULL" });
}

/** Everything in a journal, as text. */
export async function contentOf(journal: Journal): Promise<readonly string[]> {
  const content: string[] = [];
  for await (const entry of journal.load()) content.push(Buffer.from(entry).toString("hex"));
  return content;
}
