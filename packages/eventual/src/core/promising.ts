/**
 * When a key may be forgotten (§8 of the reference of this mode; docs/eventual.md).
 *
 * K1  A promise says from when on this node accepts keys, and what it knows. It never falls.
 * K2  A node promises only as far as its window and its keys want it, so that a clock which runs
 *     ahead cannot close the door for keys that are still to come.
 * K3  Closing needs promises of everybody: `data/closing.ts`. A cluster that may still have to give
 *     up its id for another one closes nothing.
 * K4  While nothing can be closed, promises become rarer.
 */
import { closeKeys, isFinal } from "../data/closing.ts";
import { oldestUntil } from "../data/keys.ts";
import { vectorHash } from "../data/replica.ts";
import type { Position, VersionVector, WallMs, WriterId } from "../types.ts";
import type { EventualState } from "./state.ts";
import { control } from "./state.ts";

/** Most keys closed in one go, so that nobody waits for it. */
const closeMaxKeys = 5_000;

/** Promises become at most so many times rarer. */
const patienceMax = 64;

export function vectorKnown(s: EventualState, own: WriterId): VersionVector {
  const known = new Map<WriterId, Position>();
  for (const [writer, { position }] of s.replica.writers) {
    if (position > 0 && writer !== own) known.set(writer, position);
  }
  return known;
}

export function tickPromises(s: EventualState): void {
  if (s.tick % s.options.timing.promiseTicks === 0) closeOld(s, closeMaxKeys);
  if (s.phase.kind !== "writing" || s.leaving !== null || s.tick < s.nextPromiseTick) return;
  s.nextPromiseTick = s.tick + s.promiseWaitTicks;
  const before = wantedBefore(s);
  const vector = vectorHash(s.replica);
  const isDue = before > s.promisedBefore || (vector !== s.promisedVector && hasUnsettled(s));
  if (!isDue) return;
  s.promiseWaitTicks = Math.min(
    s.promiseWaitTicks * 2,
    s.options.timing.promiseTicks * patienceMax,
  );
  promise(s, Math.max(before, s.promisedBefore));
}

/** Forgets the keys that may be forgotten (K3), about so many at most. */
export function closeOld(s: EventualState, keysMax: number): void {
  if (s.cluster.provisional) return;
  const closed = closeKeys(s.replica, keysMax);
  if (closed === null) return;
  s.notes.push({ type: "keysClosed", ...closed });
  s.closedBefore = closed.before;
  s.promiseWaitTicks = s.options.timing.promiseTicks;
}

/** Puts a promise into the next record. */
export function promise(s: EventualState, before: WallMs): void {
  if (s.phase.kind !== "writing") return;
  s.promisedBefore = Math.max(s.promisedBefore, before);
  s.promisedVector = vectorHash(s.replica);
  control(s, { kind: "promise", before: s.promisedBefore, known: vectorKnown(s, s.phase.writer) });
}

/** K2: as far as the oldest open key asks for, and the window allows. */
function wantedBefore(s: EventualState): WallMs {
  const oldest = oldestUntil(s.replica);
  const { keyWindowMs, keyMarginMs } = s.options.timing;
  const allowed = s.wallMs - keyWindowMs - keyMarginMs;
  if (oldest === null || oldest > allowed) return 0;
  return Math.min(allowed, s.replica.untilMax);
}

/** Whether others wait for what we know: to close keys, or to call a seal final. */
function hasUnsettled(s: EventualState): boolean {
  const oldest = oldestUntil(s.replica);
  if (oldest !== null && oldest <= s.promisedBefore) return true;
  for (const [writer, { sealedAt, owner }] of s.replica.writers) {
    const isOver = sealedAt !== null || s.replica.members.get(owner)?.status === "removed";
    if (isOver && !isFinal(s.replica, writer)) return true;
  }
  return false;
}
