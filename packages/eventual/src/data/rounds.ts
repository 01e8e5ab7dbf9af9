/**
 * When keys issued before a time X may be forgotten, each node alone:
 *
 * R1  Every writer that may still write has promised to accept no key issued before X. Its log is
 *     in order, so every such key of it lies at or before the first promise ≥ X. Of a writer that
 *     is *final* every key lies at or before its end. Those positions are B. All is applied to B.
 * R2  Every writer that may still write has said, in a later promise, that it knows all of B. So a
 *     reset that is still unknown here covers all of B: none can cut between two additions of one
 *     key, or count one half of what is closed and not the other.
 * R3  Nobody who counts may be missing: every member that is not removed has a writer here, every
 *     named address has been met, and every writer that somebody knows of is known here.
 *
 * A promise that came in a piece of a snapshot counts when the records up to it are applied.
 */
import type { NodeId, Position, WallMs, WriterId } from "../types.ts";
import type { RecordId } from "./counter-state.ts";
import type { Replica, WriterState } from "./replica.ts";

/** What the rounds are decided on, gathered once. */
export interface Rounds {
  readonly writing: readonly (readonly [WriterId, WriterState])[];
  readonly final: ReadonlySet<WriterId>;
  /** By R3. */
  readonly complete: boolean;
}

export function roundsOf(r: Replica): Rounds {
  const writing: (readonly [WriterId, WriterState])[] = [];
  const final = new Set<WriterId>();
  const speakers = speakersOf(r);
  let complete = !hasStrangers(r) && unmet(r).length === 0;
  for (const [writer, state] of r.writers) {
    if (isFinalFor(r, speakers, writer, state)) final.add(writer);
    else if (r.members.get(state.owner)?.status === "removed") complete = false;
    else writing.push([writer, state]);
  }
  const owners = new Set(writing.map(([, { owner }]) => owner));
  for (const member of r.members.values()) {
    if (member.status !== "removed" && !owners.has(member.id)) complete = false;
  }
  return { writing, final, complete };
}

/**
 * B, if X passes both rounds.
 *
 * @returns null: not yet
 */
export function boundOf(r: Replica, rounds: Rounds, x: WallMs): Map<WriterId, Position> | null {
  if (!rounds.complete) return null;
  const bound = new Map<WriterId, Position>();
  for (const writer of rounds.final) bound.set(writer, r.writers.get(writer)!.position);
  for (const [writer, state] of rounds.writing) {
    const promise = state.promises.find(({ before }) => before >= x);
    if (promise === undefined || promise.position > state.position) return null;
    bound.set(writer, promise.position);
  }
  for (const [writer, state] of rounds.writing) {
    if (state.knownAt > state.position) return null;
    for (const [other, position] of bound) {
      if ((other === writer ? state.knownAt : (state.known.get(other) ?? 0)) < position)
        return null;
    }
  }
  return bound;
}

/** Whether a writer has ended for good, and everything that it wrote is applied here. */
export function isFinal(r: Replica, writer: WriterId): boolean {
  const state = r.writers.get(writer);
  return state !== undefined && isFinalFor(r, speakersOf(r), writer, state);
}

/** Of each member that is not removed, the writers under which it has promised something. */
type Speakers = ReadonlyMap<NodeId, readonly (readonly [WriterId, WriterState])[]>;

function speakersOf(r: Replica): Speakers {
  const speakers = new Map<NodeId, (readonly [WriterId, WriterState])[]>();
  for (const { id, status } of r.members.values()) if (status !== "removed") speakers.set(id, []);
  for (const [writer, state] of r.writers) {
    if (state.knownAt > 0) speakers.get(state.owner)?.push([writer, state]);
  }
  return speakers;
}

function isFinalFor(r: Replica, speakers: Speakers, writer: WriterId, state: WriterState): boolean {
  if (state.position === 0) return false;
  const removals = removalsOf(r);
  if (r.members.get(state.owner)?.status === "removed") {
    return isFinalOfRemoved(speakers, writer, state, removals);
  }
  const { sealedAt, sealedBy } = state;
  if (sealedAt === null || sealedBy === null || sealedAt !== state.position) return false;
  for (const [node, writers] of speakers) {
    // Who knew of more has not confirmed; unless it was removed. So who confirms must know of that, for
    // it may have taken more from whoever it still listened to.
    if (node === state.owner && removals.length === 0) continue;
    const confirmed = writers.some(
      ([name, by]) =>
        knows(name, by, sealedBy) &&
        by.known.get(writer) === sealedAt &&
        removals.every((removal) => knows(name, by, removal)),
    );
    if (!confirmed) return false;
  }
  return true;
}

function removalsOf(r: Replica): RecordId[] {
  const removals: RecordId[] = [];
  for (const { decidedAt } of r.members.values()) if (decidedAt !== null) removals.push(decidedAt);
  return removals;
}

/**
 * Nobody listens to a member once they know of its removal. So when all who are left know of all
 * removals, what they have of such a writer comes from each other: who has most has all.
 */
function isFinalOfRemoved(
  speakers: Speakers,
  writer: WriterId,
  state: WriterState,
  removals: readonly RecordId[],
): boolean {
  for (const writers of speakers.values()) {
    const told = writers.filter(([name, by]) => removals.every((item) => knows(name, by, item)));
    if (told.length === 0) return false;
    if (told.some(([, by]) => (by.known.get(writer) ?? 0) > state.position)) return false;
  }
  return true;
}

/** Whether the latest promise of a writer was made in the knowledge of a record. */
function knows(name: WriterId, by: WriterState, record: RecordId): boolean {
  const position = name === record.writer ? by.knownAt : (by.known.get(record.writer) ?? 0);
  return position >= record.position;
}

/** Whether a member knows of a writer that is not known here, and may be of a removed member. */
function hasStrangers(r: Replica): boolean {
  for (const { owner, known } of r.writers.values()) {
    if (r.members.get(owner)?.status === "removed") continue;
    for (const writer of known.keys()) {
      if ((r.writers.get(writer)?.position ?? 0) === 0) return true;
    }
  }
  return false;
}

/** Named addresses at which nobody was met who is still a member, by whatever address. */
export function unmet(r: Replica): string[] {
  const met = new Set<string>();
  for (const { address, status } of r.members.values()) if (status !== "removed") met.add(address);
  const addresses: string[] = [];
  for (const { address, wanted } of r.named.values()) {
    const alias = r.members.get(r.aliases.get(address) ?? "");
    const isMet = met.has(address) || (alias !== undefined && alias.status !== "removed");
    if (wanted && !isMet) addresses.push(address);
  }
  return addresses;
}
