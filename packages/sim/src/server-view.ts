/** What the invariants may look at: a server from outside, its disk included. */
import type { Configuration, NodeId, RaftStatus } from "@counter/raft";
import type { DiskImage } from "./disk-image.ts";
import type { LogImage } from "./log-image.ts";

export interface ServerView {
  readonly id: NodeId;
  /** Position in the cluster, from 0. */
  readonly position: number;
  /** What is durable. */
  readonly image: DiskImage;
  /** What was durable on the disk that an empty one replaced; counts as one damaged copy. */
  readonly lost: DiskImage | null;
  /** The log as the core's writes made it, durable or still on the way to the disk. */
  readonly log: LogImage;
  /** The newest look at the core; `null` while the server is down. */
  readonly status: RaftStatus | null;
}

/** Whether these servers are a majority of `voters`. */
export function isQuorum(holders: (id: NodeId) => boolean, voters: readonly NodeId[]): boolean {
  let count = 0;
  for (const id of voters) if (holders(id)) count += 1;
  return count * 2 > voters.length;
}

/** The same for a configuration: while it is joint, for both of its halves. */
export function isQuorumOf(holders: (id: NodeId) => boolean, c: Configuration): boolean {
  return isQuorum(holders, c.voters) && (c.outgoing.length === 0 || isQuorum(holders, c.outgoing));
}
