/** What tests of gossip have in common. */
import { localTiming, type GossipTiming } from "@counter/gossip";

import type { GossipMember } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";

/** Quicker than in life; a machine that stands still for a second is not given up yet. */
export const quickTiming: Partial<GossipTiming> = {
  ...localTiming,
  probeIntervalMs: 300,
  gossipIntervalMs: 20,
  retransmitMult: 4,
};

/** Tags of a voter of the cluster `c1`. */
export function tagsOf(tags: Partial<NodeTags> = {}): NodeTags {
  return {
    mode: "raft",
    http: "127.0.0.1:8080",
    id: "127.0.0.1:8080",
    cluster: "c1",
    name: null,
    expect: null,
    dir: "0".repeat(32),
    state: "voter",
    ...tags,
  };
}

export function memberOf(member: Partial<GossipMember> = {}): GossipMember {
  return {
    name: "n1-00000000",
    address: "127.0.0.1:18080",
    standing: "alive",
    node: tagsOf(),
    ...member,
  };
}
