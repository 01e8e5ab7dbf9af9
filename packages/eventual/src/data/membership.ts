/** What is known of nodes: members, named addresses, promises and seals. Every function joins. */
import type { Member, MemberStatus, NamedAddress, NodeId, Position, WallMs } from "../types.ts";
import type { VersionVector, WriterId } from "../types.ts";
import { promisesMax } from "./limits.ts";
import type { RecordId } from "./counter-state.ts";
import type { Replica, Seal, WriterState } from "./replica.ts";
import { isBefore } from "./replica.ts";

const order: readonly MemberStatus[] = ["joining", "up", "leaving", "removed"];

/**
 * @param decidedAt - the record that says so, if it says that the member is removed
 * @returns whether anything changed that people see
 */
export function joinMember(r: Replica, member: Member, decidedAt: RecordId | null): boolean {
  const known = r.members.get(member.id);
  const decided = earlier(known?.decidedAt ?? null, member.status === "removed" ? decidedAt : null);
  const wins = known === undefined || isLater(member, known);
  const { id, address, label, status, version } = wins ? member : known;
  r.members.set(id, { id, address, label, status, version, decidedAt: decided });
  return wins;
}

function earlier(one: RecordId | null, other: RecordId | null): RecordId | null {
  if (one === null || other === null) return one ?? other;
  return isBefore(one, other) ? one : other;
}

/** The last step only makes the result the same everywhere: nobody says one version differently. */
function isLater(one: Member, other: Member): boolean {
  const stage = Math.max(1, order.indexOf(one.status)) - Math.max(1, order.indexOf(other.status));
  if (stage !== 0) return stage > 0;
  if (one.version !== other.version) return one.version > other.version;
  if (one.status !== other.status) return order.indexOf(one.status) > order.indexOf(other.status);
  if (one.address !== other.address) return one.address > other.address;
  return one.label > other.label;
}

/** @returns whether anything changed */
export function joinNamed(r: Replica, named: NamedAddress): boolean {
  const known = r.named.get(named.address);
  const wins =
    known === undefined ||
    named.version > known.version ||
    (named.version === known.version && known.wanted && !named.wanted);
  if (wins) r.named.set(named.address, named);
  return wins;
}

/** Begins a writer, of which nothing is applied yet. */
export function addWriter(
  r: Replica,
  writer: WriterId,
  born: { readonly node: NodeId; readonly boot: number },
): WriterState {
  const state: WriterState = {
    owner: born.node,
    boot: born.boot,
    position: 0,
    hash: 0,
    hlc: 0,
    promises: [],
    known: new Map(),
    knownAt: 0,
    sealedAt: null,
    sealedBy: null,
  };
  r.writers.set(writer, state);
  const seal = r.earlySeals.get(writer);
  if (seal !== undefined) {
    r.earlySeals.delete(writer);
    joinSeal(r, writer, seal);
  }
  return state;
}

/** Only a later writer of the same node can say where a writer ended. */
export function joinSeal(r: Replica, writer: WriterId, seal: Seal): void {
  const state = r.writers.get(writer);
  if (state === undefined) {
    const known = r.earlySeals.get(writer);
    if (known === undefined || outranks(seal, known)) r.earlySeals.set(writer, seal);
    return;
  }
  const by = r.writers.get(seal.by.writer);
  if (by !== undefined && (by.owner !== state.owner || by.boot <= state.boot)) return;
  const { sealedAt, sealedBy } = state;
  if (sealedAt !== null && sealedBy !== null) {
    if (!outranks(seal, { position: sealedAt, by: sealedBy })) return;
  }
  state.sealedAt = seal.position;
  state.sealedBy = seal.by;
}

function outranks(one: Seal, other: Seal): boolean {
  if (one.position !== other.position) return one.position > other.position;
  return isBefore(one.by, other.by);
}

/** A promise that a writer made at `position`. */
export function joinPromise(
  r: Replica,
  state: WriterState,
  promise: { readonly before: WallMs; readonly position: Position; readonly known: VersionVector },
): void {
  joinPromisePoints(state, [promise]);
  if (promise.position <= state.knownAt) return;
  state.knownAt = promise.position;
  state.known = promise.known;
  dropObsoleteKnown(r, state.owner);
}

/** Keeps those that rise, the latest of them {@link promisesMax}. */
export function joinPromisePoints(
  state: WriterState,
  points: readonly { readonly before: WallMs; readonly position: Position }[],
): void {
  const all = [...state.promises, ...points].sort((one, other) => one.position - other.position);
  const rising: { before: WallMs; position: Position }[] = [];
  for (const { before, position } of all) {
    const last = rising.at(-1);
    if (last === undefined || before > last.before) rising.push({ before, position });
  }
  state.promises = rising.slice(-promisesMax);
}

/**
 * What a node knew under an earlier writer says nothing more: its latest writer knows all of that.
 * And the rounds (`rounds.ts`) cannot pass with an earlier writer before that is final, in which
 * case nobody asks what it knew. So the vectors in memory are as many as nodes, not as writers.
 */
export function dropObsoleteKnown(r: Replica, owner: NodeId): void {
  let latest = -1;
  for (const state of r.writers.values()) {
    if (state.owner === owner && state.knownAt > 0) latest = Math.max(latest, state.boot);
  }
  for (const state of r.writers.values()) {
    if (state.owner === owner && state.boot < latest && state.known.size > 0) {
      state.known = new Map();
    }
  }
}
