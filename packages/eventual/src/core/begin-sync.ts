/** The first leg of a sync (Y2, `syncing.ts`): what this node has, and what is on its way to its disk. */
import { headOf } from "../data/replica.ts";
import type { Head } from "../types.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState } from "./state.ts";
import { ask, stagedHead } from "./state.ts";

export function headsOf(s: EventualState): Head[] {
  const heads: Head[] = [];
  for (const [writer, { position, hash }] of s.replica.writers) {
    if (position > 0) heads.push({ writer, position, hash });
  }
  return heads;
}

export function startSync(s: EventualState, peer: Peer): void {
  if (peer.node === s.options.node) return;
  if (peer.syncing !== null || peer.filling !== null || s.tick < peer.holdTick) {
    peer.syncAgain = true;
    return;
  }
  peer.syncAgain = false;
  // With what is on its way to our disk, so that it is not sent again.
  const heads = headsOf(s).map(({ writer }) => stagedHead(s, writer));
  for (const head of s.staged.values())
    if (headOf(s.replica, head.writer).position === 0) heads.push(head);
  peer.syncing = ask(s, peer.address, { type: "sync", heads });
}

/** The write that holds all that was received so far; 0 if it is on the disk. */
export function lastStagedWrite(s: EventualState): number {
  return s.incoming.length > 0 ? s.lastWrite + 1 : (s.writing?.id ?? 0);
}
