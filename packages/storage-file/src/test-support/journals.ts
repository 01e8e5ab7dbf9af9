/** What a journal may hold, and short ways to use one. */
import type { FileJournal } from "../file-journal.ts";
import { openFileJournal } from "../index.ts";
import { bytesOf, textOf } from "./builders.ts";
import { newDirectory } from "./directories.ts";

export const smallSegments = { segmentBytes: 4096, firstSegmentBytes: 4096, sync: "pool" } as const;
export const invariantError = { code: "STORAGE_INVARIANT" };

/** Everything that a journal gives when it is loaded, as texts. */
export async function loaded(journal: FileJournal): Promise<string[]> {
  const texts: string[] = [];
  for await (const entry of journal.load()) texts.push(textOf(entry));
  return texts;
}

export function entriesOf(...texts: readonly string[]): Uint8Array[] {
  return texts.map(bytesOf);
}

export async function reopened(journal: FileJournal): Promise<FileJournal> {
  await journal.close();
  return openFileJournal(journal.directory, smallSegments);
}

/** What is there after a restart. */
export async function kept(journal: FileJournal): Promise<string[]> {
  const again = await reopened(journal);
  const found = await loaded(again);
  await again.close();
  return found;
}

export async function newJournal(...texts: readonly string[]): Promise<FileJournal> {
  const journal = await openFileJournal(await newDirectory(), smallSegments);
  for (const text of texts) await journal.append(entriesOf(text));
  return journal;
}

/** A checkpoint, and how many of the entries before it it took the place of. */
interface Standing {
  readonly entries: readonly string[];
  readonly covered: number;
}

/** Everything that was ever appended to a journal, and how much of that is certain. */
export class JournalModel {
  /** Every entry that was handed over, in order; those behind `acknowledged` may be there or not. */
  appended: string[] = [];
  acknowledged = 0;
  /** The newest acknowledged checkpoint, and one that was not acknowledged. */
  standing: Standing = { entries: [], covered: 0 };
  next: Standing | null = null;

  /** Why this cannot be what the journal holds; `null` if it can. */
  differenceFrom(found: readonly string[]): string | null {
    const candidates = this.next === null ? [this.standing] : [this.standing, this.next];
    if (candidates.some((standing) => this.#matches(standing, found))) return null;
    return `found ${found.join()} for ${JSON.stringify(this)}`;
  }

  /** What was found is what there is from now on. */
  restartFrom(found: readonly string[]): void {
    this.appended = [...found];
    this.acknowledged = found.length;
    this.standing = { entries: [], covered: 0 };
    this.next = null;
  }

  #matches({ entries, covered }: Standing, found: readonly string[]): boolean {
    const least = entries.length + Math.max(0, this.acknowledged - covered);
    const all = [...entries, ...this.appended.slice(covered)];
    return found.length >= least && found.every((text, i) => text === all[i]);
  }
}
