/**
 * Who belongs to the cluster, and which cluster that is.
 *
 * M1  Members speak for themselves: a node's first record says where it is; who is expected at an
 *     address is only named until it is met. Removing a member is final for its node id.
 * M2  A cluster is provisional until everybody who was named has been met in it; who meets somebody
 *     for whom it no longer is, knows. A provisional node gives its cluster id up for a smaller one:
 *     nothing was forgotten in a provisional cluster, so that joining what both have is exact. It
 *     also gives it up for an established one, once, unless it has counted keys: there they may be
 *     forgotten already.
 * M3  A node that is new must not accept keys before it has a place: a member has stored its first
 *     record, a sync after that is complete, and a promise as high as any that it then knows is on
 *     the disk. What was closed before was closed by promises that it knows; what is closed later
 *     needs its own.
 */
import { keyCount } from "../data/keys.ts";
import type { RefusedWhy, Sender } from "../messages.ts";
import { rolledBack } from "./boot.ts";
import { stopFor } from "./ending.ts";
import { encodeEntry } from "./journal-entry.ts";
import { promise } from "./promising.ts";
import { numberStart } from "./starts.ts";
import type { EventualState } from "./state.ts";
import { startSync } from "./begin-sync.ts";
import { ownHead } from "./syncing.ts";

function setCluster(s: EventualState, cluster: EventualState["cluster"]): void {
  s.cluster = cluster;
  s.facts.push(encodeEntry({ kind: "cluster", ...cluster }));
}

/** Whether to listen to this sender; may change our cluster id (M2), or end us. */
export function admit(s: EventualState, sender: Sender): RefusedWhy | null {
  if (sender.node === s.options.node) return sender.nonce === s.nonce ? null : onTwin(s, sender);
  if (s.replica.members.get(sender.node)?.status === "removed") return { code: "removed" };
  const seen = s.boots.get(sender.node);
  const isOlder = seen !== undefined && isBefore(sender, seen);
  if (isOlder) return { code: "duplicate-identity", boot: seen.boot };
  if (seen?.boot !== sender.boot || seen.nonce !== sender.nonce) {
    if (s.boots.size >= bootsPerMember * s.options.limits.membersMax) dropOldest(s.boots);
    s.boots.set(sender.node, { boot: sender.boot, nonce: sender.nonce });
  }
  return meet(s, sender);
}

/** Processes remembered for each possible member; nodes without a disk are new at every start. */
const bootsPerMember = 4;

function dropOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) return void map.delete(key);
}

interface Process {
  readonly boot: number;
  readonly nonce: number;
}

function isBefore(one: Process, other: Process): boolean {
  return one.boot < other.boot || (one.boot === other.boot && one.nonce < other.nonce);
}

/** Another process says that it is us. The later one is right. */
function onTwin(s: EventualState, sender: Sender): RefusedWhy | null {
  const own = { boot: s.boot, nonce: s.nonce };
  if (isBefore(sender, own)) return { code: "duplicate-identity", boot: s.boot };
  onDuplicate(s, sender.boot);
  return null;
}

/** A later process of our node was seen, by us or by a peer. */
export function onDuplicate(s: EventualState, boot: number): void {
  if (s.phase.kind === "writing") {
    s.notes.push({ type: "duplicateIdentity", node: s.options.node });
    return stopFor(s, "duplicate-identity");
  }
  // We have only begun: our disk may be an older copy, and the other one is then long dead.
  numberStart(s, Math.max(s.boot, boot) + 1);
  rolledBack(s, "a later start of this node is known");
}

/** M2. */
function meet(s: EventualState, sender: Sender): RefusedWhy | null {
  const { id, provisional } = s.cluster;
  if (sender.clusterId === id) {
    // Else we could still give up the id that the others keep.
    if (provisional && !sender.provisional) setCluster(s, { ...s.cluster, provisional: false });
    return null;
  }
  const hasKeys = keyCount(s.replica) + s.pendingKeys.size > 0;
  const isWorthIt = sender.provisional ? sender.clusterId < id : !hasKeys;
  const yields = !s.options.cluster.fixed && provisional && isWorthIt;
  if (!yields) return { code: "foreign-cluster" };
  // Whoever takes the id of an established cluster gives it up for no provisional one any more.
  setCluster(s, { ...s.cluster, id: sender.clusterId, provisional: sender.provisional });
  s.notes.push({ type: "cluster", id: sender.clusterId, why: `met ${sender.address}` });
  return null;
}

/** M2: nobody who is named or a member is missing. */
export function settleCluster(s: EventualState): void {
  if (!s.cluster.provisional || s.phase.kind !== "writing") return;
  const { replica } = s;
  const isAlone = s.peers.size === 0 && replica.named.size === 0;
  if (isAlone && replica.counters.size === 0) return; // may still join another
  for (const { node, clusterId } of s.peers.values()) {
    if (node === s.options.node) continue;
    if (node === null || clusterId !== s.cluster.id || !replica.members.has(node)) return;
  }
  setCluster(s, { ...s.cluster, provisional: false });
}

/** M3: `peer` has our first record, and the sync after that is complete. */
export function place(s: EventualState): void {
  if (s.cluster.placed || s.phase.kind !== "writing") return;
  const own = ownHead(s);
  if (own === null || own.position === 0) return;
  if (s.placing !== null) {
    if (s.placing <= own.position) setCluster(s, { ...s.cluster, placed: true });
    return;
  }
  const others = [...s.peers.values()].filter(({ node }) => node !== s.options.node);
  for (const peer of others) {
    const hasFirst = (peer.heads?.get(own.writer) ?? 0) > 0;
    const isDue = s.tick >= peer.welcomeTick && peer.syncing === null;
    if (!hasFirst || !peer.up || peer.welcomed === own.writer || !isDue) continue;
    peer.welcomeTick = s.tick + s.options.timing.heartbeatTicks;
    startSync(s, peer);
  }
  // Whoever is there may be of a cluster that has forgotten keys: M2.
  if (!others.every(({ settled }) => settled)) return;
  const isAlone = others.length === 0;
  const isWelcome = others.some((peer) => peer.welcomed === own.writer);
  if (!isAlone && !isWelcome) return;
  let before = s.promisedBefore;
  for (const { promises } of s.replica.writers.values()) {
    for (const made of promises) before = Math.max(before, made.before);
  }
  promise(s, before);
  s.placing = own.position + s.queue.length + (s.writing?.own == null ? 0 : 1);
}
