/**
 * The same `add` or `next` many times, in one operation: by arithmetic, however many times, and
 * with the same answers, revisions and state as if it had been done one by one.
 *
 * How it goes on is clear from the beginning: every further one either fits, or stops at a bound,
 * or is refused like all that follow it, since nothing but these changes the counter meanwhile.
 */
import { baseOf, expiryOf, obstacle, outOfRange, type Moment } from "./counter-writing.ts";
import {
  isLive,
  unplaced,
  type CounterFacts,
  type CounterRecord,
  type CounterStore,
} from "./counter-record.ts";
import { valueLimit } from "./limits.ts";
import type { AddOperation, NextOperation } from "./operations.ts";
import { refuse } from "./refusals.ts";
import type { OperationRefused, RepeatedResult, SingleResult } from "./results.ts";
import { plainConfig, type CounterConfig } from "./types.ts";

/** Does an operation whose `times` is above 1; it has no condition. */
export function repeat(
  store: CounterStore,
  operation: AddOperation | NextOperation,
  at: Moment,
): OperationRefused | RepeatedResult {
  const found = store.find(operation.counter, at.logTimeMs);
  const refused = obstacle(store, found, operation.type, at);
  if (refused !== null) return refused;
  const config = found?.config ?? plainConfig;
  const previous = found?.value ?? config.initial;
  const plan =
    operation.type === "add"
      ? planOfAdd(operation, { previous, config })
      : planOfNext(operation, { base: baseOf(found, previous), config });
  const { delta, base, stop, room } = plan;
  const done = room < BigInt(operation.times) ? Number(room) : operation.times;
  let after = found;
  if (done > 0) {
    const record = afterAll({ found, operation, config, done, plan }, at);
    store.put(record);
    after = record;
  }
  const refusal = done === operation.times ? null : refusalOf(plan, after, at);
  if (done === 0) return refusal!;
  return {
    status: "repeated",
    type: operation.type,
    done,
    refusal,
    previous,
    delta,
    base,
    stop,
    step: operation.type === "next" ? config.step : 1n,
    created: !isLive(found),
    epoch: at.epoch,
    revisionBefore: at.revision,
  };
}

interface Plan {
  readonly delta: bigint;
  readonly base: bigint;
  readonly stop: bigint | null;
  /** How many are not refused; at least 0. */
  readonly room: bigint;
  /** Whether what comes after is refused because of a bound of the counter, or of all counters. */
  readonly bounded: boolean;
}

function planOfAdd(
  { delta, onBound, times }: AddOperation,
  { previous, config }: { readonly previous: bigint; readonly config: CounterConfig },
): Plan {
  const bound = delta > 0n ? config.max : config.min;
  const saturates = bound !== null && (onBound ?? config.onBound) === "saturate";
  if (delta === 0n || saturates) {
    const stop = saturates ? bound : null;
    return { delta, base: previous, stop, room: BigInt(times), bounded: false };
  }
  const end = bound ?? (delta > 0n ? valueLimit - 1n : 1n - valueLimit);
  return {
    delta,
    base: previous,
    stop: null,
    room: (end - previous) / delta,
    bounded: bound !== null,
  };
}

function planOfNext(
  { count }: NextOperation,
  { base, config }: { readonly base: bigint; readonly config: CounterConfig },
): Plan {
  const delta = config.step * count;
  const end = config.max ?? valueLimit - 1n;
  const room = end < base ? 0n : (end - base) / delta;
  return { delta, base, stop: null, room, bounded: config.max !== null };
}

function afterAll(
  facts: {
    readonly found: CounterFacts | undefined;
    readonly operation: AddOperation | NextOperation;
    readonly config: CounterConfig;
    readonly done: number;
    readonly plan: Plan;
  },
  at: Moment,
): CounterRecord {
  const { found, operation, config, done, plan } = facts;
  const value = valueAfter(plan, done);
  return {
    name: operation.counter,
    value,
    issued: operation.type === "next" ? value : (found?.issued ?? null),
    config,
    revision: at.revision + done,
    expiresAt: expiryOf(config, at),
    sequence: unplaced,
    slot: unplaced,
  };
}

function refusalOf(
  { bounded }: Plan,
  after: CounterFacts | undefined,
  at: Moment,
): OperationRefused {
  return bounded ? refuse("bound-exceeded", after, at.epoch) : outOfRange(after, at);
}

/** The counter after so many of them. */
function valueAfter(
  { base, delta, stop }: Pick<Plan, "base" | "delta" | "stop">,
  done: number,
): bigint {
  const value = base + delta * BigInt(done);
  if (stop === null) return value;
  const passed = delta > 0n ? value > stop : value < stop;
  return passed ? stop : value;
}

/**
 * What the one at this place was answered, the first at 0: as if it had been done by itself.
 *
 * @param place - below the `times` of the operation
 */
export function resultAt(repeated: RepeatedResult, place: number): SingleResult {
  const { type, done, refusal, delta, base, step, epoch } = repeated;
  if (place >= done) return refusal!;
  const previous = place === 0 ? repeated.previous : valueAfter(repeated, place);
  const value = valueAfter(repeated, place + 1);
  return {
    status: "ok",
    replayed: false,
    value,
    previous,
    first: type === "next" ? base + delta * BigInt(place) + step : value,
    last: value,
    step,
    created: repeated.created && place === 0,
    config: null,
    epoch,
    revision: repeated.revisionBefore + place + 1, // C4
  };
}
