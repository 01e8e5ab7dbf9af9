/** How counters of Raft mode look from outside. */
import type {
  CounterConfig,
  CounterOperation,
  CounterValue,
  CounterVersion,
  OperationDone,
} from "@counter/state-machine";

import type { AddedBody, ChangedBody, CounterBody, IssuedBody } from "../v1/schemas.ts";
import { timeText } from "../v1/values.ts";

/** `s<epoch>-<revision>`: the same text, the same counter. */
export function versionText({ epoch, revision }: CounterVersion): string {
  return `s${epoch}-${revision}`;
}

/** Strong: equal tags stand for equal counters, in value and settings. */
export function etagOf(version: CounterVersion): string {
  return `"${versionText(version)}"`;
}

/** @returns `null` for what {@link versionText} never made */
export function versionIn(text: string): CounterVersion | null {
  const found = /^s(0|[1-9]\d{0,14})-(0|[1-9]\d{0,14})$/.exec(text);
  return found === null ? null : { epoch: Number(found[1]), revision: Number(found[2]) };
}

export function counterBody(counter: CounterConfig & CounterVersion & CounterValue): CounterBody {
  const { name, kind, value, initial, min, max, onBound, step, labels, ttlMs } = counter;
  return {
    name,
    mode: "strong",
    kind,
    value: value.toString(),
    version: versionText(counter),
    initial: initial.toString(),
    min: min?.toString() ?? null,
    max: max?.toString() ?? null,
    onBound,
    step: step.toString(),
    labels: Object.fromEntries(labels.map(({ key, value: text }) => [key, text])),
    ttl: ttlMs === null ? null : timeText(ttlMs),
  };
}

export function addedBody(name: string, done: OperationDone): AddedBody {
  const { value, previous } = done;
  return {
    name,
    value: value.toString(),
    previous: previous.toString(),
    applied: (value - previous).toString(),
    version: versionText(done),
  };
}

export function issuedBody(name: string, count: bigint, done: OperationDone): IssuedBody {
  const { first, last, step } = done;
  return {
    name,
    first: first.toString(),
    last: last.toString(),
    count: count.toString(),
    step: step.toString(),
    version: versionText(done),
  };
}

export function changedBody(name: string, done: OperationDone): ChangedBody {
  const { value, previous } = done;
  const texts = { value: value.toString(), previous: previous.toString() };
  return { name, ...texts, version: versionText(done) };
}

/** Of `create` and `configure`, whose answers have the configuration. */
export function describedBody(name: string, done: OperationDone): CounterBody {
  const { config, epoch, revision, value } = done;
  if (config === null) throw new TypeError("its answer has a configuration");
  return counterBody({ ...config, epoch, revision, name, value });
}

/** What the answer to a write of its own would be; `null`: there is nothing left to tell. */
export function bodyFor(operation: CounterOperation, done: OperationDone): object | null {
  const { counter: name } = operation;
  switch (operation.type) {
    case "add":
      return addedBody(name, done);
    case "next":
      return issuedBody(name, operation.count, done);
    case "set":
    case "cas":
    case "reset":
      return changedBody(name, done);
    case "create":
    case "configure":
      return describedBody(name, done);
    case "delete":
      return null;
  }
}
