/** Random work for a storage: numbers drawn by fast-check, made into calls that a core could make. */
import fc from "fast-check";
import type { FileStorage } from "../file-storage.ts";
import { bytesOf, entry, hardState, meta, pieces, type StorageWrite, write } from "./builders.ts";
import { afterSave, afterWrite, lastIndexOf, type Model } from "./model.ts";

const kinds = [
  "append",
  "burst",
  "replace",
  "vote",
  "save",
  "saveAhead",
  "install",
  "compact",
] as const;

export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
}

export const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  a: fc.nat(1000),
  b: fc.nat(1000),
});

/** Calls to make at once, and what must be remembered after each of them. */
export interface Action {
  readonly calls: readonly ((storage: FileStorage) => Promise<void>)[];
  readonly models: readonly Model[];
}

/** What a step means for a storage that remembers `model`. */
export function actionOf(model: Model, step: Step): Action {
  switch (step.kind) {
    case "append":
      return writes(model, [appendOf(model, step, lastIndexOf(model) + 1)]);
    case "burst":
      return burst(model, step);
    case "replace": {
      const from = floorOf(model) + 1;
      const span = lastIndexOf(model) - from + 1;
      return writes(model, [appendOf(model, step, span > 0 ? from + (step.b % span) : from)]);
    }
    case "vote": {
      const term = model.hardState.term + 1;
      const commitIndex = Math.max(model.hardState.commitIndex, lastIndexOf(model) - (step.a % 4));
      return writes(model, [write({ hardState: hardState(term, { vote: "n2", commitIndex }) })]);
    }
    case "save":
      return saveAt(model, lastIndexOf(model));
    case "saveAhead":
      return saveAt(model, lastIndexOf(model) + 1 + (step.a % 3));
    case "install":
      return installAt(model, step);
    case "compact": {
      const index = Math.max(0, lastIndexOf(model) - (step.a % 5));
      return { calls: [(storage) => storage.compact(index)], models: [model] };
    }
  }
}

/** The bytes of the snapshot at an index, the same in every run. */
export function snapshotText(index: number): string {
  return `state at ${index} `.repeat(1 + (index % 40));
}

/** Nothing up to here is ever replaced. */
function floorOf(model: Model): number {
  return Math.max(model.hardState.commitIndex, model.snapshot?.index ?? 0, model.base);
}

function appendOf(model: Model, step: Step, first: number): StorageWrite {
  const start = Math.min(first, lastIndexOf(model) + 1);
  const count = 1 + (step.a % 4);
  const term = Math.max(1, model.hardState.term);
  const entries = Array.from({ length: count }, (_, i) =>
    entry(start + i, termOfEntry(model, start + i), `${step.kind} ${step.a} `.repeat(step.b % 30)),
  );
  const commitIndex = Math.max(model.hardState.commitIndex, start);
  const { vote } = model.hardState;
  if (step.b % 3 !== 0) return write({ entries });
  return write({ entries, hardState: { term, vote, commitIndex } });
}

/** An entry that our snapshot covers already is the one that the snapshot covers. */
function termOfEntry(model: Model, index: number): number {
  const { snapshot, hardState } = model;
  return snapshot !== null && index <= snapshot.index ? snapshot.term : Math.max(1, hardState.term);
}

function writes(model: Model, all: readonly StorageWrite[]): Action {
  const models: Model[] = [];
  let next = model;
  for (const one of all) models.push((next = afterWrite(next, one)));
  return { calls: all.map((one) => (storage) => storage.write(one)), models };
}

function burst(model: Model, step: Step): Action {
  const all: StorageWrite[] = [];
  let next = model;
  for (let i = 0; i < 3; i += 1) {
    const one = appendOf(next, { ...step, a: step.a + i }, lastIndexOf(next) + 1);
    all.push(one);
    next = afterWrite(next, one);
  }
  return writes(model, all);
}

function saveAt(model: Model, index: number): Action {
  if (index < 1) return { calls: [], models: [] };
  const snapshot = meta(index, Math.max(1, model.hardState.term));
  const termThere = model.entries[index - model.base - 1]?.term ?? snapshot.term;
  const saved = { ...snapshot, term: termThere };
  return {
    calls: [(storage) => storage.saveSnapshot(saved, pieces(snapshotText(index)))],
    models: [afterSave(model, saved)],
  };
}

function installAt(model: Model, step: Step): Action {
  const index = Math.max(floorOf(model), lastIndexOf(model) - (step.a % 3)) + 1;
  const term = Math.max(1, model.hardState.term);
  const snapshot = meta(index, term);
  const text = snapshotText(index);
  const cut = step.b % text.length;
  const parts = cut === 0 ? [text] : [text.slice(0, cut), text.slice(cut)];
  let offset = 0;
  const all = parts.map((part, i) => {
    const done = i === parts.length - 1;
    const data = bytesOf(part);
    const chunk = { snapshot, offset, data, done };
    offset += data.length;
    const { vote } = model.hardState;
    return write({ chunk, hardState: done ? { term, vote, commitIndex: index } : null });
  });
  return writes(model, all);
}
