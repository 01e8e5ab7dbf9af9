/** A full disk stops no process and fails no request for good, so somebody has to be told of it. */
import type { Storage } from "@counter/raft";
import type { Logger } from "winston";

import { codeOf } from "../process/error-text.ts";

export interface FullDiskOptions {
  readonly dataDir: string;
  readonly log: Logger;
  /** Told when a write finds no room, and when one finds some again. */
  readonly onFull?: ((full: boolean) => void) | undefined;
}

/**
 * The same storage, but it says in the log when there is no room for writes or for a snapshot, and
 * when there is again: once each, however often it is tried in between.
 */
export function withFullDiskLogged(
  storage: Storage,
  { dataDir, log, onFull }: FullDiskOptions,
): Storage {
  const writes = latch({
    onFull: () => {
      onFull?.(true);
      log.error(
        "the disk is full: this node acknowledges nothing more until there is room, and tries again by itself. Make room: docs/runbooks/full-disk.md",
        { dataDir },
      );
    },
    onRoom: () => {
      onFull?.(false);
      log.info("there is room on the disk again", { dataDir });
    },
  });
  const snapshots = latch({
    onFull: () =>
      log.error("no room on the disk for a snapshot: the log grows until there is", { dataDir }),
    onRoom: () => log.info("there was room for a snapshot again", { dataDir }),
  });
  return {
    load: () => storage.load(),
    write: (write) => writes(storage.write(write)),
    compact: (index) => storage.compact(index),
    saveSnapshot: (snapshot, chunks) => snapshots(storage.saveSnapshot(snapshot, chunks)),
    readSnapshot: (index) => storage.readSnapshot(index),
    readSnapshotChunk: (at) => storage.readSnapshotChunk(at),
    close: () => storage.close(),
  };
}

/** Looks at how calls end, without changing it: whoever made the call hears of the error too. */
function latch(hooks: {
  readonly onFull: () => void;
  readonly onRoom: () => void;
}): (call: Promise<void>) => Promise<void> {
  let full = false;
  const onDone = (): void => {
    if (full) hooks.onRoom();
    full = false;
  };
  const onError = (error: unknown): void => {
    if (full || codeOf(error) !== "STORAGE_FULL") return;
    full = true;
    hooks.onFull();
  };
  return (call) => {
    call.then(onDone, onError);
    return call;
  };
}
