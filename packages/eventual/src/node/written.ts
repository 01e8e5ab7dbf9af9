import type { Spread } from "../core/spread.ts";
import type { Token } from "../types.ts";

/** The answer to a write that is on the disk of this node. */
export interface Written {
  /** The counter right after, as this node knew it; 0n of what is not about one counter. */
  readonly value: bigint;
  /** The counter right before, likewise. */
  readonly previous: bigint;
  /**
   * Of `create` and `configure`, the labels right after; `null` of everything else.
   */
  readonly labels: ReadonlyMap<string, string> | null;
  /** The key was known: nothing was done now, and the rest is what the first attempt was told. */
  readonly replayed: boolean;
  /** A read at any node with `atLeast: token` sees this write. */
  readonly token: Token;
  /** Nodes that are known to have it on their disks, this one included. */
  readonly acked: number;
  /**
   * How far the counter had spread when this was answered, if that was asked for; `null` also of what
   * is not about one counter. Who is not behind has this write, too.
   */
  readonly spread: Spread | null;
  /** If it was asked for. */
  readonly times: WriteTimes | null;
}

/** Where the time of a write went, one after the other, in milliseconds. */
export interface WriteTimes {
  /** Until its record was given to the disk; of a key that was known, until it was answered. */
  readonly queueMs: number;
  readonly fsyncMs: number;
  /** Until enough others had it, where that was asked for. */
  readonly peersMs: number;
}
