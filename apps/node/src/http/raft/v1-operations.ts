/** What requests of v1 ask of the state machine. */
import {
  plainConfig,
  type AddOperation,
  type CasOperation,
  type Condition,
  type ConfigPatch,
  type CounterConfig,
  type CounterOperation,
  type CreateOperation,
  type DeleteOperation,
  type NextOperation,
  type OperationKey,
  type ResetOperation,
  type SetOperation,
} from "@counter/state-machine";

import { invalidMember } from "../negotiation.ts";
import { Problem } from "../problems.ts";
import type { BatchItem, WriteCall } from "../v1/calls.ts";
import type { WriteCondition } from "../v1/reading.ts";
import type { AddBody, CreateBody, PatchBody } from "../v1/schemas.ts";
import { versionIn } from "./v1-bodies.ts";

/** Revisions begin at 1: this is the version of no counter. */
const noVersion = { epoch: 0, revision: 0 };

/** Entity tags that nobody gave stand for a version that nothing has: the write is then refused. */
function conditionFor(condition: WriteCondition | null): Condition | null {
  if (condition?.type !== "versions") return condition;
  const versions = condition.versions.flatMap((text) => versionIn(text) ?? []);
  return { type: "versions", versions: versions.length === 0 ? [noVersion] : versions };
}

/** @throws Problem `mode-mismatch`, `validation-failed` */
function configFor(args: CreateBody): CounterConfig {
  if (args.mode === "eventual") {
    throw new Problem("mode-mismatch", "this cluster has no eventual counters");
  }
  const { min = null, max = null, initial = plainConfig.initial } = args;
  requireOrder(min, max);
  if (min !== null && initial < min) throw invalidMember("initial", "not below min");
  if (max !== null && initial > max) throw invalidMember("initial", "not above max");
  const labels = Object.entries(args.labels ?? {}).map(([key, value]) => ({ key, value }));
  return {
    kind: args.kind ?? plainConfig.kind,
    initial,
    min,
    max,
    onBound: args.onBound ?? plainConfig.onBound,
    step: args.step ?? plainConfig.step,
    labels: labels.sort((a, b) => (a.key < b.key ? -1 : 1)),
    ttlMs: args.ttl ?? null,
  };
}

/** `null` takes a setting back to what it is by default. */
export function patchFor(args: PatchBody): ConfigPatch {
  const { min, max, onBound, step, labels, ttl } = args;
  if (min !== undefined && max !== undefined) requireOrder(min, max);
  const entries = Object.entries(labels ?? {}).map(([key, value]) => ({ key, value }));
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(onBound === undefined ? {} : { onBound: onBound ?? plainConfig.onBound }),
    ...(step === undefined ? {} : { step: step ?? plainConfig.step }),
    ...(labels === undefined ? {} : { labels: labels === null ? null : entries }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
  };
}

function requireOrder(min: bigint | null, max: bigint | null): void {
  if (min !== null && max !== null && min > max) throw invalidMember("min", "not above max");
}

/** What all operations on a counter have. */
export function commonOf({ name, condition, key }: WriteCall<unknown>): {
  readonly counter: string;
  readonly condition: Condition | null;
  readonly key: OperationKey | null;
} {
  return { counter: name, condition: conditionFor(condition), key };
}

export function createOf(call: WriteCall<CreateBody>): CreateOperation {
  return { type: "create", ...commonOf(call), config: configFor(call.args) };
}

export function deleteOf(call: WriteCall<null>): DeleteOperation {
  return { type: "delete", ...commonOf(call) };
}

export function addOf(call: WriteCall<AddBody>): AddOperation {
  const { delta, onBound = null } = call.args;
  return { type: "add", ...commonOf(call), delta, onBound, times: 1 };
}

export function nextOf(call: WriteCall<{ readonly count: bigint }>): NextOperation {
  return { type: "next", ...commonOf(call), count: call.args.count, times: 1 };
}

export function setOf(call: WriteCall<{ readonly value: bigint }>): SetOperation {
  return { type: "set", ...commonOf(call), value: call.args.value };
}

export function casOf(
  call: WriteCall<{ readonly expected: bigint; readonly value: bigint }>,
): CasOperation {
  const { expected, value } = call.args;
  return { type: "cas", ...commonOf(call), expected, value };
}

export function resetOf(call: WriteCall<{ readonly to: bigint | null }>): ResetOperation {
  return { type: "reset", ...commonOf(call), to: call.args.to };
}

export function operationOf({ op, call }: BatchItem): CounterOperation {
  switch (op) {
    case "create":
      return createOf(call);
    case "delete":
      return deleteOf(call);
    case "add":
      return addOf(call);
    case "next":
      return nextOf(call);
    case "set":
      return setOf(call);
    case "cas":
      return casOf(call);
    case "reset":
      return resetOf(call);
  }
}
