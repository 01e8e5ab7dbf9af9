/** What the state machine has refused, told so that the client knows what to do. */
import type { CounterOperation, OperationRefused } from "@counter/state-machine";

import { OperationRefusedError } from "../../engine/engine.ts";
import type { TokenCodec } from "../../engine/tokens.ts";
import { Problem, problemOf } from "../problems.ts";
import { versionText } from "./v1-bodies.ts";

/** Codes that say nothing of the counter. */
const ofKeys: ReadonlySet<string> = new Set([
  "key-reused",
  "too-many-keys",
  "session-unknown",
  "number-acknowledged",
  "number-reused",
  "too-many-sessions",
  "too-many-results",
]);

/** @param more - further members of the problem */
export function refusalProblem(
  refusal: OperationRefused,
  operation: CounterOperation,
  tokens: Pick<TokenCodec, "encode">,
  more: Readonly<Record<string, unknown>> = {},
): Problem {
  const error = new OperationRefusedError(refusal);
  const known = problemOf(error);
  if (ofKeys.has(refusal.code)) return known;
  const { current, currentVersion, min, max } = refusal;
  const bounds = refusal.code !== "bound-exceeded" ? {} : { min: text(min), max: text(max) };
  const requested = requestedBy(operation);
  const extensions = {
    ...more,
    counter: operation.counter,
    current: text(current),
    currentVersion: currentVersion === null ? null : versionText(currentVersion),
    ...bounds,
    ...(requested === null ? {} : { requested: requested.toString() }),
  };
  const headers = {
    ...(currentVersion === null ? {} : { "counter-version": tokens.encode(currentVersion) }),
    ...(refusal.replayed ? { "idempotent-replayed": "true" } : {}),
  };
  const detail = detailOf(refusal, operation);
  return new Problem(known.code, detail, { extensions, headers, cause: error });
}

function detailOf(refusal: OperationRefused, { counter, type }: CounterOperation): string {
  const now = refusal.current === null ? "does not exist" : `is ${refusal.current}`;
  switch (refusal.code) {
    case "bound-exceeded":
      return `${counter} ${now}, and is to stay from ${refusal.min ?? "any"} to ${refusal.max ?? "any"}`;
    case "version-mismatch":
      return `${counter} ${now}: read it again, and decide again`;
    case "counter-not-found":
      return `there is no counter ${counter}`;
    case "counter-exists":
      return `there is a counter ${counter} already; it ${now}`;
    case "kind-mismatch":
      return `${counter} is a sequence, which takes no ${type}: numbers come by next`;
    case "value-out-of-range":
      return `${counter} ${now}, and stays below 2^1024`;
    case "too-many-labels":
      return `${counter} would have more than 16 labels`;
    case "too-many-counters":
      return "the cluster has as many counters as --max-counters allows";
    case "too-many-keys":
    case "key-reused":
    case "session-unknown":
    case "number-acknowledged":
    case "number-reused":
    case "too-many-sessions":
    case "too-many-results":
    case "restore-not-staged":
    case "restore-not-ready":
    case "restore-damaged":
      return "";
  }
}

function requestedBy(operation: CounterOperation): bigint | null {
  switch (operation.type) {
    case "add":
      return operation.delta;
    case "next":
      return operation.count;
    case "set":
    case "cas":
      return operation.value;
    case "reset":
      return operation.to;
    case "create":
    case "configure":
    case "delete":
      return null;
  }
}

function text(number: bigint | null): string | null {
  return number === null ? null : number.toString();
}
