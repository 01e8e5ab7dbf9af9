/** Operations of a batch as a file has them: JSON, an array or one object a line. */
import type { BatchOperation, NewCounter } from "@counter/client";

import { isRecord } from "../contexts.ts";
import { UsageError } from "../exit-codes.ts";

/** @throws UsageError that says which operation is wrong, and how */
export function batchOperations(text: string): readonly BatchOperation[] {
  return documentsIn(text).map((document, at) => {
    const bad = (what: string): UsageError => new UsageError(`operation ${at}: ${what}`);
    if (!isRecord(document)) throw bad("it must be an object");
    return operationOf(document, bad);
  });
}

type Bad = (what: string) => UsageError;
type Json = Readonly<Record<string, unknown>>;

function documentsIn(text: string): readonly unknown[] {
  if (text.trimStart().startsWith("[")) {
    const parsed = parsed1(text, "the file");
    if (Array.isArray(parsed)) return parsed;
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, at) => parsed1(line, `line ${at + 1}`));
}

function parsed1(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}

function operationOf(json: Json, bad: Bad): BatchOperation {
  const target = {
    counter: textIn(json, "counter", bad),
    ...(json["key"] === undefined ? {} : { key: textIn(json, "key", bad) }),
  };
  const op = textIn(json, "op", bad);
  switch (op) {
    case "add": {
      const onBound = onBoundIn(json, bad);
      const more = onBound === undefined ? {} : { onBound };
      return { ...target, op, delta: integerIn(json, "delta", bad), ...more };
    }
    case "next":
      return { ...target, op, count: optionalInteger(json, "count", bad) ?? 1n };
    case "set":
      return { ...target, op, value: integerIn(json, "value", bad) };
    case "cas": {
      const expected = integerIn(json, "expected", bad);
      return { ...target, op, expected, value: integerIn(json, "value", bad) };
    }
    case "reset": {
      const to = optionalInteger(json, "to", bad);
      return { ...target, op, ...(to === undefined ? {} : { to }) };
    }
    case "create":
      return { ...target, op, config: configIn(json, bad) };
    case "delete":
      return { ...target, op };
    default:
      throw bad(`there is no op "${op}"; there are add, next, set, cas, reset, create, delete`);
  }
}

function configIn(json: Json, bad: Bad): NewCounter {
  const { kind, labels, ttl } = json;
  if (kind !== undefined && kind !== "counter" && kind !== "sequence") {
    throw bad('kind must be "counter" or "sequence"');
  }
  if (labels !== undefined && !isRecord(labels)) throw bad("labels must be an object");
  const texts = Object.entries(labels ?? {}).map(([key, value]) => [key, String(value)] as const);
  return {
    kind,
    initial: optionalInteger(json, "initial", bad),
    min: optionalInteger(json, "min", bad),
    max: optionalInteger(json, "max", bad),
    step: optionalInteger(json, "step", bad),
    onBound: onBoundIn(json, bad),
    ...(labels === undefined ? {} : { labels: Object.fromEntries(texts) }),
    ...(ttl === undefined ? {} : { ttl: textIn(json, "ttl", bad) }),
  };
}

function onBoundIn(json: Json, bad: Bad): "reject" | "saturate" | undefined {
  const { onBound } = json;
  if (onBound === undefined || onBound === "reject" || onBound === "saturate") return onBound;
  throw bad('onBound must be "reject" or "saturate"');
}

function textIn(json: Json, name: string, bad: Bad): string {
  const value = json[name];
  if (typeof value === "string" && value !== "") return value;
  throw bad(`${name} must be a text`);
}

function integerIn(json: Json, name: string, bad: Bad): bigint {
  const value = json[name];
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,400}$/.test(value)) return BigInt(value);
  throw bad(`${name} must be a whole number; beyond 2^53, as a text`);
}

function optionalInteger(json: Json, name: string, bad: Bad): bigint | undefined {
  return json[name] === undefined ? undefined : integerIn(json, name, bad);
}
