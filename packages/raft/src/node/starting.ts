import type { RaftOptions } from "../core/door.ts";
import { bootstrap } from "../core/bootstrap.ts";
import { checkRaftOptions, defaultRaftOptions } from "../core/options.ts";
import { clockToleranceMs } from "./lease-clock.ts";
import type { PersistedState } from "../types.ts";
import type { LeaseOptions, RaftNodeOptions } from "./options.ts";
import type { Storage } from "./ports.ts";

/** Length of a tick unless the embedder says otherwise. */
export const defaultTickMs = 25;

/** The core's options: defaults, the embedder's choices, and a seed of this very start. */
export function raftOptionsOf<Result>(options: RaftNodeOptions<Result>): RaftOptions {
  const seed = Math.floor(Math.random() * 2 ** 32) | 0;
  const chosen = { ...defaultRaftOptions, seed, ...options.raft, id: options.id };
  if (options.leases === undefined) return chosen;
  return { ...chosen, leaseMs: leaseMsOf(chosen, options.leases, options.tickMs ?? defaultTickMs) };
}

/**
 * How long a lease may be believed in (V1): whoever answered sticks to us for an election timeout of
 * its own ticks, of which the first may have been nearly over and the last one may come early.
 */
function leaseMsOf(
  { electionTimeoutTicks, heartbeatTicks }: RaftOptions,
  { clockDriftMax = 0.05 }: LeaseOptions,
  tickMs: number,
): number {
  if (!(clockDriftMax >= 0 && clockDriftMax < 1)) {
    throw new RangeError("clockDriftMax must be at least 0 and below 1");
  }
  const stickyMs = (electionTimeoutTicks - 2) * tickMs;
  const leaseMs = (stickyMs * (1 - clockDriftMax)) / (1 + clockDriftMax) - clockToleranceMs;
  if (leaseMs < heartbeatTicks * tickMs) {
    throw new RangeError(
      "leases would be over before they are renewed: use a longer election timeout",
    );
  }
  return Math.floor(leaseMs);
}

/** What the storage holds; on an empty one the first configuration is stored, before anything else. */
export async function loadOrBootstrap<Result>(
  options: RaftNodeOptions<Result>,
): Promise<PersistedState> {
  const { id, members, storage } = options;
  checkRaftOptions(raftOptionsOf(options)); // before anything is stored
  const found = await storage.load();
  if (found !== null) return found;
  if (members === "join") return stored(storage, nothingYet);
  if (!members.some((member) => member.id === id)) {
    throw new RangeError(`${id} is not one of the members`);
  }
  return stored(storage, bootstrap(members));
}

/** What a server knows that joins: that it has never voted. */
const nothingYet: PersistedState = {
  hardState: { term: 0, vote: null, commitIndex: 0 },
  snapshot: null,
  entries: [],
};

async function stored(storage: Storage, first: PersistedState): Promise<PersistedState> {
  await storage.write({ hardState: first.hardState, entries: first.entries, chunk: null });
  return first;
}
