/** Backup and restore in Raft mode: what the leader has at one point of the log, and back in parts. */
import type { Backups } from "../../data-dir/backups.ts";
import type { RaftEngine } from "../../engine/engine.ts";
import type { BackupCalls } from "../backup-routes.ts";
import { Problem } from "../problems.ts";
import type { RestoreDriver } from "./restore-steps.ts";

/** What a restore has brought back. */
export interface Restored {
  readonly counters: number;
  /** The log index at which the backup was made. */
  readonly index: number;
  /** How many restores there have been, this one included. */
  readonly epoch: bigint;
}

export function raftBackupCalls(parts: {
  readonly engine: () => RaftEngine;
  readonly backups: () => Backups;
  readonly driver: Pick<RestoreDriver, "run">;
  /** Whether only the leader takes writes, as in the demo. */
  readonly strict: boolean;
  readonly onRestored: (restored: Restored) => void;
}): BackupCalls {
  const { engine, backups, driver, strict, onRestored } = parts;
  return {
    take: () => engine().backup(),
    backup: async () => backups().save(await engine().backup()),
    requireReady: () => {
      const { state } = engine().status();
      if (strict && state !== "Leader") throw new Problem("not-leader", "not leader");
    },
    restore: async (received, { key, gone, request }) => {
      const { index, counters } = received.facts;
      const { replayed, epoch } = await driver.run(received, {
        key,
        gone,
        headers: request.headers,
      });
      if (!replayed) onRestored({ counters, index, epoch });
      return { replayed, headers: {}, members: { epoch: String(epoch) } };
    },
  };
}
