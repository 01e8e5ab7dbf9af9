/** Replies as the types that callers get. Members that are newer than this client are left out. */
import { InvalidReplyError } from "./errors.ts";
import { parseInteger } from "./numbers.ts";
import { isRecord } from "./reply.ts";
import type { Added, Counter, Durability, Issued, Stored } from "./types.ts";

export type Json = Readonly<Record<string, unknown>>;

/** What a reply says besides its body. */
export interface ReplyFacts {
  readonly token: string | null;
  readonly replayed: boolean;
}

export function counterOf(json: Json): Counter {
  const { kind, mode, onBound } = json;
  return {
    name: textAt(json, "name"),
    value: integerAt(json, "value"),
    version: optionalTextAt(json, "version"),
    mode: mode === "eventual" ? "eventual" : "strong",
    kind: kind === "sequence" ? "sequence" : "counter",
    initial: optionalIntegerAt(json, "initial") ?? 0n,
    min: optionalIntegerAt(json, "min"),
    max: optionalIntegerAt(json, "max"),
    onBound: onBound === "saturate" ? "saturate" : "reject",
    step: optionalIntegerAt(json, "step") ?? 1n,
    labels: labelsAt(json),
    ttl: optionalTextAt(json, "ttl"),
  };
}

export function addedOf(json: Json, facts: ReplyFacts): Added {
  return {
    ...storedOf(json, facts),
    applied: optionalIntegerAt(json, "applied"),
    durability: durabilityAt(json),
  };
}

export function storedOf(json: Json, facts: ReplyFacts): Stored {
  return {
    name: textAt(json, "name"),
    value: integerAt(json, "value"),
    previous: optionalIntegerAt(json, "previous"),
    stable: optionalIntegerAt(json, "stable"),
    version: optionalTextAt(json, "version"),
    ...facts,
  };
}

export function issuedOf(json: Json, facts: ReplyFacts): Issued {
  const first = integerAt(json, "first");
  const last = integerAt(json, "last");
  const step = optionalIntegerAt(json, "step") ?? 1n;
  const count = optionalIntegerAt(json, "count") ?? (last - first) / step + 1n;
  if (step < 1n || count < 1n || first + (count - 1n) * step !== last) {
    throw new InvalidReplyError("the numbers that were issued do not fit together");
  }
  return {
    name: textAt(json, "name"),
    ...{ first, last, count, step },
    version: optionalTextAt(json, "version"),
    ...facts,
    *[Symbol.iterator](): Generator<bigint> {
      for (let number = first; number <= last; number += step) yield number;
    },
  };
}

export function textAt(json: Json, name: string): string {
  const value = json[name];
  if (typeof value === "string") return value;
  throw new InvalidReplyError(`the reply has no text "${name}"`);
}

export function optionalTextAt(json: Json, name: string): string | null {
  const value = json[name] ?? null;
  if (value === null || typeof value === "string") return value;
  throw new InvalidReplyError(`"${name}" of the reply is no text`);
}

export function integerAt(json: Json, name: string): bigint {
  const value = parseInteger(json[name]);
  if (value !== null) return value;
  throw new InvalidReplyError(`the reply has no integer "${name}"`);
}

export function optionalIntegerAt(json: Json, name: string): bigint | null {
  return json[name] === undefined || json[name] === null ? null : integerAt(json, name);
}

/** @returns the objects of a list */
export function objectsAt(json: Json, name: string): readonly Json[] {
  const value: unknown = json[name];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw new InvalidReplyError(`the reply has no list "${name}"`);
}

function labelsAt(json: Json): Readonly<Record<string, string>> {
  const labels = json["labels"] ?? {};
  if (!isRecord(labels)) throw new InvalidReplyError(`"labels" of the reply is no object`);
  return Object.fromEntries(Object.keys(labels).map((key) => [key, textAt(labels, key)]));
}

function durabilityAt(json: Json): Durability | null {
  const said = json["durability"];
  if (!isRecord(said)) return null;
  const { achieved, storage } = said;
  return {
    requested: String(said["requested"]),
    achieved: typeof achieved === "number" ? achieved : 0,
    storage: typeof storage === "string" ? storage : "",
  };
}
