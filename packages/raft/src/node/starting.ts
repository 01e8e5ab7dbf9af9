import type { RaftOptions } from "../core/door.ts";
import { bootstrap } from "../core/bootstrap.ts";
import { checkRaftOptions, defaultRaftOptions } from "../core/options.ts";
import type { PersistedState } from "../types.ts";
import type { RaftNodeOptions } from "./options.ts";
import type { Storage } from "./ports.ts";

/** The core's options: defaults, the embedder's choices, and a seed of this very start. */
export function raftOptionsOf<Result>({ id, raft }: RaftNodeOptions<Result>): RaftOptions {
  const seed = Math.floor(Math.random() * 2 ** 32) | 0;
  return { ...defaultRaftOptions, seed, ...raft, id };
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
