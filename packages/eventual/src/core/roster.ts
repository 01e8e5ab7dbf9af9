/** Adding members, removing them, and leaving: what people ask for. Rules M1 to M3: `membership.ts`. */
import type { Address, Member, NamedAddress, Position, VersionVector, WriterId } from "../types.ts";
import { memberAt } from "./announcing.ts";
import { onRemoved } from "./ending.ts";
import type { EventualState, OpenRecord } from "./state.ts";
import { refuse, startRecord } from "./state.ts";
import { ownHead } from "./syncing.ts";

export function register(s: EventualState, context: number, addresses: readonly Address[]): void {
  if (s.leaving !== null || s.removed) return refuse(s, context, "leaving");
  const named: NamedAddress[] = [];
  for (const address of new Set(addresses)) {
    if (address === s.options.address || memberAt(s, address) !== null) continue;
    const known = s.replica.named.get(address);
    if (known?.wanted !== true)
      named.push({ address, version: (known?.version ?? 0) + 1, wanted: true });
  }
  const wanted = new Set(named.map(({ address }) => address));
  for (const { address, status } of s.replica.members.values()) {
    if (status !== "removed") wanted.add(address); // the dead take no places
  }
  for (const item of s.replica.named.values()) if (item.wanted) wanted.add(item.address);
  if (wanted.size > s.options.limits.membersMax) return refuse(s, context, "too-many-members");
  const record = startRecord(s);
  for (const item of named) record.controls.push({ kind: "named", named: item });
  record.contexts.push(context);
}

export function deregister(
  s: EventualState,
  context: number,
  request: { readonly addresses: readonly Address[]; readonly force: boolean },
): void {
  if (s.leaving !== null || s.removed) return refuse(s, context, "leaving");
  if (!request.force && !hasMajority(s)) return refuse(s, context, "no-majority");
  const record = startRecord(s);
  for (const wanted of new Set(request.addresses)) {
    if (isLookedFor(s, wanted)) unname(s, record, wanted);
    for (const member of s.replica.members.values()) {
      // By its id, or by its address: then all that ever were there, whoever is there now.
      const isMeant = member.id === wanted || member.address === wanted;
      if (!isMeant || member.status === "removed" || member.id === s.options.node) continue;
      remove(s, record, member);
    }
  }
  if (record.controls.length > 0) return void record.contexts.push(context);
  s.queue.splice(s.queue.indexOf(record), 1);
  refuse(s, context, "unknown-member");
}

/** Whether we, or all, look for somebody there, met or not. */
function isLookedFor(s: EventualState, address: Address): boolean {
  const named = s.replica.named.get(address);
  if (named !== undefined) return named.wanted;
  const { peers, seeds = [] } = s.options;
  return peers.includes(address) || seeds.includes(address);
}

function unname(s: EventualState, record: OpenRecord, address: Address): void {
  const version = (s.replica.named.get(address)?.version ?? 0) + 1;
  record.controls.push({ kind: "named", named: { address, version, wanted: false } });
}

function remove(s: EventualState, record: OpenRecord, member: Member): void {
  const { id, address, label, version } = member;
  const removed: Member = { id, address, label, status: "removed", version: version + 1 };
  record.controls.push({ kind: "member", member: removed });
  const isOthers = [...s.replica.members.values()].some((other) => {
    return other.id !== id && other.address === address && other.status !== "removed";
  });
  const isUnnamed = record.controls.some((item) => {
    return item.kind === "named" && item.named.address === address;
  });
  // Nobody is there any more: else all would look there for ever, and forget no key meanwhile.
  if (!isOthers && !isUnnamed && isLookedFor(s, address)) unname(s, record, address);
}

/** Whether most members, ourselves included, answer. Else two sides could remove each other. */
function hasMajority(s: EventualState): boolean {
  let members = 1;
  let there = 1;
  for (const { id, status, address } of s.replica.members.values()) {
    if (id === s.options.node || status === "removed") continue;
    members += 1;
    const peer = s.peers.get(address);
    // Its successor at the same address is not it.
    if (peer?.up === true && peer.node === id) there += 1;
  }
  return there * 2 > members;
}

export function leave(s: EventualState, context: number): void {
  if (s.leaving !== null || s.removed) return refuse(s, context, "leaving");
  s.leaving = { context, record: null };
}

/** Everything that we wrote is with a majority: our last record says that we have left. */
export function advanceLeaving(
  s: EventualState,
  isWithMajority: (vector: VersionVector) => boolean,
): void {
  const { leaving, phase } = s;
  if (leaving === null || phase.kind !== "writing") return;
  const own = ownHead(s)?.position ?? 0;
  if (s.queue.length > 0 || s.writing?.own != null || !isWithMajority(allOwn(s))) return;
  if (leaving.record === null) {
    const { node, address, label } = s.options;
    const version = (s.replica.members.get(node)?.version ?? 0) + 1;
    const member: Member = { id: node, address, label, status: "removed", version };
    const record = startRecord(s);
    record.controls.push({ kind: "member", member });
    // Else the others would look for us there for ever, and wait for our acknowledgements.
    unname(s, record, address);
    leaving.record = own + 1;
    return;
  }
  if (own < leaving.record || s.mustStop) return;
  onRemoved(s);
}

/** Everything that this node wrote, under its earlier writers as well. */
function allOwn(s: EventualState): VersionVector {
  const own = new Map<WriterId, Position>();
  for (const [writer, { owner, position }] of s.replica.writers) {
    if (owner === s.options.node) own.set(writer, position);
  }
  return own;
}
