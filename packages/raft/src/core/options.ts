import { isPrintableId } from "./configuration.ts";
import type { RaftOptions } from "./door.ts";

/** Fits a tick of 25 ms: heartbeats every 50 ms, elections after 500 to 1000 ms of silence. */
export const defaultRaftOptions: Omit<RaftOptions, "id" | "seed"> = {
  electionTimeoutTicks: 20,
  heartbeatTicks: 2,
  messageMaxBytes: 1024 * 1024,
  messageMaxEntries: 4096,
  inflightMaxMessages: 64,
  inflightMaxBytes: 8 * 1024 * 1024,
  uncommittedMaxBytes: 32 * 1024 * 1024,
  entryMaxBytes: 4 * 1024 * 1024,
  pendingReadsMax: 16_384,
  snapshotChunkMaxBytes: 256 * 1024,
  snapshotTransfersMax: 2,
  snapshotBytesPerTick: 1024 * 1024,
  inflightMaxWrites: 1,
  committedMaxBytes: 8 * 1024 * 1024,
  diskStallTicks: 80,
  leaseMs: 0,
};

/** @throws {RangeError} that names the first option that is out of its range */
export function checkRaftOptions(o: RaftOptions): void {
  if (!isPrintableId(o.id)) {
    throw new RangeError("id must be 1 to 128 visible ASCII characters");
  }
  if (!Number.isInteger(o.seed)) throw new RangeError("seed must be an integer");
  const least: readonly (readonly [keyof RaftOptions, number])[] = [
    ["electionTimeoutTicks", 2],
    ["heartbeatTicks", 1],
    ["messageMaxBytes", 1],
    ["messageMaxEntries", 1],
    ["inflightMaxMessages", 1],
    ["inflightMaxBytes", 1],
    ["uncommittedMaxBytes", 1],
    ["entryMaxBytes", 1],
    ["pendingReadsMax", 1],
    ["snapshotChunkMaxBytes", 1],
    ["snapshotTransfersMax", 1],
    ["snapshotBytesPerTick", 1],
    ["inflightMaxWrites", 1],
    ["committedMaxBytes", 1],
    ["diskStallTicks", 1],
    ["leaseMs", 0],
  ];
  for (const [name, minimum] of least) {
    const value = o[name];
    if (!Number.isSafeInteger(value) || Number(value) < minimum) {
      throw new RangeError(`${name} must be an integer of at least ${minimum}`);
    }
  }
  if (o.heartbeatTicks * 2 > o.electionTimeoutTicks) {
    throw new RangeError("heartbeatTicks must be at most half of electionTimeoutTicks");
  }
}
