import { isLive, type CounterFacts } from "./counter-record.ts";
import type { OperationRefused, RefusalCode } from "./results.ts";

/** A refusal that says nothing of the counter. One object for each code; they are never changed. */
function bare(code: RefusalCode): OperationRefused {
  return {
    status: "refused",
    replayed: false,
    code,
    current: null,
    currentVersion: null,
    min: null,
    max: null,
    index: null,
  };
}

export const valueOutOfRange: OperationRefused = bare("value-out-of-range");
export const tooManyCounters: OperationRefused = bare("too-many-counters");
export const tooManyKeys: OperationRefused = bare("too-many-keys");
export const keyReused: OperationRefused = bare("key-reused");
export const sessionUnknown: OperationRefused = bare("session-unknown");
export const numberAcknowledged: OperationRefused = bare("number-acknowledged");
export const numberReused: OperationRefused = bare("number-reused");
export const tooManySessions: OperationRefused = bare("too-many-sessions");
export const tooManyResults: OperationRefused = bare("too-many-results");
export const restoreNotStaged: OperationRefused = bare("restore-not-staged");
export const restoreNotReady: OperationRefused = bare("restore-not-ready");
export const restoreDamaged: OperationRefused = bare("restore-damaged");

/** A refusal that says how the counter is. */
export function refuse(
  code: RefusalCode,
  found: CounterFacts | undefined,
  epoch: number,
): OperationRefused {
  if (!isLive(found)) return bare(code);
  const { value, revision, config } = found;
  return {
    status: "refused",
    replayed: false,
    code,
    current: value,
    currentVersion: { epoch, revision },
    min: config.min,
    max: config.max,
    index: null,
  };
}

const ofTheMoment: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "too-many-counters",
  "too-many-keys",
  "too-many-results",
  "key-reused",
  "restore-not-staged",
  "restore-not-ready",
  "restore-damaged",
]);

/**
 * Whether this is an answer for good, to be remembered under a key. The others speak of the moment:
 * nothing was applied, and the same request may well succeed later.
 */
export function isForGood({ code }: OperationRefused): boolean {
  return !ofTheMoment.has(code);
}
