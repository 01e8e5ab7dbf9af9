/**
 * Logs as the paper writes them: the terms of the entries, in order. `"1 1 2"` is 1@1, 2@1, 3@2.
 * The first entry is the configuration, as `bootstrap` stores it; the others are commands of one
 * byte, their index.
 */
import { configurationOf, encodeConfiguration } from "../index.ts";
import type { Entry, EntryId, Member, NodeId, PersistedState, SnapshotMeta } from "../index.ts";

export function members(...ids: readonly NodeId[]): Member[] {
  return ids.map((id) => ({ id, address: id }));
}

/** Reads `"3@2"`. */
export function idOf(text: string): EntryId {
  const [index, term] = text.split("@").map(Number);
  if (index === undefined || term === undefined) throw new Error(`not an entry id: ${text}`);
  return { index, term };
}

export function showId({ index, term }: EntryId): string {
  return `${index}@${term}`;
}

export function termsOf(log: string): number[] {
  return log.split(" ").filter(Boolean).map(Number);
}

/** Commands with these terms, from `after + 1` on. */
export function commands(terms: string, after: number): Entry[] {
  return termsOf(terms).map((term, at) => {
    const index = after + 1 + at;
    return { index, term, kind: "command", data: Uint8Array.of(index) };
  });
}

/** A command of this many bytes. */
export function sized(bytes: number, fill: number = 0): Uint8Array {
  return new Uint8Array(bytes).fill(fill);
}

export function wholeLog(log: string, ids: readonly NodeId[]): Entry[] {
  const entries = commands(log, 0);
  const first = entries[0];
  if (first === undefined) return [];
  const data = encodeConfiguration(configurationOf(members(...ids)));
  return [{ ...first, kind: "configuration", data }, ...entries.slice(1)];
}

export interface Stored {
  readonly log: string;
  /** By default the last term of the log. */
  readonly term?: number;
  readonly vote?: NodeId | null;
  readonly commitIndex?: number;
}

/** What a server with this log would find on its disk. */
export function stored(of: Stored, ids: readonly NodeId[]): PersistedState {
  const entries = wholeLog(of.log, ids);
  const term = of.term ?? entries.at(-1)?.term ?? 0;
  const { vote = null, commitIndex = 0 } = of;
  return { hardState: { term, vote, commitIndex }, snapshot: null, entries };
}

export function showLog(entries: readonly Entry[]): string {
  return entries.map((entry) => entry.term).join(" ");
}

/** A snapshot that ends with `"5@2"`, of a cluster that still has its first configuration. */
export function snapshotAt(id: string, ids: readonly NodeId[]): SnapshotMeta {
  const configuration = configurationOf(members(...ids));
  return { ...idOf(id), configuration, configurationIndex: 1 };
}
