/** Reads that wait until this node knows enough. */
import type { EventualCore } from "../core/eventual-core.ts";
import { NotYetConsistentError, RefusedError, StoppedError, TokenForeignError } from "../errors.ts";
import type { Position } from "../types.ts";
import { clusterTag, decodeToken, encodeToken, tokenContentOf, writerTag } from "../wire/token.ts";
import type { Token } from "../types.ts";
import type { WriterTag } from "../wire/token.ts";
import type { ReadOptions } from "./options.ts";
import { waiterOf } from "./waiting.ts";
import type { Waiter } from "./waiting.ts";

/** Most reads that wait; more are refused as overload. */
export const pendingReadsMax: number = 4096;

/** While reads wait, the others are asked again after so many ticks. */
const askAgainTicks = 4;
const defaultTimeoutMs = 1000;

export interface ReadsParts {
  readonly core: Pick<
    EventualCore,
    "vector" | "shown" | "memberCount" | "syncRound" | "syncedSince"
  >;
  readonly clusterId: () => string;
  /** Begins a sync with everybody who answers, now. */
  readonly syncNow: () => void;
}

interface PendingRead {
  /** Told whether the wait ended in vain. */
  readonly waiter: Waiter<boolean>;
  readonly wanted: ReadonlyMap<WriterTag, Position> | null;
  readonly level: "local" | "quorum" | "all";
  /** The first round that counts for this read; `null` until it is begun. */
  round: number | null;
  readonly orStale: boolean;
}

export class Reads {
  readonly #parts: ReadsParts;
  readonly #waiting = new Set<PendingRead>();
  /** Some read waits for a sync that is not begun yet. */
  #asking = false;
  #ticks = 0;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** What is known here, as a token. */
  token(): Token {
    return encodeToken(tokenContentOf(this.#parts.clusterId(), this.#parts.core.shown()));
  }

  /**
   * Waits until this node knows enough for a read: see `EventualNode.read`.
   *
   * @returns whether that was in vain, and `orStale` was set
   */
  wait(options: ReadOptions): Promise<boolean> {
    const { atLeast, level = "local", orStale = false, signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const wanted = atLeast === undefined ? null : this.#wantedBy(atLeast);
      const known = wanted === null || covers(this.#positions(), wanted);
      if (level === "local" && known) return resolve(false);
      if (this.size >= pendingReadsMax) throw new RefusedError("overloaded");
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      const wait = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
      const waiter = waiterOf({ resolve, reject }, wait, (reason) => {
        this.#waiting.delete(pending);
        waiter.reject(reason);
      });
      const pending: PendingRead = { waiter, wanted, level, round: null, orStale };
      this.#waiting.add(pending);
      this.#ask();
    });
  }

  /** Something may be known now that was not before. */
  onTurn(): void {
    if (this.#waiting.size === 0) return;
    const positions = this.#positions();
    for (const pending of this.#waiting) {
      if (!this.#isSatisfied(pending, positions)) continue;
      this.#waiting.delete(pending);
      pending.waiter.resolve(false);
    }
  }

  onTick(nowMs: number): void {
    if (this.#waiting.size === 0) return;
    for (const pending of this.#waiting) {
      if (pending.waiter.deadlineMs <= nowMs) this.#giveUp(pending);
    }
    this.#ticks += 1;
    if (this.#waiting.size > 0 && this.#ticks % askAgainTicks === 0) this.#ask();
  }

  rejectAll(fatal: Error | null): void {
    const error = new StoppedError(fatal === null ? {} : { cause: fatal });
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { waiter } of waiting) waiter.reject(error);
  }

  /** All reads of one turn share a sync. */
  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    setImmediate(() => {
      this.#asking = false;
      if (this.#waiting.size === 0) return;
      this.#parts.syncNow();
      const round = this.#parts.core.syncRound();
      for (const pending of this.#waiting) pending.round ??= round;
    });
  }

  #isSatisfied(
    { wanted, level, round }: PendingRead,
    positions: ReadonlyMap<WriterTag, Position>,
  ): boolean {
    if (wanted !== null && !covers(positions, wanted)) return false;
    if (level === "local") return true;
    if (round === null) return false;
    const members = this.#parts.core.memberCount();
    const needed = level === "all" ? members : Math.floor(members / 2) + 1;
    return this.#parts.core.syncedSince(round) >= needed;
  }

  #giveUp(pending: PendingRead): void {
    this.#waiting.delete(pending);
    const { waiter, level, orStale } = pending;
    if (orStale) return waiter.resolve(true);
    const who = level === "all" ? "all members" : "a majority of the members";
    const why = level === "local" ? "what the token stands for is not known here yet" : null;
    waiter.reject(new NotYetConsistentError(why ?? `not ${who} answered in time`, this.token()));
  }

  /**
   * Writer ids are random: a token of another cluster names writers that are not known here. One
   * from before two clusters became one has the old cluster tag, and its writers are known.
   */
  #wantedBy(token: Token): ReadonlyMap<WriterTag, Position> {
    const { cluster, positions } = decodeToken(token);
    if (cluster === clusterTag(this.#parts.clusterId())) return positions;
    const known = this.#positions();
    for (const tag of positions.keys()) if (!known.has(tag)) throw new TokenForeignError();
    return positions;
  }

  #positions(): ReadonlyMap<WriterTag, Position> {
    const positions = new Map<WriterTag, Position>();
    for (const [writer, position] of this.#parts.core.vector()) {
      const tag = writerTag(writer);
      // Of two writers with one tag the one that is less far: never too early.
      positions.set(tag, Math.min(position, positions.get(tag) ?? position));
    }
    return positions;
  }
}

function covers(
  known: ReadonlyMap<WriterTag, Position>,
  wanted: ReadonlyMap<WriterTag, Position>,
): boolean {
  for (const [tag, position] of wanted) if ((known.get(tag) ?? 0) < position) return false;
  return true;
}
