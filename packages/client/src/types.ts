/** What callers give and get. */
import type { Integer } from "./numbers.ts";

/** `strong`: Raft, one truth at all times. `eventual`: every node counts, and all agree in the end. */
export type Mode = "strong" | "eventual";

/** `sequence`: numbers that are handed out once each, by `next` alone. */
export type Kind = "counter" | "sequence";

/** What happens to an addition beyond a bound: it is refused, or stops there. */
export type OnBound = "reject" | "saturate";

/** A counter as the service describes it. */
export interface Counter {
  readonly name: string;
  readonly mode: Mode;
  readonly kind: Kind;
  readonly value: bigint;
  /** Of its last change; for `ifMatch`. `null` in eventual mode. */
  readonly version: string | null;
  readonly initial: bigint;
  readonly min: bigint | null;
  readonly max: bigint | null;
  readonly onBound: OnBound;
  /** Between two numbers of `next`. */
  readonly step: bigint;
  readonly labels: Readonly<Record<string, string>>;
  /** How long it lives without a write, like `24h`; `null`: for ever. */
  readonly ttl: string | null;
}

/** What was asked for by whoever reads or writes, and can be handed on: {@link Stored.token}. */
interface Answer {
  readonly name: string;
  readonly version: string | null;
  /** Stands for everything that this answer has seen; for `atLeast`. */
  readonly token: string | null;
  /** Whether an earlier request with this key had done it already. */
  readonly replayed: boolean;
}

/** A value that was set. */
export interface Stored extends Answer {
  readonly value: bigint;
  /** `null` if the service does not know it. */
  readonly previous: bigint | null;
  /**
   * Eventual mode, of a write without a key (`key: null`): what every member was known to have of the
   * counter when this was answered; `null` where that is not told.
   */
  readonly stable: bigint | null;
}

/** How far an addition has spread (eventual mode). */
export interface Durability {
  readonly requested: string;
  /** How many nodes are known to have it, the one that answered included. */
  readonly achieved: number;
  readonly storage: string;
}

export interface Added extends Stored {
  /** What was added: less than asked for where a counter saturates. */
  readonly applied: bigint | null;
  readonly durability: Durability | null;
}

/** Numbers that are this caller's alone. Iterating gives each of them. */
export interface Issued extends Answer, Iterable<bigint> {
  readonly first: bigint;
  readonly last: bigint;
  readonly count: bigint;
  readonly step: bigint;
}

/** A counter that was read, and the token of what the read has seen. */
export interface Read extends Counter {
  readonly token: string | null;
  /** Eventual mode: what of `value` every member is known to have; `null` where that is not told. */
  readonly stable: bigint | null;
  /** How old the node's contact with its leader was, for `local` reads; in milliseconds. */
  readonly stalenessMs: number | null;
}

/** How fresh a read is. The first four are of strong mode, `quorum` and `all` of eventual mode. */
export type Consistency =
  "linearizable" | "lease" | "leader" | "local" | "quorum" | "all" | (string & {});

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest time of the call with all its attempts, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Longest time that the service may wait before it answers, in seconds (`Prefer: wait=`). */
  readonly waitSeconds?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly consistency?: Consistency | undefined;
  /** A token, or several: the read knows at least what they stand for. */
  readonly atLeast?: string | readonly string[] | undefined;
  /** With `local`: refuse if the node may be further behind, like `2s`. */
  readonly maxStaleness?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /**
   * Under which the write counts once, however often it is sent. Default: a new one. `null`: none; then
   * the write is sent once, and the outcome is unknown when no answer comes.
   */
  readonly key?: string | null | undefined;
  /** Eventual mode: how many nodes must have it on their disks before it is acknowledged. */
  readonly ack?: "local" | "majority" | "all" | number | undefined;
}

export interface ConditionOptions extends WriteOptions {
  /** A version, or `*` for any: refused with `version-mismatch` if the counter has another one. */
  readonly ifMatch?: string | undefined;
}

/** What can be said of a counter, at first or later; `null`: what is usual. */
export interface CounterConfig {
  readonly min?: Integer | null | undefined;
  readonly max?: Integer | null | undefined;
  readonly onBound?: OnBound | null | undefined;
  readonly step?: Integer | null | undefined;
  /** At most 16. In a change, those that are not named stay; `null` takes one away. */
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  readonly ttl?: string | null | undefined;
}

export interface NewCounter extends CounterConfig {
  readonly kind?: Kind | undefined;
  readonly mode?: Mode | undefined;
  readonly initial?: Integer | undefined;
}
