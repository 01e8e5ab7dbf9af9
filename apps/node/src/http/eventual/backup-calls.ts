/**
 * Backup and restore in eventual mode: what this node knows, and setting all counters to it, some at a
 * time. A counter is in a backup as it was at one moment, two counters maybe at different ones: here
 * nothing belongs together anyway. A restore that is broken off in the middle leaves some counters
 * set; sent again it sets all.
 */
import { setTimeout as sleep } from "node:timers/promises";

import type { CounterView, EventualNode } from "@counter/eventual";
import { decodeRestorePart, plainConfig, type CounterBackup } from "@counter/state-machine";

import type { Backups } from "../../data-dir/backups.ts";
import { pause } from "../../process/pause.ts";
import type { ReceivedBackup } from "../../data-dir/received-backup.ts";
import type { Backup } from "../../engine/engine.ts";
import { codeOf } from "../../process/error-text.ts";
import type { BackupCalls } from "../backup-routes.ts";
import { Problem } from "../problems.ts";
import { recordsKnown } from "./status.ts";

/** What a restore has brought back. */
export interface Restored {
  readonly counters: number;
  /** Number of the backup. */
  readonly index: number;
}

type Node = Pick<
  EventualNode,
  "configure" | "contributions" | "list" | "look" | "restore" | "status" | "token"
>;

/** Counters that are read, or set, at a time. */
const atOnce = 256;
/** How long a piece of a restore is tried again while too much waits, in milliseconds. */
const patienceMs = 30_000;
/** Every value lies strictly between these, see `@counter/eventual`. */
const valueLimit = 2n ** 255n;

export function eventualBackupCalls(parts: {
  readonly node: () => Node;
  readonly backups: () => Backups;
  readonly maxCounters: number;
  readonly onRestored: (restored: Restored) => void;
}): BackupCalls {
  const { node, backups, maxCounters, onRestored } = parts;
  return {
    take: () => take(node()),
    backup: async () => backups().saveNext(await take(node())),
    requireReady: () => void node(),
    restore: async (received, { key, gone }) => {
      if (key !== null) {
        throw new Problem(
          "validation-failed",
          "a restore takes no Idempotency-Key in eventual mode: sent again, it sets all counters again",
        );
      }
      const running = node();
      const names = await namesToSet(received);
      await requireRoom(running, names, maxCounters);
      if (gone()) throw new Problem("validation-failed", "the client is gone");
      const token = await setValues(running, received, names);
      for await (const counters of countersOf(received)) await restoreLabels(running, counters);
      const { counters, index } = received.facts;
      onRestored({ counters, index });
      return { replayed: false, headers: { "counter-version": token }, members: {} };
    },
  };
}

/** In the order of names: alike at every node. */
async function take(node: Node): Promise<Backup> {
  const index = recordsKnown(node.status());
  const found: CounterView[] = [];
  for await (const counters of pagesOf(node)) found.push(...counters);
  return { index, counters: { [Symbol.iterator]: () => backupsOf(found) } };
}

/** All counters, some at a time. */
async function* pagesOf(
  node: Pick<Node, "list">,
): AsyncGenerator<readonly CounterView[], void, undefined> {
  for (let after: string | null = ""; after !== null;) {
    const page = await node.list({ limit: atOnce, ...(after === "" ? {} : { after }) });
    yield page.items;
    after = page.next;
    await pause(); // a page may have been made without one
  }
}

function* backupsOf(found: readonly CounterView[]): Generator<CounterBackup, void, undefined> {
  for (const { name, value, labels: known } of found) {
    const labels = [...known].map(([key, text]) => ({ key, value: text }));
    yield { name, value, issued: null, config: { ...plainConfig, labels } };
  }
}

async function* countersOf(
  received: Pick<ReceivedBackup, "parts">,
): AsyncGenerator<readonly CounterBackup[], void, undefined> {
  for await (const data of received.parts()) yield decodeRestorePart(data);
}

/** @throws Problem `value-out-of-range`: before anything is set */
async function namesToSet(received: Pick<ReceivedBackup, "parts">): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const counters of countersOf(received)) {
    for (const { name, value } of counters) {
      if (value === null) continue;
      if (value >= valueLimit || value <= -valueLimit) {
        const detail = `${name} has a value that must lie strictly between -2^255 and 2^255`;
        throw new Problem("value-out-of-range", detail);
      }
      names.add(name);
    }
  }
  return names;
}

/**
 * Also counters that were deleted have a place, which they take again: those of which nothing is known
 * need new ones.
 *
 * @throws Problem `too-many-counters`: before anything is set
 */
async function requireRoom(
  node: Node,
  names: ReadonlySet<string>,
  maxCounters: number,
): Promise<void> {
  const room = maxCounters - node.status().counters;
  if (names.size <= room) return;
  let fresh = 0;
  let looked = 0;
  for (const name of names) {
    const { writers, keyed } = node.contributions(name);
    const unknown = writers.length === 0 && keyed.open === 0n && keyed.closed === 0n;
    if (unknown && !node.look(name).exists) fresh += 1;
    looked += 1;
    if (looked % atOnce === 0) await pause();
  }
  if (fresh <= room) return;
  throw new Problem("too-many-counters", `${fresh} new counters, and room for ${room}`);
}

/** @returns a token that knows all of it */
async function setValues(
  node: Node,
  received: Pick<ReceivedBackup, "parts">,
  names: ReadonlySet<string>,
): Promise<string> {
  for await (const counters of countersOf(received)) {
    await setSome(
      node,
      counters.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const])),
    );
  }
  for await (const counters of pagesOf(node)) {
    const others = counters.filter(({ name }) => !names.has(name));
    const zeros = others.map(({ name }) => [name, 0n] as const);
    await setSome(node, zeros);
  }
  return node.token();
}

async function setSome(node: Node, sets: readonly (readonly [string, bigint])[]): Promise<void> {
  for (let at = 0; at < sets.length; at += atOnce) {
    const values = new Map(sets.slice(at, at + atOnce));
    await patiently(() => node.restore(values, { others: "kept" }));
    await pause();
  }
}

/** What others write meanwhile may leave no room for a moment. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (codeOf(error) !== "EVENTUAL_OVERLOADED" || performance.now() >= deadlineMs) throw error;
      await sleep(50);
    }
  }
}

/** Only where they differ: each costs a record. */
async function restoreLabels(node: Node, counters: readonly CounterBackup[]): Promise<void> {
  const changes = counters.flatMap(({ name, value, config }) => {
    const wanted = new Map(config.labels.map(({ key, value: text }) => [key, text]));
    const now = node.look(name).labels;
    const labels = new Map<string, string | null>();
    for (const key of now.keys()) if (!wanted.has(key)) labels.set(key, null);
    for (const [key, text] of wanted) if (now.get(key) !== text) labels.set(key, text);
    return value === null || labels.size === 0 ? [] : { counter: name, labels };
  });
  for (let at = 0; at < changes.length; at += atOnce) {
    const some = changes.slice(at, at + atOnce);
    await patiently(() => Promise.all(some.map((change) => node.configure(change))));
  }
}
