import { labelsMax } from "./limits.ts";
import type { ConfigPatch, LabelChange } from "./operations.ts";
import type { CounterConfig, Label } from "./types.ts";

/** The configuration after a change; `null` if it would have too many labels. */
export function patchedConfig(before: CounterConfig, patch: ConfigPatch): CounterConfig | null {
  const labels = patch.labels === undefined ? before.labels : merged(before.labels, patch.labels);
  if (labels.length > labelsMax) return null;
  return {
    kind: before.kind,
    initial: before.initial,
    min: patch.min === undefined ? before.min : patch.min,
    max: patch.max === undefined ? before.max : patch.max,
    onBound: patch.onBound ?? before.onBound,
    step: patch.step ?? before.step,
    labels,
    ttlMs: patch.ttlMs === undefined ? before.ttlMs : patch.ttlMs,
  };
}

export function isSameConfig(one: CounterConfig, other: CounterConfig): boolean {
  return (
    one.kind === other.kind &&
    one.initial === other.initial &&
    one.min === other.min &&
    one.max === other.max &&
    one.onBound === other.onBound &&
    one.step === other.step &&
    one.ttlMs === other.ttlMs &&
    one.labels.length === other.labels.length &&
    one.labels.every(({ key, value }, at) => {
      const label = other.labels[at];
      return label?.key === key && label.value === value;
    })
  );
}

function merged(
  before: readonly Label[],
  changes: readonly LabelChange[] | null,
): readonly Label[] {
  if (changes === null) return [];
  const values = new Map(before.map(({ key, value }) => [key, value]));
  for (const { key, value } of changes) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
  return sortedByKey([...values].map(([key, value]) => ({ key, value })));
}

/** Ascending by key, as everything that is written has them. */
export function sortedByKey<T extends { readonly key: string }>(list: readonly T[]): readonly T[] {
  return [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
}
