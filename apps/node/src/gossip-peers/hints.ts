/**
 * Whom gossip gives this node of eventual mode a reason to ask whether they belong to its cluster.
 *
 * Gossip is hearsay: whoever is in it can say anything of anybody. So a hint is only ever a question
 * to the node itself, which answers for itself, in the protocol of its mode. Nothing is written for
 * it and no other node is told: an address that all nodes look for keeps idempotency keys from being
 * forgotten, and only a person takes it off the list. What is left out here would not be answered
 * otherwise by replication; it is left out to spare everybody questions whose answer is known.
 *
 * H1  Only who is alive, counts in this mode, and was given the same name of its cluster, or none
 *     like us. H2  Never this node itself. H3  Never a node that was removed, nor an address that was
 *     deregistered. H4  Two settled clusters of different ids stay apart. H5  Nobody who can be
 *     reached already, and never more peers than there may be. H6  A few at a time, those first who
 *     were asked least lately. H7  A new node that was told of nobody asks nobody: it is found by those
 *     who know whether its address was deregistered.
 */
import type { EventualNodeStatus } from "@counter/eventual";

import type { GossipMember } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";

/** Most nodes that are asked at a time. */
export const askedAtATimeMax: number = 4;

/** The same node is not asked again by a hint before so long, in milliseconds. */
export const askAgainMs: number = 30_000;

/** What replication knows of this node and the others. */
export interface OwnStanding extends Pick<
  EventualNodeStatus,
  "node" | "clusterId" | "provisional" | "members" | "named" | "peers"
> {
  /** `host:port`. */
  readonly address: string;
  /** What was given as the name of the cluster; `null` if nothing was. */
  readonly clusterName: string | null;
  /** Peers that this node may have. */
  readonly peersMax: number;
}

/** When each address was asked last, in milliseconds of the clock of `nowMs`. */
export type AskedAt = ReadonlyMap<string, number>;

export interface Hints {
  /** Addresses to ask now. */
  readonly ask: readonly string[];
  /** A settled cluster that ours will never join, and one of its nodes. */
  readonly foreign: readonly { readonly cluster: string; readonly address: string }[];
}

/** @param view - the members of the gossip, in any order */
export function hintsOf(
  view: readonly GossipMember[],
  own: OwnStanding,
  { askedAt, nowMs }: { readonly askedAt: AskedAt; readonly nowMs: number },
): Hints {
  if (isNewAndAlone(own)) return { ask: [], foreign: [] };
  const foreign = new Map<string, string>();
  const wanted = new Set<string>();
  for (const { standing, node } of view) {
    if (standing !== "alive" || node === null || !isAlike(node, own) || isOwn(node, own)) continue;
    if (isApart(node, own)) {
      if (!foreign.has(node.cluster)) foreign.set(node.cluster, node.http);
    } else if (!isUnwanted(node, own) && !isReached(node, own)) wanted.add(node.http);
  }
  const lastAsked = (address: string): number => askedAt.get(address) ?? -Infinity;
  const due = [...wanted]
    .filter((address) => nowMs - lastAsked(address) >= askAgainMs)
    .sort((a, b) => lastAsked(a) - lastAsked(b));
  return {
    ask: withinPeers(due, own).slice(0, askedAtATimeMax),
    foreign: [...foreign].map(([cluster, address]) => ({ cluster, address })),
  };
}

/** H7. */
function isNewAndAlone({ provisional, peers }: OwnStanding): boolean {
  return provisional && peers.length === 0;
}

/** H1. */
function isAlike(node: NodeTags, own: OwnStanding): boolean {
  return node.mode === "eventual" && node.id !== null && node.name === own.clusterName;
}

/** H2. */
function isOwn(node: NodeTags, own: OwnStanding): boolean {
  return node.id === own.node || node.http === own.address;
}

/** H4: who has not settled yet gives its own id up, and says in its tags that it has none. */
function isApart(node: NodeTags, own: OwnStanding): node is NodeTags & { cluster: string } {
  return !own.provisional && node.cluster !== null && node.cluster !== own.clusterId;
}

/** H3. */
function isUnwanted(node: NodeTags, { members, named }: OwnStanding): boolean {
  if (members.some(({ id, status }) => id === node.id && status === "removed")) return true;
  const isDeregistered = named.some(({ address, wanted }) => address === node.http && !wanted);
  return isDeregistered && !isMember(node.http, members);
}

/** Who came to a deregistered address by itself, and was taken in, is a member as any other. */
function isMember(at: string, members: OwnStanding["members"]): boolean {
  return members.some(({ address, status }) => address === at && status !== "removed");
}

/** H5: there, or by another name of its address. */
function isReached(node: NodeTags, { peers }: OwnStanding): boolean {
  return peers.some((peer) => peer.up && (peer.node === node.id || peer.address === node.http));
}

/** H5: who is a peer already, and down, takes no further place. */
function withinPeers(due: readonly string[], { peers, peersMax }: OwnStanding): string[] {
  const known = new Set(peers.map(({ address }) => address));
  let places = peersMax - known.size;
  return due.filter((address) => {
    if (known.has(address)) return true;
    places -= 1;
    return places >= 0;
  });
}
