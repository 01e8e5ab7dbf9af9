/** What nodes of a random life do to counters as a whole, and what has to be seen of that. */
import { vectorOf } from "../data/replica.ts";
import { configOf, noConfig, patched } from "../data/existence.ts";
import { floorNow, valueOf } from "../data/values.ts";
import type { Control, CounterName, Deed, KeyedOperation, RecordBody } from "../types.ts";
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

/**
 * What a key does, the key says itself, so that it is the same at every node: most add, some set, and
 * some do something to the counter as a whole.
 */
export function useOf(
  library: Library,
  node: Node,
  used: Omit<KeyedOperation, "value">,
): Pick<RecordBody, "controls" | "keyed"> {
  const { counter, delta, ...key } = used;
  const deed = deedOf(library, node, used);
  const value = valueOf(node.replica, counter);
  if (deed !== null) {
    return { controls: [{ kind: "deed", counter, ...key, value, deed }], keyed: [] };
  }
  const isSet = key.key.endsWith("7");
  const controls = isSet ? [covering("reset", library, node, counter)] : [];
  return { controls, keyed: [{ ...used, value: value + delta }] };
}

function deedOf(
  library: Library,
  { writer, replica }: Node,
  { counter, key }: Pick<KeyedOperation, "counter" | "key">,
): Deed | null {
  const own = { writer, position: library.of(writer).length };
  if (key.endsWith("3")) return { type: "delete", floor: floorNow(replica, counter, own) };
  if (!key.endsWith("5") && !key.endsWith("4")) return null;
  const labels = new Map([[key.slice(-2), key]]);
  const config = patched(configOf(replica, counter), labels) ?? noConfig;
  return { type: "configure", isNew: key.endsWith("4"), config, asked: 1 };
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
