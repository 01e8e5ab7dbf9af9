/** What a storage must remember, kept the simple way. */
import type { Entry, EntryId, HardState, LogIndex, PersistedState } from "@counter/raft";
import { initialHardState } from "../log-state.ts";
import type { StorageWrite } from "./builders.ts";

export interface Model {
  readonly hardState: HardState;
  readonly snapshot: EntryId | null;
  /** All entries since the beginning, or since a snapshot was installed. Never compacted. */
  readonly entries: readonly Entry[];
  /** The index before `entries[0]`. */
  readonly base: LogIndex;
  /** Whether anything was ever stored. */
  readonly used: boolean;
}

export const emptyModel: Model = {
  hardState: initialHardState,
  snapshot: null,
  entries: [],
  base: 0,
  used: false,
};

export function lastIndexOf(model: Model): LogIndex {
  return model.base + model.entries.length;
}

export function afterWrite(model: Model, write: StorageWrite): Model {
  const { hardState, entries, chunk } = write;
  let next = model;
  if (entries.length > 0) {
    const kept = next.entries.slice(0, Math.max(0, entries[0]!.index - 1 - next.base));
    const base = Math.min(next.base, entries[0]!.index - 1);
    next = { ...next, entries: [...kept, ...entries], base, used: true };
  }
  if (chunk?.done === true) {
    const { index, term } = chunk.snapshot;
    next = { ...next, snapshot: { index, term }, entries: [], base: index, used: true };
  }
  return hardState === null ? next : { ...next, hardState, used: true };
}

export function afterSave(model: Model, { index, term }: EntryId): Model {
  if (index <= (model.snapshot?.index ?? 0)) return model;
  return { ...model, snapshot: { index, term }, used: true };
}

/**
 * What a server goes on from after it was stopped: a log that does not hold the last entry of the
 * snapshot begins again behind it.
 */
export function afterRestart(model: Model): Model {
  const snapshotIndex = model.snapshot?.index ?? 0;
  if (lastIndexOf(model) >= snapshotIndex) return model;
  return { ...model, entries: [], base: snapshotIndex };
}

/** Why `persisted` is not what the model remembers; `null` if it is. */
export function differenceFrom(model: Model, persisted: PersistedState | null): string | null {
  if (persisted === null) return model.used ? "everything is gone" : null;
  const { hardState, snapshot, entries } = persisted;
  if (JSON.stringify(hardState) !== JSON.stringify(model.hardState)) return "another hard state";
  const snapshotId = snapshot === null ? null : { index: snapshot.index, term: snapshot.term };
  if (JSON.stringify(snapshotId) !== JSON.stringify(model.snapshot)) return "another snapshot";
  const snapshotIndex = snapshot?.index ?? 0;
  // Behind a snapshot that ran ahead of the log there is nothing.
  const wanted = lastIndexOf(model) > snapshotIndex ? lastIndexOf(model) : null;
  const first = entries[0]?.index ?? snapshotIndex + 1;
  if (first > snapshotIndex + 1) return `a gap before entry ${first}`;
  if (wanted !== null && entries.at(-1)?.index !== wanted) return `no last entry ${wanted}`;
  for (const [i, entry] of entries.entries()) {
    if (entry.index !== first + i) return `a gap at ${entry.index}`;
    if (!sameEntry(entry, model.entries[entry.index - model.base - 1])) {
      return `another entry ${entry.index}`;
    }
  }
  return null;
}

function sameEntry(a: Entry, b: Entry | undefined): boolean {
  if (b?.index !== a.index || b.term !== a.term || b.kind !== a.kind) return false;
  return Buffer.compare(a.data, b.data) === 0;
}
