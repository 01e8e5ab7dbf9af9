/** Short ways to write down what a server stores. */
import type { Entry, HardState, LogIndex, SnapshotMeta, Term, Write } from "@counter/raft";

export type StorageWrite = Pick<Write, "hardState" | "entries" | "chunk">;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function entry(index: LogIndex, term: Term, text: string = `${index}@${term}`): Entry {
  return { index, term, kind: "command", data: bytesOf(text) };
}

/** Entries from `first` on with the terms of a log as in the paper: `log(1, "1 1 2")`. */
export function log(first: LogIndex, terms: string): Entry[] {
  return terms.split(" ").map((term, i) => entry(first + i, Number(term)));
}

export function hardState(
  term: Term,
  facts: { readonly vote?: string; readonly commitIndex?: LogIndex } = {},
): HardState {
  return { term, vote: facts.vote ?? null, commitIndex: facts.commitIndex ?? 0 };
}

export function write(facts: Partial<StorageWrite>): StorageWrite {
  return {
    hardState: facts.hardState ?? null,
    entries: facts.entries ?? [],
    chunk: facts.chunk ?? null,
  };
}

export function meta(index: LogIndex, term: Term): SnapshotMeta {
  const member = { id: "n1", address: "127.0.0.1:8081" };
  return {
    index,
    term,
    configuration: {
      members: [member],
      voters: [member.id],
      outgoing: [],
      learners: [],
      learnersNext: [],
      joining: [],
      autoLeave: false,
    },
    configurationIndex: 0,
  };
}

/** The pieces of a state machine's snapshot. */
export async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytesOf(text);
}

export async function textFrom(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += textOf(chunk);
  return text;
}

/** A log as in the paper, for comparisons that can be read: `3@1 4@1 5@2`. */
export function ids(entries: readonly Entry[]): string {
  return entries.map(({ index, term }) => `${index}@${term}`).join(" ");
}
