/** Copies of the record, for people, tests and the next process. */
import type { Address } from "../types.ts";
import type { GossipSnapshot, GossipStatus } from "./door.ts";
import { liveCount } from "./state.ts";
import type { GossipState } from "./state.ts";

export function statusOf(s: GossipState): GossipStatus {
  const { self, table, rumors, broadcasts } = s;
  return {
    name: self.name,
    incarnation: self.incarnation,
    health: s.health,
    leaving: s.leaving !== null,
    live: liveCount(s),
    suspects: table.suspects.size,
    gone: table.gone.size,
    rumors: rumors.count,
    rumorBytes: rumors.bytes,
    broadcasts: broadcasts.count,
    broadcastBytes: broadcasts.bytes,
    exchanges: s.exchanges.size,
    relays: s.relays.size,
  };
}

export function snapshotOf(s: GossipState): GossipSnapshot {
  const addresses: Address[] = s.table.live.map(({ detail }) => detail.address);
  return { incarnation: s.self.incarnation, addresses };
}
