/** A node may be reached by other addresses than the one that it gives: names, or localhost. */
import type { Sender } from "../messages.ts";
import type { Address } from "../types.ts";
import type { Peer } from "./peer-state.ts";
import type { EventualState } from "./state.ts";

/** Whoever answers at an address is met there, though it may give another one as its own. */
export function noteAlias(
  s: EventualState,
  at: Address,
  { node, address }: Pick<Sender, "node" | "address">,
): void {
  if (address === at) s.replica.aliases.delete(at);
  else s.replica.aliases.set(at, node);
}

/** Whether this is another name of a peer that is reached by the address that it gives. */
export function isAlias(s: EventualState, { address, node }: Peer): boolean {
  const member = node === null ? undefined : s.replica.members.get(node);
  if (member === undefined || member.address === address) return false;
  const peer = s.peers.get(member.address);
  return peer?.up === true && peer.node === node;
}
