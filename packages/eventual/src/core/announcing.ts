/** What this node's records say of itself and of whom it expects: rule M1 of `membership.ts`. */
import type { Address, Member } from "../types.ts";
import type { EventualState } from "./state.ts";
import { openRecord } from "./state.ts";

export function memberAt(s: EventualState, address: Address): Member | null {
  for (const member of s.replica.members.values()) {
    if (member.address === address && member.status !== "removed") return member;
  }
  return null;
}

/** What our records should say of us and of whom we expect, if they do not. */
export function announce(s: EventualState): void {
  if (s.phase.kind !== "writing" || s.removed || s.leaving !== null) return;
  if (s.announcing) return;
  const { node, address, label, peers } = s.options;
  const known = s.replica.members.get(node);
  const status = s.ready ? "up" : (known?.status ?? "joining");
  const isSame = known?.address === address && known.label === label && known.status === status;
  const named = peers.filter((peer) => !s.replica.named.has(peer) && memberAt(s, peer) === null);
  if (isSame && named.length === 0) return;
  s.announcing = true;
  // The first record of a writer: who knows of the writer then knows whom to wait for.
  const first = s.queue.find(({ controls }) => controls.some(({ kind }) => kind === "born"));
  const controls = (first ?? openRecord(s, 0)).controls;
  if (!isSame) {
    const version = (known?.version ?? 0) + 1;
    controls.push({ kind: "member", member: { id: node, address, label, status, version } });
  }
  for (const peer of named) {
    controls.push({ kind: "named", named: { address: peer, version: 1, wanted: true } });
  }
}
