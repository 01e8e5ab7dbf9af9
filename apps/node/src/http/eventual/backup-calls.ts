/** Backup and restore in eventual mode: what this node knows, and setting all counters to it. */
import type { EventualNode } from "@counter/eventual";
import { plainConfig } from "@counter/state-machine";

import type { Backups } from "../../data-dir/backups.ts";
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

export function eventualBackupCalls(parts: {
  readonly node: () => Pick<EventualNode, "counters" | "status" | "restore">;
  readonly backups: () => Backups;
  readonly onRestored: (restored: Restored) => void;
}): BackupCalls {
  const { node, backups, onRestored } = parts;
  return {
    backup: async () => {
      const running = node();
      const counters = [...running.counters()].map(([name, value]) => {
        return { name, value, issued: null, config: plainConfig };
      });
      counters.sort((one, other) => (one.name < other.name ? -1 : 1)); // alike at every node
      return backups().saveNext({ index: recordsKnown(running.status()), counters });
    },
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
      onRestored({ counters: counters.length, index });
      return { replayed: false, headers: { "counter-version": written.token }, members: {} };
    },
  };
}
