/**
 * What the operations do to a counter.
 *
 * C1  A value never wraps: what would reach ±2^1024 is refused and changes nothing.
 * C2  A number that `next` handed out is never handed out again: neither after a negative add or a
 *     reset, nor after a restore, nor by a counter that was deleted and created again. So the
 *     highest issued number outlives all of these, and `next` begins above it and above the value.
 * C3  A counter that is no more keeps its highest issued number. It then takes up a place like any
 *     other counter, or deleting and restoring could grow the table without limit.
 * C4  Every change has a revision of its own, also each of those that are done together: a client
 *     that has seen a version can tell it from every other. Settings that stay as they were are none.
 * C5  The value stays within the bounds: what would leave them is refused, or stops there.
 * C6  A condition is looked at before anything but whether there is a counter to configure or to
 *     delete, and what is refused changes nothing.
 */
import { isSameConfig, patchedConfig } from "./config-patch.ts";
import { isLive, unplaced, type CounterFacts, type CounterStore } from "./counter-record.ts";
import {
  answer,
  baseOf,
  expiryOf,
  isWithin,
  obstacle,
  outOfRange,
  retired,
  write,
  type Moment,
} from "./counter-writing.ts";
import { isInRange } from "./limits.ts";
import type {
  AddOperation,
  CasOperation,
  Condition,
  ConfigureOperation,
  CounterOperation,
  CreateOperation,
  DeleteOperation,
  NextOperation,
} from "./operations.ts";
import { refuse, tooManyCounters } from "./refusals.ts";
import type { SingleResult } from "./results.ts";
import { plainConfig, type CounterConfig, type CounterName } from "./types.ts";

/** Does an operation whose `times` is 1. */
export function perform(
  store: CounterStore,
  operation: CounterOperation,
  at: Moment,
): SingleResult {
  const found = store.find(operation.counter, at.logTimeMs);
  if (isOfExisting(operation) && !isLive(found))
    return refuse("counter-not-found", found, at.epoch);
  if (operation.condition !== null && !holds(operation.condition, found, at)) {
    return refuse("version-mismatch", found, at.epoch); // C6
  }
  switch (operation.type) {
    case "add":
      return add(store, found, operation, at);
    case "next":
      return next(store, found, operation, at);
    case "set":
      return move(store, found, { ...operation, to: operation.value }, at);
    case "cas":
      return compareAndSet(store, found, operation, at);
    case "reset": {
      const to = operation.to ?? (found?.config ?? plainConfig).initial;
      return move(store, found, { ...operation, to }, at);
    }
    case "create":
      return create(store, found, operation, at);
    case "configure":
      return configure(store, found, operation, at);
    case "delete":
      return remove(store, found, operation, at);
  }
}

/** HTTP has it so as well: of what is not there, no version is compared (RFC 9110, 13.2.1). */
function isOfExisting({ type }: CounterOperation): boolean {
  return type === "configure" || type === "delete";
}

function holds(condition: Condition, found: CounterFacts | undefined, at: Moment): boolean {
  switch (condition.type) {
    case "absent":
      return !isLive(found);
    case "present":
      return isLive(found);
    case "versions":
      return (
        isLive(found) &&
        condition.versions.some(({ epoch, revision }) => {
          return epoch === at.epoch && revision === found.revision;
        })
      );
  }
}

function add(
  store: CounterStore,
  found: CounterFacts | undefined,
  { counter, delta, onBound }: AddOperation,
  at: Moment,
): SingleResult {
  const refused = obstacle(store, found, "add", at);
  if (refused !== null) return refused;
  const config = found?.config ?? plainConfig;
  const previous = found?.value ?? config.initial;
  let value = previous + delta;
  const bound = boundPassed(value, delta, config);
  if (bound !== null) {
    if ((onBound ?? config.onBound) === "reject") return refuse("bound-exceeded", found, at.epoch);
    value = bound; // C5
  }
  if (!isInRange(value)) return outOfRange(found, at); // C1
  return write(store, found, { name: counter, previous, value, config }, at);
}

/** The bound that lies between the counter and where `delta` would take it. */
function boundPassed(value: bigint, delta: bigint, { min, max }: CounterConfig): bigint | null {
  if (delta > 0n) return max !== null && value > max ? max : null;
  return min !== null && value < min ? min : null;
}

function next(
  store: CounterStore,
  found: CounterFacts | undefined,
  { counter: name, count }: NextOperation,
  at: Moment,
): SingleResult {
  const refused = obstacle(store, found, "next", at);
  if (refused !== null) return refused;
  const config = found?.config ?? plainConfig;
  const previous = found?.value ?? config.initial;
  const base = baseOf(found, previous);
  const { step } = config;
  // The same with a step of 1; but comparing two bigints costs as much as all else here.
  const last = base + (config === plainConfig ? count : step * count);
  if (config.max !== null && last > config.max) return refuse("bound-exceeded", found, at.epoch);
  if (!isInRange(last)) return outOfRange(found, at); // C1
  const revision = at.revision + 1;
  const expiresAt = expiryOf(config, at);
  store.put({
    name,
    value: last,
    issued: last,
    config,
    revision,
    expiresAt,
    sequence: unplaced,
    slot: unplaced,
  });
  return {
    status: "ok",
    replayed: false,
    value: last,
    previous,
    first: base + step,
    last,
    step,
    created: !isLive(found),
    config: null,
    epoch: at.epoch,
    revision,
  };
}

function compareAndSet(
  store: CounterStore,
  found: CounterFacts | undefined,
  operation: CasOperation,
  at: Moment,
): SingleResult {
  if (isLive(found) && found.config.kind === "sequence") {
    return refuse("kind-mismatch", found, at.epoch);
  }
  if (!isLive(found) || found.value !== operation.expected) {
    return refuse("version-mismatch", found, at.epoch);
  }
  return move(store, found, { ...operation, to: operation.value }, at);
}

interface Move {
  readonly type: "set" | "cas" | "reset";
  readonly counter: CounterName;
  readonly to: bigint;
}

/** Gives the counter a value, whatever it was. */
function move(
  store: CounterStore,
  found: CounterFacts | undefined,
  { type, counter: name, to: value }: Move,
  at: Moment,
): SingleResult {
  if (found === undefined && store.size >= at.countersMax) return tooManyCounters;
  const config = found?.config ?? plainConfig;
  if (config.kind === "sequence" && type !== "reset") {
    return refuse("kind-mismatch", found, at.epoch);
  }
  if (!isWithin(value, config)) return refuse("bound-exceeded", found, at.epoch); // C5
  const previous = found?.value ?? config.initial;
  return write(store, found, { name, previous, value, config }, at);
}

function create(
  store: CounterStore,
  found: CounterFacts | undefined,
  { counter: name, config }: CreateOperation,
  at: Moment,
): SingleResult {
  if (isLive(found)) return refuse("counter-exists", found, at.epoch);
  if (found === undefined && store.size >= at.countersMax) return tooManyCounters;
  const value = config.initial;
  if (!isWithin(value, config)) return refuse("bound-exceeded", found, at.epoch);
  const done = write(store, found, { name, previous: value, value, config }, at);
  return { ...done, config };
}

function configure(
  store: CounterStore,
  found: CounterFacts | undefined,
  { counter: name, patch }: ConfigureOperation,
  at: Moment,
): SingleResult {
  if (!isLive(found)) return refuse("counter-not-found", found, at.epoch);
  const config = patchedConfig(found.config, patch);
  if (config === null) return refuse("too-many-labels", found, at.epoch);
  const { value } = found;
  if (!isWithin(value, config)) return refuse("bound-exceeded", found, at.epoch); // C5
  const isSame = isSameConfig(found.config, config);
  const revision = isSame ? found.revision : at.revision + 1; // C4
  const done = write(store, found, { name, previous: value, value, config }, at, revision);
  return { ...done, config };
}

function remove(
  store: CounterStore,
  found: CounterFacts | undefined,
  { counter: name }: DeleteOperation,
  at: Moment,
): SingleResult {
  if (!isLive(found)) return refuse("counter-not-found", found, at.epoch);
  const { value, issued } = found;
  if (issued === null) store.drop(name);
  else store.put(retired(name, issued)); // C3
  return answer({ previous: value, value, created: false }, at);
}
