/**
 * What a host owes its core, each clause with a host that breaks it. The core is blameless in these
 * runs; a simulation that does not notice the host checks too little.
 */
export const hostFlaws = {
  "acknowledges-early": "a write is reported durable when it is, not when it was begun",
  "retries-a-failed-sync":
    "an fsync that failed is final: a second one that succeeds proves nothing",
  "acknowledges-without-room": "a write that found no room on the disk was not stored",
  "skips-the-directory-sync": "a file is durable once its name is: the directory is synced as well",
  "splits-writes": "term, vote and entries of a write become durable together",
  "reorders-writes": "writes become durable in the order in which they were given",
  "ignores-checksums": "what was torn or has rotted is never read as if it were whole",
  "cuts-damage-off": "only what was never acknowledged may be cut off: damage is refused",
  "admits-an-empty-disk": "a server that comes back with an empty disk is not the one it was",
  "admits-foreign-clusters": "messages of another cluster are dropped",
  "calls-unknown-refused": "a proposal whose fate is unknown is never called refused",
  "repeats-without-a-key": "a command without a key is never sent twice",
  "reuses-a-buffer": "bytes that were handed over are never written to again",
  "repeats-its-seed": "each start of a server draws another seed",
} as const;

/** A clause of the contract between host and core, by the host that breaks it. */
export type HostFlaw = keyof typeof hostFlaws;

/** The flaw of this name; `null` if there is none. */
export function hostFlawNamed(name: string): HostFlaw | null {
  return isFlaw(name) ? name : null;
}

function isFlaw(name: string): name is HostFlaw {
  return Object.hasOwn(hostFlaws, name);
}
