/** Counters by name, a page at a time, without that anybody waits for a long one. */
import type { EventualCore } from "../core/eventual-core.ts";
import type { CounterView } from "../data/looking.ts";
import type { CounterName } from "../types.ts";
import { check, checkWhole } from "./checks.ts";

/** Most counters of one page. */
export const pageMax: number = 1000;

const defaultLimit = 100;

/** Names that are looked at in one turn of the event loop. */
const namesPerTurn = 512;

/** Which counters of a list. */
export interface ListQuery {
  /** Names that begin so; default: all. */
  readonly prefix?: string;
  /** Names after this one only; default: from the first on. */
  readonly after?: CounterName;
  /** 1–1000; default 100. */
  readonly limit?: number;
}

/** Some counters of a list. */
export interface CounterPage {
  /** Counters that exist, in the order of the characters of their names. */
  readonly items: readonly CounterView[];
  /** To be given as `after` for what follows; `null`: that is all. */
  readonly next: CounterName | null;
}

/** @throws {RangeError} on a limit out of range, or a prefix or name that is too long */
export function checkList({ prefix = "", after = "", limit = defaultLimit }: ListQuery): void {
  checkWhole("limit", limit, pageMax);
  check(prefix.length <= 128 && after.length <= 128, "a name has at most 128 characters");
}

/** Counters that come or go while this goes on may be in it or not. */
export async function listOf(
  core: Pick<EventualCore, "look" | "names">,
  { prefix = "", after, limit = defaultLimit }: ListQuery,
): Promise<CounterPage> {
  const items: CounterView[] = [];
  let begin = { from: prefix, isAfter: false };
  if (after !== undefined && after >= prefix) begin = { from: after, isAfter: true };
  for (;;) {
    const names = core.names(begin, namesPerTurn);
    for (const name of names) {
      if (!name.startsWith(prefix)) return { items, next: null };
      const view = core.look(name);
      if (!view.exists) continue;
      if (items.length === limit) return { items, next: items.at(-1)!.name };
      items.push(view);
    }
    if (names.length < namesPerTurn) return { items, next: null };
    begin = { from: names.at(-1)!, isAfter: true };
    await new Promise((resolve) => setImmediate(resolve));
  }
}
