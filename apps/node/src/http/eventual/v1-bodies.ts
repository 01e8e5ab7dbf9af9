/** How counters of eventual mode look from outside, and what no node could keep alone. */
import type { CounterRead, CounterView, EventualNode, Written } from "@counter/eventual";

import { Problem, problemOf } from "../problems.ts";
import type { WriteCall } from "../v1/calls.ts";
import type { AddedBody, CounterBody } from "../v1/schemas.ts";
import { mismatch } from "./mismatch.ts";

export function bodyOf({ name, value, labels }: Omit<CounterView, "exists">): CounterBody {
  return {
    name,
    mode: "eventual",
    kind: "counter",
    value: value.toString(),
    version: null,
    initial: "0",
    min: null,
    max: null,
    onBound: "reject",
    step: "1",
    labels: Object.fromEntries(labels),
    ttl: null,
  };
}

/** How far a counter has spread. */
export function spreadIn({ spread }: CounterRead): Pick<CounterBody, "stable" | "behind"> {
  if (spread === null) return {};
  return { stable: spread.stable?.toString() ?? null, behind: [...spread.behind] };
}

/** The same, in the answer to a write. Who lacks nothing has the write, and knows its value. */
export function stableIn({ value, spread }: Written): Pick<AddedBody, "stable"> {
  if (spread === null) return {};
  const stable = spread.behind.length === 0 ? value : spread.stable;
  return { stable: stable?.toString() ?? null };
}

/** Weak: it says what this node knows, not what the counter is. */
export function etagOf(node: Pick<EventualNode, "knowledge">): string {
  return `W/"${node.knowledge()}"`;
}

export function keyText(key: WriteCall<unknown>["key"]): { readonly key?: string } {
  return key === null ? {} : { key: key.key };
}

export function texts<Name extends string>(
  numbers: Readonly<Record<Name, bigint>>,
): Readonly<Record<Name, string>>;
export function texts(numbers: Readonly<Record<string, bigint>>): Readonly<Record<string, string>> {
  const entries = Object.entries(numbers).map(([name, value]) => [name, value.toString()] as const);
  return Object.fromEntries(entries);
}

/** Settings that no node could keep alone. What they are by default may be said. */
export function requirePlain(settings: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(settings)) {
    const plain = value === null || value === undefined || (name === "step" && value === 1n);
    if (!plain && value !== "reject") throw mismatch(`no node could keep ${name} by itself`);
  }
}

const ownWords: ReadonlySet<string> = new Set(["counter-exists", "counter-not-found"]);

/**
 * A refusal that rests on what this node knows says so: another one may have done the same under the
 * same key, and that is not known here yet.
 */
export function asOwnWord(error: unknown): unknown {
  const { code, message, extensions, headers } = problemOf(error);
  if (!ownWords.has(code)) return error;
  const said = { ...extensions, mode: "eventual" };
  return new Problem(code, message, { extensions: said, headers, cause: error });
}

export function notFound(name: string, headers: Readonly<Record<string, string>>): Problem {
  return new Problem("counter-not-found", `this node knows no counter ${name}`, { headers });
}
