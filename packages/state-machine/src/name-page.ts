import { isLive } from "./counter-record.ts";
import type { CounterTable } from "./counter-table.ts";
import { namesMax } from "./limits.ts";
import type { CounterName } from "./types.ts";

/** Names that one page looks at, those of counters whose time is up included. */
export const lookedMax: number = 4096;

export interface NameQuery {
  /** Only names that begin so; may be empty. */
  readonly prefix: string;
  /** Only names above this one. */
  readonly after: CounterName | null;
  /** 1–1000. */
  readonly limit: number;
}

/** Names in ascending order, and from where to go on. */
export interface NamePage {
  readonly names: readonly CounterName[];
  /** The `after` of the next page; `null`: there is no more. A page may be empty before that. */
  readonly after: CounterName | null;
}

export function namePage(
  counters: CounterTable,
  query: NameQuery & { readonly logTimeMs: number },
): NamePage {
  const { prefix, logTimeMs } = query;
  const after = query.after ?? "";
  const limit = Math.min(query.limit, namesMax);
  const names: CounterName[] = [];
  let last = after;
  let looked = 0;
  for (const name of counters.namesFrom(after > prefix ? after : prefix)) {
    if (name <= after) continue;
    if (!name.startsWith(prefix)) break;
    // Of those whose time is up and that wait to be swept there may be any number.
    if (names.length >= limit || looked >= lookedMax) return { names, after: last };
    looked += 1;
    last = name;
    if (isLive(counters.find(name, logTimeMs))) names.push(name);
  }
  return { names, after: null };
}
