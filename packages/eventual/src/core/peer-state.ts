/** What is known of one peer. */
import type { Address, NodeId, Position, WriterId } from "../types.ts";

export interface Peer {
  readonly address: Address;
  /**
   * Why it is asked: all nodes expect somebody there, this one was told to look there, somebody may
   * be there, or it called us.
   */
  because: "expected" | "seed" | "hinted" | "called";
  node: NodeId | null;
  /** The cluster that it was in when it was heard last. */
  clusterId: string | null;
  boot: number;
  nonce: number;
  up: boolean;
  /** Checks in a row that failed. */
  misses: number;
  heardTick: number | null;
  /** No push, fill or sync before this: the last one failed or was refused. */
  holdTick: number;
  nextHealthTick: number;
  probeTicks: number;
  /** What it is known to have on its disk; `null` before the first exchange that tells. */
  heads: Map<WriterId, Position> | null;
  pushing: number | null;
  /** Position of the first record of the push that is out. */
  pushedFrom: Position;
  syncing: number | null;
  filling: number | null;
  checking: number | null;
  /** A sync is wanted as soon as the one that runs is over. */
  syncAgain: boolean;
  /** Health checks in a row that told of another vector. */
  differs: number;
  /** The newest round of syncs that it took part in completely. */
  syncedRound: number;
  /** Synced, or found to be down, since we started: it does not keep us from being ready. */
  settled: boolean;
  /** Our writer, if it had its first record and we got everything from it after that: M3. */
  welcomed: WriterId | null;
  /** When to sync again in order to be welcomed. */
  welcomeTick: number;
}
