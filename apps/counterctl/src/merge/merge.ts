/**
 * Makes one cluster of two that count in eventual mode. The logs of two clusters cannot become one,
 * but sums can: no node of the first takes writes any more, all of them agree, and then each of its
 * counters is added to the second, once. Its nodes are started anew there afterwards.
 *
 * What may go wrong in between is answered by running it again: which keys were used stands in a
 * counter of the second cluster, whose age they have, so that none of them ever counts twice.
 */
import { createHash } from "node:crypto";

import {
  CounterError,
  newKey,
  type Counter,
  type CounterClient,
  type WriteOptions,
} from "@counter/client";

import { pause } from "../commands/waiting.ts";
import { agreeing } from "../doctor/cluster.ts";
import { PreconditionError } from "../exit-codes.ts";

export interface MergeOptions {
  readonly source: CounterClient;
  /** Every node of the source. */
  readonly sourceNodes: readonly CounterClient[];
  readonly sourceId: string;
  readonly target: CounterClient;
  readonly ack: WriteOptions["ack"];
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface MergeReport {
  /** How many counters of the source there are. */
  readonly counters: number;
  /** How many of them had to be added to. */
  readonly added: number;
  /** Counters whose labels are those of the target, and not of the source. */
  readonly labelsKept: readonly string[];
  /** The counter that remembers it. */
  readonly marker: string;
}

/** One addition of eventual mode is smaller; a sum that is not is left to people. */
export const valueMax: bigint = 2n ** 63n - 1n;
/** Most counters of a source. */
export const countersMax: number = 1_000_000;
/** Drained nodes that have said the same for so long have nothing under way; in milliseconds. */
const quietMs = 1000;

export async function merge(options: MergeOptions): Promise<MergeReport> {
  const { signal, sourceNodes, target, sourceId, progress } = options;
  const marker = markerOf(sourceId);
  const keys = await begin(target, { marker, sourceId, signal });
  for (const node of sourceNodes) await node.cluster.drain({ signal });
  progress(`${sourceNodes.length} nodes take no more writes`);
  await quiet(options);
  const counters = await countersOf(options);
  progress(`${counters.length} counters to add`);
  const labelsKept: string[] = [];
  for (const counter of counters) {
    if (!(await take(counter, keys, options))) labelsKept.push(counter.name);
  }
  requireUnchanged(counters, await countersOf(options));
  await target.counter(marker).configure({ labels: { state: "done" } }, { signal });
  const added = counters.filter(({ value }) => value !== 0n).length;
  return { counters: counters.length, added, labelsKept, marker };
}

/** Its name says nothing that could be taken for a name of the user's. */
function markerOf(sourceId: string): string {
  return `merged-${createHash("sha256").update(sourceId).digest("hex").slice(0, 16)}`;
}

/** @returns what all keys of this merge are made of, also of one that was broken off */
async function begin(
  target: CounterClient,
  at: { readonly marker: string; readonly sourceId: string; readonly signal: AbortSignal },
): Promise<string> {
  const { marker, sourceId, signal } = at;
  const labels = { from: sourceId, keys: newKey(), state: "begun" };
  try {
    await target.create(marker, { labels }, { signal });
    return labels.keys;
  } catch (error) {
    if (!(error instanceof CounterError && error.code === "counter-exists")) throw error;
  }
  const { labels: found } = await target.counter(marker).get({ signal });
  if (found["state"] === "done") {
    throw new PreconditionError(`${sourceId} was merged before: ${marker} says so`);
  }
  if (found["keys"] !== undefined) return found["keys"];
  throw new PreconditionError(`${marker} is there, and was not made by a merge: delete it first`);
}

/** Until all nodes of the source have said the same, and nothing new, for a while. */
async function quiet({ sourceNodes, signal }: MergeOptions): Promise<void> {
  let known = "";
  for (;;) {
    const { status, detail } = await agreeing(sourceNodes, signal);
    if (status !== "ok") throw new PreconditionError(`the nodes do not agree: ${detail}`);
    const hashes = await Promise.all(
      sourceNodes.map(async (node) => (await node.cluster.status({ signal }))["vectorHash"]),
    );
    const now = JSON.stringify(hashes);
    if (now === known) return;
    known = now;
    await pause(quietMs, signal);
  }
}

async function countersOf({ source, signal }: MergeOptions): Promise<readonly Counter[]> {
  const found: Counter[] = [];
  for await (const counter of source.list({ consistency: "all", signal })) {
    if (counter.value > valueMax || counter.value < -valueMax) {
      throw new PreconditionError(`${counter.name} is too large to be added at once`);
    }
    found.push(counter);
    if (found.length > countersMax) throw new PreconditionError("there are too many counters");
  }
  return found;
}

/** @returns whether the counter has the labels that it had */
async function take(
  { name, value, labels }: Counter,
  keys: string,
  { target, ack, signal }: MergeOptions,
): Promise<boolean> {
  const counter = target.counter(name);
  try {
    if (value !== 0n) await counter.add(value, { key: keyOf(keys, name), ack, signal });
  } catch (error) {
    if (!(error instanceof CounterError && error.code === "idempotency-key-expired")) throw error;
    throw new PreconditionError(
      `the merge began too long ago: nobody knows whether ${name} was added. Compare it in both clusters, and add what is missing`,
    );
  }
  try {
    if (value === 0n) await target.create(name, { labels }, { signal });
  } catch (error) {
    if (!(error instanceof CounterError && error.code === "counter-exists")) throw error;
  }
  const has = (await counter.get({ signal })).labels;
  if (sameLabels(has, labels) || Object.keys(labels).length === 0) return true;
  if (Object.keys(has).length > 0) return false;
  await counter.configure({ labels }, { signal });
  return true;
}

function sameLabels(a: Counter["labels"], b: Counter["labels"]): boolean {
  const text = (labels: Counter["labels"]): string =>
    JSON.stringify(Object.entries(labels).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

/** A UUID of the age of `keys`, always the same for one counter: in time it is refused, not forgotten. */
export function keyOf(keys: string, name: string): string {
  const hex = createHash("sha256").update(`${keys} ${name}`).digest("hex");
  const parts = [`7${hex.slice(0, 3)}`, `8${hex.slice(3, 6)}`, hex.slice(6, 18)];
  return [keys.slice(0, 13), ...parts].join("-");
}

/** Drained nodes do not count; if one was started again meanwhile, it did. */
function requireUnchanged(before: readonly Counter[], after: readonly Counter[]): void {
  const values = new Map(before.map(({ name, value }) => [name, value]));
  const changed = after.filter(({ name, value }) => values.get(name) !== value);
  if (changed.length === 0) return;
  const list = changed.map(({ name, value }) => {
    return `${name} by ${(value - (values.get(name) ?? 0n)).toString()}`;
  });
  throw new PreconditionError(
    `counters went on changing while they were merged: add this by hand: ${list.join(", ")}`,
  );
}
