/** Backup and restore in eventual mode: what this node knows, and setting all counters to it. */
import type { EventualNode } from "@counter/eventual";
import { plainConfig } from "@counter/state-machine";

import type { Backups } from "../../data-dir/backups.ts";
import type { Backup } from "../../engine/engine.ts";
import type { BackupCalls } from "../backup-routes.ts";
import { Problem } from "../problems.ts";
import { rangeChecked } from "./calls.ts";
import { recordsKnown } from "./status.ts";

/** What a restore has brought back. */
export interface Restored {
  readonly counters: number;
  /** Number of the backup. */
  readonly index: number;
}

type Used = "configure" | "counters" | "look" | "restore" | "status";

export function eventualBackupCalls(parts: {
  readonly node: () => Pick<EventualNode, Used>;
  readonly backups: () => Backups;
  readonly onRestored: (restored: Restored) => void;
}): BackupCalls {
  const { node, backups, onRestored } = parts;
  const take = (): Backup => {
    const running = node();
    const counters = [...running.counters()].map(([name, value]) => {
      const labels = [...running.look(name).labels].map(([key, text]) => ({ key, value: text }));
      return { name, value, issued: null, config: { ...plainConfig, labels } };
    });
    counters.sort((one, other) => (one.name < other.name ? -1 : 1)); // alike at every node
    return { index: recordsKnown(running.status()), counters };
  };
  return {
    take: () => Promise.resolve(take()),
    backup: () => backups().saveNext(take()),
    restore: async ({ index, counters }, key) => {
      if (key !== null) {
        throw new Problem(
          "validation-failed",
          "a restore takes no Idempotency-Key in eventual mode: sent again, it sets all counters again",
        );
      }
      const values = new Map<string, bigint>();
      for (const { name, value } of counters) if (value !== null) values.set(name, value);
      const written = await rangeChecked("value-out-of-range", () => node().restore(values));
      await restoreLabels(node(), counters);
      onRestored({ counters: counters.length, index });
      return { replayed: false, headers: { "counter-version": written.token }, members: {} };
    },
  };
}

/** How many counters get their labels at a time. */
const labelsAtOnce = 256;

/** Only where they differ: each costs a record. */
async function restoreLabels(
  node: Pick<EventualNode, Used>,
  counters: Backup["counters"],
): Promise<void> {
  const changes = counters.flatMap(({ name, value, config }) => {
    const wanted = new Map(config.labels.map(({ key, value: text }) => [key, text]));
    const now = node.look(name).labels;
    const labels = new Map<string, string | null>();
    for (const key of now.keys()) if (!wanted.has(key)) labels.set(key, null);
    for (const [key, text] of wanted) if (now.get(key) !== text) labels.set(key, text);
    return value === null || labels.size === 0 ? [] : { counter: name, labels };
  });
  for (let at = 0; at < changes.length; at += labelsAtOnce) {
    const some = changes.slice(at, at + labelsAtOnce);
    await Promise.all(some.map((change) => node.configure(change)));
  }
}
