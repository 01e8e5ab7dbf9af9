/**
 * Whoever waits for an outcome of the core: first until it is on our disk, then, where that was
 * asked for, until enough others have it on theirs.
 */
import type { Outcome } from "../core/door.ts";
import type { EventualCore } from "../core/eventual-core.ts";
import type { Spread, Spreads } from "../core/spread.ts";
import { AckTimeoutError, EventualError, OutcomeUnknownError, RefusedError } from "../errors.ts";
import type { CounterName, Position, VersionVector, WriterId } from "../types.ts";
import { clusterTag, encodeToken, tokenContentOf, writerTag } from "../wire/token.ts";
import type { Token } from "../types.ts";
import type { Acks, WriteOptions } from "./options.ts";
import { waiterOf } from "./waiting.ts";
import type { Waiter } from "./waiting.ts";
import type { Written, WriteTimes } from "./written.ts";
import type { AppendTimes } from "./journaling.ts";

/** Most writes that wait, for the disk or for others; more are refused as overload. */
export const pendingWritesMax: number = 65_536;

/** Largest number of nodes that a write may wait for. */
export const acksMax: number = 65;

const defaultTimeoutMs = 5000;
/** While replayed writes wait, the others are asked again what they have after so many ticks. */
const askAgainTicks = 4;

export interface WritesParts {
  readonly core: Pick<EventualCore, "shown" | "acked" | "covered" | "memberCount" | "spreads">;
  readonly clusterId: () => string;
  /** Begins a sync with everybody who answers, now. */
  readonly syncNow: () => void;
  /** What an outcome that comes now waited for. */
  readonly lastAppend: () => AppendTimes;
}

interface Pending {
  readonly waiter: Waiter<Written>;
  readonly acks: Acks;
  /** Whose spread is asked for. */
  readonly spreadOf: CounterName | null;
  /** By `performance.now`; `null`: nobody wants to know where the time goes. */
  readonly sinceMs: number | null;
}

interface Acking extends Pending {
  /**
   * What the others must have: our record; or everything that was known here when a known key came
   * again, since where that was counted first is not remembered.
   */
  readonly wanted: Position | VersionVector;
  readonly written: Written;
}

export class Writes {
  readonly #parts: WritesParts;
  /** By context: not on our disk yet, as far as we know. */
  readonly #entering = new Map<number, Pending>();
  /** By context: on our disk. */
  readonly #acking = new Map<number, Acking>();
  #nextContext = 1;
  #ticks = 0;
  /** Of this turn, in which nothing new becomes known. */
  #spreads: Spreads | null = null;
  #lastToken: { readonly of: string; readonly token: Token } = { of: "", token: "" };

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entering.size + this.#acking.size;
  }

  /**
   * @param enter - steps the operation into the core, with the context by which it is answered
   * @param counter - what it is about; `null`: not about one counter
   */
  submit(
    enter: (context: number) => void,
    counter: CounterName | null,
    {
      acks = "local",
      timeoutMs = defaultTimeoutMs,
      signal,
      timed = false,
      spread = false,
    }: WriteOptions,
  ): Promise<Written> {
    return new Promise((resolve, reject) => {
      checkAcks(acks);
      if (signal?.aborted === true) throw new NotBegunError(signal.reason);
      if (this.size >= pendingWritesMax) throw new RefusedError("overloaded");
      const context = this.#nextContext;
      this.#nextContext += 1;
      const wait = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
      const waiter = waiterOf({ resolve, reject }, wait, (reason) => {
        this.#end(context, "the wait was ended", reason);
      });
      const sinceMs = timed ? performance.now() : null;
      this.#entering.set(context, { waiter, acks, spreadOf: spread ? counter : null, sinceMs });
      enter(context);
    });
  }

  onOutcome(outcome: Outcome): void {
    const pending = this.#entering.get(outcome.context);
    if (pending === undefined) return; // nobody waits any more
    this.#entering.delete(outcome.context);
    if (outcome.type === "refused") return pending.waiter.reject(new RefusedError(outcome.reason));
    const { value, previous, labels, replayed, writer, position } = outcome;
    const token = position > 0 ? this.#tokenOf(writer, position) : this.#tokenOfAll();
    const times = this.#timesOf(pending, position);
    const isEnough = this.#needed(pending.acks) <= 1;
    const spread = isEnough ? this.#spread(pending) : null;
    const written = { value, previous, labels, replayed, token, acked: 1, spread, times };
    if (isEnough) return pending.waiter.resolve(written);
    const wanted = position > 0 ? position : this.#parts.core.shown();
    this.#acking.set(outcome.context, { ...pending, wanted, written });
    if (position === 0) queueMicrotask(() => this.#parts.syncNow());
  }

  /** Acknowledgements may have come in. */
  onTurn(): void {
    if (this.#acking.size > 0) this.#lookAtAcks();
    this.#spreads = null;
  }

  #lookAtAcks(): void {
    const count = this.#counter();
    for (const [context, acking] of this.#acking) {
      const acked = count(acking);
      if (acked < this.#needed(acking.acks)) continue;
      this.#acking.delete(context);
      const spread = this.#spread(acking);
      acking.waiter.resolve({ ...acking.written, acked, spread, times: withPeers(acking) });
    }
  }

  onTick(nowMs: number): void {
    for (const waiting of [this.#entering, this.#acking]) {
      for (const [context, { waiter }] of waiting) {
        if (waiter.deadlineMs <= nowMs) this.#end(context, "not in time");
      }
    }
    this.#ticks += 1;
    if (this.#ticks % askAgainTicks !== 0) return;
    for (const { wanted } of this.#acking.values()) {
      if (typeof wanted !== "number") return this.#parts.syncNow();
    }
  }

  rejectAll(fatal: Error | null): void {
    const contexts = [...this.#entering.keys(), ...this.#acking.keys()];
    for (const context of contexts) this.#end(context, "the node stopped", fatal ?? undefined);
  }

  #end(context: number, why: string, cause?: Error): void {
    const options = cause === undefined ? {} : { cause };
    const entering = this.#entering.get(context);
    const acking = this.#acking.get(context);
    this.#entering.delete(context);
    this.#acking.delete(context);
    entering?.waiter.reject(new OutcomeUnknownError(why, options));
    if (acking === undefined) return;
    const written = { ...acking.written, acked: this.#counter()(acking) };
    const requested = this.#needed(acking.acks);
    acking.waiter.reject(new AckTimeoutError(why, written, requested, options));
  }

  #spread({ spreadOf }: Pending): Spread | null {
    if (spreadOf === null) return null;
    this.#spreads ??= this.#parts.core.spreads();
    return this.#spreads(spreadOf);
  }

  #timesOf({ sinceMs }: Pending, position: Position): WriteTimes | null {
    if (sinceMs === null) return null;
    const nowMs = performance.now();
    if (position === 0) return { queueMs: nowMs - sinceMs, fsyncMs: 0, peersMs: 0 };
    const beganMs = Math.max(sinceMs, this.#parts.lastAppend().beganMs);
    return { queueMs: beganMs - sinceMs, fsyncMs: nowMs - beganMs, peersMs: 0 };
  }

  #needed(acks: Acks): number {
    if (typeof acks === "number") return acks;
    if (acks === "local") return 1;
    const members = Math.max(1, this.#parts.core.memberCount());
    return acks === "all" ? members : Math.floor(members / 2) + 1;
  }

  /** All writes of one record, which follow each other, are counted once. */
  #counter(): (of: Acking) => number {
    let last: { readonly wanted: Acking["wanted"]; readonly acked: number } | null = null;
    return ({ wanted }) => {
      if (last?.wanted !== wanted) {
        const { core } = this.#parts;
        const count = typeof wanted === "number" ? core.acked(wanted) : core.covered(wanted);
        last = { wanted, acked: Math.max(1, count) };
      }
      return last.acked;
    };
  }

  #tokenOfAll(): Token {
    return encodeToken(tokenContentOf(this.#parts.clusterId(), this.#parts.core.shown()));
  }

  #tokenOf(writer: WriterId, position: Position): Token {
    const clusterId = this.#parts.clusterId();
    const of = `${clusterId} ${writer} ${position}`;
    if (this.#lastToken.of !== of) {
      const positions = new Map([[writerTag(writer), position]]);
      const token = encodeToken({ cluster: clusterTag(clusterId), positions });
      this.#lastToken = { of, token };
    }
    return this.#lastToken.token;
  }
}

/** Everything since the own disk had it. */
function withPeers({ sinceMs, written: { times } }: Acking): WriteTimes | null {
  if (sinceMs === null || times === null) return null;
  const { queueMs, fsyncMs } = times;
  return { queueMs, fsyncMs, peersMs: performance.now() - sinceMs - queueMs - fsyncMs };
}

/** The signal was aborted before anything was done. */
class NotBegunError extends EventualError {
  override readonly name = "AbortError";
  readonly code = "EVENTUAL_ABORTED";
  readonly outcome = "not-applied";
  constructor(reason: unknown) {
    super("the wait was ended before it began", { cause: reason });
  }
}

/** @throws {RangeError} */
function checkAcks(acks: Acks): void {
  if (typeof acks !== "number") return;
  if (Number.isInteger(acks) && acks >= 1 && acks <= acksMax) return;
  throw new RangeError(`acks must be a whole number from 1 to ${acksMax}`);
}
