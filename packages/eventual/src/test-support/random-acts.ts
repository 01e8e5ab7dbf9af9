/** What nodes of a random life do to counters as a whole, and what has to be seen of that. */
import { vectorOf } from "../data/replica.ts";
import { floorNow } from "../data/values.ts";
import type { Control, CounterName } from "../types.ts";
import type { FullHistory } from "./full-history.ts";
import type { Draw } from "./random.ts";
import { timeOrderedKey } from "./random.ts";
import type { Node } from "./random-node.ts";
import type { Variant } from "./variant.ts";
import type { Library } from "./writing.ts";

/** A new key, or one that says nothing and may be used again long after: as a new operation then. */
export function keyOf(draw: Draw, now: number): string {
  return draw(3) === 0 ? `order-${draw(40)}` : timeOrderedKey(draw, now);
}

/** Settings; the counter may not be there. */
export function settingsOf(draw: Draw, counter: CounterName): Control {
  const labels = new Map([["text", String(draw(1_000))]]);
  return { kind: "configure", counter, config: { labels, others: [] } };
}

/** Wipes out what the node knows. */
export function covering(
  kind: "reset" | "delete",
  library: Library,
  { writer, replica }: Node,
  counter: CounterName,
): Control {
  const position = library.of(writer).length;
  return { kind, counter, floor: floorNow(replica, counter, { writer, position }) };
}

/** A counter as a node shows it, held against the full history of what it knows. */
export function compare(
  variant: Variant,
  history: FullHistory,
  { node, counter }: { readonly node: Node; readonly counter: CounterName },
): { readonly absent: boolean; readonly problem: string | null } {
  const known = vectorOf(node.replica);
  const there = history.labelsOf(counter, known);
  const wanted = `${history.valueOf(counter, known)} ${labelText(there)}`;
  const { replica, digit } = node;
  const value = variant.valueOf(replica, counter);
  const shown = `${value} ${labelText(variant.labelsOf(replica, counter))}`;
  const isRight = shown === wanted;
  const problem = isRight ? null : `${counter} at node ${digit} is ${shown}, should be ${wanted}`;
  return { absent: there === null, problem };
}

function labelText(labels: ReadonlyMap<string, string> | null): string {
  return labels === null ? "not there" : JSON.stringify([...labels]);
}
