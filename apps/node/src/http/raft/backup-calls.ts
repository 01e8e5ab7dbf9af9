/** Backup and restore in Raft mode: what the leader has at one point of the log, and one command. */
import type { Backups } from "../../data-dir/backups.ts";
import type { RaftEngine } from "../../engine/engine.ts";
import type { BackupCalls } from "../backup-routes.ts";

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
  readonly onRestored: (restored: Restored) => void;
}): BackupCalls {
  const { engine, backups, onRestored } = parts;
  return {
    take: () => engine().backup(),
    backup: async () => {
      const taken = await engine().backup();
      return { ...(await backups().save(taken)), ...taken };
    },
    restore: async ({ index, counters }, key) => {
      const { replayed, value: epoch } = await engine().restore({ counters, key });
      if (!replayed) onRestored({ counters: counters.length, index, epoch });
      return { replayed, headers: {}, members: { epoch: String(epoch) } };
    },
  };
}
