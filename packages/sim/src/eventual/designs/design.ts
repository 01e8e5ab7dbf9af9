/**
 * Designs of a replicated counter, small enough to be read at one sitting. They run in the same
 * network, under the same clients and faults (see contest.ts): what each of them gets wrong is what
 * the next one mends.
 */
import type { EventHeap } from "../../event-heap.ts";
import type { Random } from "../../random.ts";

/** What survives a crash of a node; `null` before anything was stored. */
export interface DesignDisk<D> {
  contents: D | null;
}

/** Where a node of a design stands; a new one at each start. `M` is what its nodes send. */
export interface Place<M, D> {
  /** Position of the node, from 0: its address. */
  readonly self: number;
  readonly others: readonly number[];
  readonly disk: DesignDisk<D>;
  readonly heap: EventHeap;
  readonly random: Random;
  /** `false` once the node has crashed: nothing that was planned may be done then. */
  readonly isAlive: () => boolean;
  readonly send: (to: number, message: M) => void;
}

export interface DesignNode<M> {
  /** One more, for a client; `key` names the increment in every attempt to get it counted. */
  increment(key: string, acknowledge: () => void): void;
  receive(from: number, message: M): void;
  tick(): void;
  /** What a client reads here. */
  value(): number;
}

export interface Design<M, D> {
  /** `D0`, `D1` … */
  readonly name: string;
  /** In a few words, for the head of a table. */
  readonly what: string;
  create(place: Place<M, D>): DesignNode<M>;
}
