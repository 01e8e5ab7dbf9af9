/** What a node looks like from outside. */
import { keepsKeys } from "../data/closing.ts";
import { keyCount } from "../data/keys.ts";
import { vectorHash, vectorOf } from "../data/replica.ts";
import { counterCount } from "../data/values.ts";
import type { Position, VersionVector, WriterId } from "../types.ts";
import type { EventualStatus } from "./door.ts";
import type { EventualState } from "./state.ts";
import { isExpected } from "./peers.ts";
import { ownHead } from "./syncing.ts";

export function statusOf(s: EventualState): EventualStatus {
  const own = ownHead(s);
  const heads = vectorOf(s.replica);
  return {
    node: s.options.node,
    clusterId: s.cluster.id,
    provisional: s.cluster.provisional,
    boot: s.boot,
    writer: own?.writer ?? null,
    position: own?.position ?? 0,
    ready: s.ready,
    merging: s.staging?.order != null,
    leaving: s.leaving !== null,
    removed: s.removed,
    vector: heads,
    vectorHash: vectorHash(s.replica),
    members: [...s.replica.members.values()],
    named: [...s.replica.named.values()],
    peers: [...s.peers.values()].map(({ address, node, up, heardTick, heads: theirs, boot }) => ({
      address,
      node,
      up,
      silentTicks: heardTick === null ? null : s.tick - heardTick,
      acked: own === null ? 0 : (theirs?.get(own.writer) ?? 0),
      lagRecords: lagOf(heads, theirs),
      boot: node === null ? null : boot,
    })),
    counters: counterCount(s.replica),
    keys: keyCount(s.replica),
    retainedBytes: s.retainedBytes,
    closedBefore: s.closedBefore,
    conflicts: s.replica.conflictCount,
    keepsKeys: keepsKeys(s.replica),
  };
}

function lagOf(heads: VersionVector, theirs: ReadonlyMap<WriterId, Position> | null): number {
  let records = 0;
  for (const [writer, position] of heads) {
    records += Math.max(0, position - (theirs?.get(writer) ?? 0));
  }
  return records;
}

/** Nodes, ourselves included, that are known to have all of this on their disk. */
export function holdersOf(s: EventualState, vector: VersionVector): number {
  const nodes = new Set([s.options.node]);
  for (const { node, heads } of s.peers.values()) {
    if (node === null || heads === null) continue;
    const hasAll = [...vector].every(([writer, position]) => (heads.get(writer) ?? 0) >= position);
    if (hasAll) nodes.add(node);
  }
  return nodes.size;
}

/** Nodes, ourselves included, that took part completely in a sync begun in this round or later. */
export function syncedSince({ options, peers }: EventualState, round: number): number {
  const nodes = new Set([options.node]);
  for (const { node, syncedRound } of peers.values()) {
    if (node !== null && syncedRound >= round) nodes.add(node);
  }
  return nodes.size;
}

/** Members, ourselves included, and those that are named and were not met yet. */
export function memberCountOf(s: EventualState): number {
  const { replica, options, peers } = s;
  const addresses = new Set([options.address]);
  for (const { id, status, address } of replica.members.values()) {
    if (id !== options.node && status !== "removed") addresses.add(address);
  }
  for (const peer of peers.values()) {
    if (!isExpected(s, peer)) continue;
    const { address, node } = peer;
    const status = node === null ? undefined : replica.members.get(node)?.status;
    const isCounted = status !== undefined && status !== "removed"; // perhaps by another address
    if (node !== options.node && !isCounted) addresses.add(address);
  }
  return addresses.size;
}

/**
 * Equal texts stand for equal values, settings and existence of all counters. While a snapshot is
 * merged, those are ahead of the vector.
 */
export function knowledgeOf(s: EventualState): string {
  const hash = vectorHash(s.replica).toString(16).padStart(14, "0");
  const { staging } = s;
  return staging?.order == null ? hash : `${hash}-${staging.snapshot}-${staging.merged}`;
}
