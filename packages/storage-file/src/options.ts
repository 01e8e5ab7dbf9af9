/** How a storage behaves. All sizes are in bytes. */
import type { SyncMode } from "./sync-policy.ts";

export interface FileStorageOptions {
  /** Size of a segment of the log; from 4096 to 1 GiB, default 16 MiB. */
  readonly segmentBytes?: number;
  /** Size of the first segment of a new storage; default 4 MiB, but not more than `segmentBytes`. */
  readonly firstSegmentBytes?: number;
  /** How many snapshots are kept, for followers that read an older one; at least 1, default 3. */
  readonly keepSnapshots?: number;
  /**
   * - `pool`: syncs run in the thread pool; the event loop never waits for the disk
   * - `inline`: syncs run on this thread; least CPU, but a slow disk stops heartbeats
   * - `adaptive` (default): inline while the disk answers at once, and back at the first slow sync
   */
  readonly sync?: SyncMode;
  /**
   * Told after every sync of the log how long it took, in milliseconds. It is called on the way of
   * every write, so it must be quick, and must not throw.
   */
  readonly onSync?: (tookMs: number) => void;
}

const leastSegmentBytes = 4096;
const mostSegmentBytes = 1024 * 1024 * 1024;

/** @throws {RangeError} that names the option that is out of its range */
export function resolveOptions(options: FileStorageOptions): Required<FileStorageOptions> {
  const segmentBytes = options.segmentBytes ?? 16 * 1024 * 1024;
  const resolved: Required<FileStorageOptions> = {
    segmentBytes,
    firstSegmentBytes: options.firstSegmentBytes ?? Math.min(segmentBytes, 4 * 1024 * 1024),
    keepSnapshots: options.keepSnapshots ?? 3,
    sync: options.sync ?? "adaptive",
    onSync: options.onSync ?? ((): void => undefined),
  };
  const segmentRange = { least: leastSegmentBytes, most: mostSegmentBytes };
  checkRange("segmentBytes", resolved.segmentBytes, segmentRange);
  checkRange("firstSegmentBytes", resolved.firstSegmentBytes, segmentRange);
  checkRange("keepSnapshots", resolved.keepSnapshots, { least: 1, most: 1000 });
  if (!["pool", "inline", "adaptive"].includes(resolved.sync)) {
    throw new RangeError("sync must be pool, inline or adaptive");
  }
  return resolved;
}

function checkRange(
  name: string,
  value: number,
  range: { readonly least: number; readonly most: number },
): void {
  if (!Number.isSafeInteger(value) || value < range.least || value > range.most) {
    throw new RangeError(`${name} must be an integer from ${range.least} to ${range.most}`);
  }
}
