/** What the engine needs of a `RaftNode`. */
import type {
  ChangeOptions,
  Freshness,
  Membership,
  MembershipChange,
  NodeId,
  Proposed,
  RaftNodeStatus,
  ReadOptions,
  WaitOptions,
} from "@counter/raft";
import type { OperationResult } from "@counter/state-machine";

/** One result an operation of the batch, in order. */
export type BatchResults = readonly OperationResult[];

/** What this engine needs of a `RaftNode`. */
export interface RaftHost {
  propose(command: Uint8Array, options?: WaitOptions): Promise<Proposed<BatchResults>>;
  read<T>(query: (freshness: Freshness) => T, options?: ReadOptions): Promise<T>;
  transferLeadership(to: NodeId | null, options?: WaitOptions): Promise<NodeId>;
  changeMembership(
    changes: readonly MembershipChange[],
    options?: ChangeOptions,
  ): Promise<Membership>;
  status(): RaftNodeStatus;
}

/** Who leads, kept up to date by whoever watches the node: asking the node itself costs a copy. */
export interface Leadership {
  readonly leading: boolean;
  readonly leaderId: NodeId | null;
}
