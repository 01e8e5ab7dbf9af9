/**
 * Under which writer this process writes.
 *
 * B1  A writer is resumed only if every other node that may ever have heard of it says, after this
 *     start, that it knows nothing of it that we do not know, and only when all that they told of
 *     has been read and seals it nowhere: our disk may be an older copy.
 * B2  Otherwise a new writer is minted, under a random id. Its first record says whose it is,
 *     repeats the promise of the node, and seals the writers before it where our disk ends. A seal
 *     is believed as final only when everybody has confirmed it.
 * B3  If more of an old writer turns up later, its seal is raised.
 * B4  Nobody waits for an answer that nobody needs: a new writer is minted when `resumeTicks` are
 *     over and something wants to be written.
 * B5  A seal counts only if it comes of a later start. Who finds a writer of its own that is as late
 *     as the one it uses has an older copy of its disk, and mints a still later one.
 */
import { headOf } from "../data/replica.ts";
import type { Control, Head, WriterId } from "../types.ts";
import { encodeEntry } from "./journal-entry.ts";
import { announce } from "./announcing.ts";
import { hexBits } from "./random.ts";
import { numberStart } from "./starts.ts";
import type { EventualState } from "./state.ts";
import { stagedHead, startRecord } from "./state.ts";
import { vectorKnown } from "./promising.ts";
import { refuseQueuedKeys } from "./writing.ts";

/** Our writers of earlier times, in no order. */
function ownWriters(s: EventualState): WriterId[] {
  const own: WriterId[] = [];
  for (const [writer, { owner }] of s.replica.writers) {
    if (owner === s.options.node) own.push(writer);
  }
  return own;
}

function latestOwn(s: EventualState): WriterId | null {
  let latest: WriterId | null = null;
  for (const writer of ownWriters(s)) {
    const { boot, position } = s.replica.writers.get(writer)!;
    const best = latest === null ? null : s.replica.writers.get(latest)!;
    if (position > 0 && (best === null || boot > best.boot)) latest = writer;
  }
  return latest;
}

export function beginBoot(s: EventualState): void {
  const latest = latestOwn(s);
  if (latest === null) {
    s.phase = { kind: "minting", why: "this node has not written yet" };
  } else if (!s.options.durable) {
    s.phase = { kind: "minting", why: "the storage forgets" };
  } else {
    const old = headOf(s.replica, latest);
    s.phase = { kind: "asking", old, granted: new Set(), told: new Map(), sinceTick: s.tick };
  }
}

/** B1: this peer told what it has, after we had told what we have. */
export function onHeadsOfPeer(s: EventualState, address: string, heads: readonly Head[]): void {
  if (s.phase.kind !== "asking") return;
  const { old, told } = s.phase;
  for (const { writer, position } of heads) {
    told.set(writer, Math.max(position, told.get(writer) ?? 0));
  }
  const theirs = heads.find(({ writer }) => writer === old.writer);
  const ahead = theirs !== undefined && theirs.position > old.position;
  const forked = theirs?.position === old.position && theirs.hash !== old.hash;
  if (ahead || forked) rolledBack(s, `${address} knows more of our writer than our disk`);
  else s.phase.granted.add(address);
}

/** Our disk is an older copy, and so are our promises: we need our place anew (`membership.ts`). */
export function rolledBack(s: EventualState, why: string): void {
  s.phase = { kind: "minting", why };
  s.cluster = { ...s.cluster, placed: false };
  s.placing = null; // it was a position of the writer before
  s.facts.push(encodeEntry({ kind: "cluster", ...s.cluster }));
}

export function advanceBoot(s: EventualState): void {
  if (s.tick === 0) return; // the first tick tells the time
  if (s.phase.kind === "asking") askOrResume(s);
  if (s.phase.kind === "minting") mint(s, s.phase.why);
}

function askOrResume(s: EventualState): void {
  if (s.phase.kind !== "asking") return;
  const { old, granted, told, sinceTick } = s.phase;
  if (stagedHead(s, old.writer).position > old.position) {
    return rolledBack(s, "records of our writer came from others");
  }
  if (s.replica.writers.get(old.writer)?.sealedAt != null || latestOwn(s) !== old.writer) {
    return rolledBack(s, "a later writer of this node is known");
  }
  const silent = [...s.peers.values()].filter(({ address, node }) => {
    return node !== s.options.node && !granted.has(address);
  });
  const hadOthers = [...s.replica.writers.values()].some(({ owner }) => owner !== s.options.node);
  if (silent.length === 0 && granted.size === 0 && hadOthers) {
    s.phase = { kind: "minting", why: "nobody is left to confirm the old one" };
    return;
  }
  const isRead = [...told].every(([writer, position]) => {
    return headOf(s.replica, writer).position >= position;
  });
  if (silent.length === 0 && isRead) {
    s.phase = { kind: "writing", writer: old.writer };
    s.notes.push({
      type: "writer",
      writer: old.writer,
      how: "resumed",
      why: "nobody knows more of it",
    });
    return;
  }
  const isWanted = s.queue.length > 0;
  if (isWanted && s.tick - sinceTick >= s.options.timing.resumeTicks) {
    const names = silent.map(({ address }) => address).join(", ");
    const why = names === "" ? "much is still to be read" : `${names} did not confirm the old one`;
    s.phase = { kind: "minting", why };
  }
}

/** B5. Of our earlier writers the latest start; 0 if there are none. */
function latestBoot(s: EventualState, except: WriterId | null): number {
  let latest = 0;
  for (const writer of ownWriters(s)) {
    if (writer !== except) latest = Math.max(latest, s.replica.writers.get(writer)!.boot);
  }
  return latest;
}

/** B2. */
function mint(s: EventualState, why: string): void {
  const latest = latestBoot(s, null);
  if (latest >= s.boot) numberStart(s, latest + 1);
  const writer = hexBits(s.random, 96);
  const record = startRecord(s);
  s.queue.splice(s.queue.indexOf(record), 1);
  s.queue.unshift(record);
  // With a place, on a disk that may be older than we know: then the clock is all we can go by.
  // Without one the promise comes with the place, and a wrong clock does no harm (K2).
  const byClock = s.cluster.placed ? s.wallMs - s.options.timing.keyWindowMs : 0;
  const before = Math.max(s.promisedBefore, byClock);
  s.promisedBefore = before;
  refuseQueuedKeys(s);
  const controls: Control[] = [
    { kind: "born", node: s.options.node, boot: s.boot },
    { kind: "promise", before, known: vectorKnown(s, writer) },
  ];
  for (const old of ownWriters(s)) {
    const { position } = headOf(s.replica, old);
    if (position > 0) controls.push({ kind: "seal", writer: old, position });
  }
  record.controls.push(...controls);
  s.phase = { kind: "writing", writer };
  s.notes.push({ type: "writer", writer, how: "minted", why });
}

/** B3. */
export function raiseSeals(s: EventualState): void {
  if (s.phase.kind !== "writing") return;
  const own = s.replica.writers.get(s.phase.writer);
  if (own !== undefined && latestBoot(s, s.phase.writer) >= own.boot) {
    return rolledBack(s, "a later writer of this node is known"); // B5
  }
  for (const writer of ownWriters(s)) {
    if (writer === s.phase.writer) continue;
    const { position, sealedAt } = s.replica.writers.get(writer)!;
    const isQueued = s.queue.some(({ controls }) => {
      return controls.some(
        (item) => item.kind === "seal" && item.writer === writer && item.position >= position,
      );
    });
    const isOut = s.writing?.own?.body.controls.some((item) => {
      return item.kind === "seal" && item.writer === writer && item.position >= position;
    });
    if (position <= (sealedAt ?? 0) || isQueued || isOut === true) continue;
    startRecord(s).controls.push({ kind: "seal", writer, position });
  }
}

/** The first exchange with the others is over, and keys can be taken wherever that is possible. */
export function becomeReady(s: EventualState): void {
  if (s.ready || s.transferIn !== null || s.staging?.order != null || s.phase.kind === "minting")
    return;
  for (const peer of s.peers.values()) if (!peer.settled) return;
  // Where somebody answers, or nobody is expected, keys can be taken in a moment (M3).
  const isCutOff = s.peers.size > 0 && ![...s.peers.values()].some(({ up }) => up);
  if (!s.cluster.placed && !isCutOff) return;
  s.ready = true;
  s.notes.push({ type: "ready" });
  announce(s);
}
