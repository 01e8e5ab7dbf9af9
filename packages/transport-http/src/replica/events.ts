/** What happens between replicas, for logs and people; never more often than they can read. */
import type { Address, ExchangeKind } from "@counter/eventual";

import type { ReplicaErrorCode } from "./errors.ts";

export type ReplicaEvent =
  /** A peer answers, for the first time or again. */
  | { readonly type: "connected"; readonly peer: Address }
  /** Exchanges with a peer fail. */
  | {
      readonly type: "failed";
      readonly peer: Address;
      readonly kind: ExchangeKind;
      readonly code: ReplicaErrorCode;
      /** The `code` that the peer gave with a refusal; else `null`. */
      readonly reason: string | null;
      readonly message: string;
      /** How many failed since the last event about this peer. */
      readonly count: number;
    }
  /** We refused a request. */
  | {
      readonly type: "refused";
      /** The IP address it came from; `null` if that is gone already. */
      readonly from: string | null;
      readonly code: string;
      readonly message: string;
      /** How many from there since the last event about it. */
      readonly count: number;
    };

interface Said {
  readonly state: string;
  readonly at: number;
  /** Calls since then that were not let through. */
  held: number;
}

/** Lets through at most one change or repetition for one key in some time. */
export class Pace {
  readonly #everyMs: number;
  readonly #keysMax: number;
  readonly #now: () => number;
  readonly #said = new Map<string, Said>();

  constructor(options: {
    readonly everyMs: number;
    /** Beyond that the key that was silent for longest is forgotten. */
    readonly keysMax: number;
    readonly now: () => number;
  }) {
    this.#everyMs = options.everyMs;
    this.#keysMax = options.keysMax;
    this.#now = options.now;
  }

  /**
   * Whether to say that `key` is in this state now.
   *
   * @returns how often this was asked for the key since it was last let through, this time
   * included; 0 to say nothing
   */
  admit(key: string, state: string, { once = false }: { readonly once?: boolean } = {}): number {
    const said = this.#said.get(key);
    const now = this.#now();
    if (said !== undefined && once && said.state === state) return 0;
    if (said !== undefined && now - said.at < this.#everyMs) {
      said.held += 1;
      return 0;
    }
    this.#said.delete(key); // and in again, at the end: the first key is the longest silent one
    const oldest = this.#said.keys().next();
    if (this.#said.size >= this.#keysMax && oldest.done !== true) this.#said.delete(oldest.value);
    this.#said.set(key, { state, at: now, held: 0 });
    return (said?.held ?? 0) + 1;
  }
}
