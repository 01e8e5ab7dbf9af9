/** What there is to see of counters. */
import type { CounterName, NodeId, WriterId } from "../types.ts";
import { configOf, existsIn } from "./existence.ts";
import { rowsOf } from "./groups.ts";
import { meaningOf } from "./keys.ts";
import type { Meaning } from "./keys.ts";
import type { Replica } from "./replica.ts";
import { cellAdds, closedTotal, valueOf } from "./values.ts";

/** A counter as one node knows it. */
export interface CounterView {
  readonly name: CounterName;
  /** It was used, or created, and not deleted since. */
  readonly exists: boolean;
  /** 0n of one that does not exist. */
  readonly value: bigint;
  /** In the order of their names; empty of one that does not exist. */
  readonly labels: ReadonlyMap<string, string>;
}

export function viewOf(r: Replica, name: CounterName): CounterView {
  const { labels } = configOf(r, name);
  return { name, exists: existsIn(r, name), value: valueOf(r, name), labels };
}

/** Where the value of a counter comes from: the sum of all that is here. */
export interface Contributions {
  /** Additions without a key, by the process that took them; resets and deletions are taken off. */
  readonly writers: readonly {
    readonly writer: WriterId;
    /** Whose process it was; `null` while that is not known yet. */
    readonly node: NodeId | null;
    readonly plus: bigint;
    readonly minus: bigint;
  }[];
  /** Additions with a key count for the cluster, whoever took them: remembered, and forgotten ones. */
  readonly keyed: { readonly open: bigint; readonly closed: bigint };
}

export function contributionsOf(r: Replica, name: CounterName): Contributions {
  const counter = r.counters.get(name);
  if (counter === undefined) return { writers: [], keyed: { open: 0n, closed: 0n } };
  const writers: Contributions["writers"][number][] = [];
  for (const writer of [...counter.cells.keys()].sort()) {
    const { plus, minus } = cellAdds(counter, writer);
    if (plus === 0n && minus === 0n) continue;
    writers.push({ writer, node: r.writers.get(writer)?.owner ?? null, plus, minus });
  }
  return { writers, keyed: { open: counter.open, closed: closedTotal(counter) } };
}

/** One key that stood for different operations. */
export interface KeyConflict {
  readonly counter: CounterName;
  readonly key: string;
  /** Where it was accepted, as what; empty when the key is forgotten. The first of them counts. */
  readonly uses: readonly {
    readonly node: NodeId | null;
    readonly type: Meaning["type"];
    /** What was added or set; 0n of the others. */
    readonly delta: bigint;
  }[];
}

/** The latest, oldest first. */
export function conflictsOf(r: Replica, wanted: CounterName | null): readonly KeyConflict[] {
  const conflicts = new Map<string, KeyConflict>();
  for (const { counter, key } of r.conflicts) {
    if (wanted !== null && counter !== wanted) continue;
    const first = r.counters.get(counter)?.keys.get(key);
    const rows = (first === undefined ? [] : rowsOf(r.dots, first)).map((slot) => {
      return { ...r.dots.dot(slot), ...meaningOf(r.dots, slot) };
    });
    rows.sort((one, other) => one.hlc - other.hlc || (one.writer < other.writer ? -1 : 1));
    const uses = rows.map(({ writer, type, delta }): KeyConflict["uses"][number] => {
      return { node: r.writers.get(writer)?.owner ?? null, type, delta };
    });
    conflicts.set(`${counter} ${key}`, { counter, key, uses });
  }
  return [...conflicts.values()];
}
