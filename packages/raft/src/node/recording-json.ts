/**
 * Data of a core as JSON and back: any nesting of objects, arrays, maps, bytes, numbers, strings,
 * booleans and `null`. What JSON lacks is an object with one name that begins with `$`:
 *
 *   {"$bytes": "base64"}      bytes
 *   {"$zeros": 12}            as many bytes, all of them 0: what a redacted command is
 *   {"$map": [[key, value]]}  a map, in order
 *   {"$same": 3}              the object that was begun as the third (from 0) of this line
 */

import { invariant } from "../core/invariant.ts";

/** Largest run of bytes that is read; far above what any message, command or chunk may have. */
export const recordedBytesMax: number = 256 * 1024 * 1024;

/** @param redact - writes zeros for all bytes but those of configurations */
export function toJson(value: unknown, redact: boolean): unknown {
  return new Writer(redact).value(value);
}

class Writer {
  readonly #redact: boolean;
  readonly #begun = new Map<object, number>();
  #inConfiguration = false;

  constructor(redact: boolean) {
    this.#redact = redact;
  }

  value(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof Map) {
      return { $map: [...value].map(([key, inner]) => [this.value(key), this.value(inner)]) };
    }
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    const same = this.#begun.get(value);
    return same === undefined ? this.#object(value) : { $same: same };
  }

  #object(value: object): unknown {
    this.#begun.set(value, this.#begun.size);
    const outside = this.#inConfiguration;
    if ("kind" in value && value.kind === "configuration") this.#inConfiguration = true;
    const fields = Object.entries<unknown>({ ...value });
    invariant(!fields.some(([name]) => name.startsWith("$")), "no field is named like a tag");
    const written = fields.map(([name, inner]) => [name, this.value(inner)] as const);
    this.#inConfiguration = outside;
    return Object.fromEntries(written);
  }

  #bytes(bytes: Uint8Array): unknown {
    if (this.#redact && !this.#inConfiguration) return { $zeros: bytes.length };
    const { buffer, byteOffset, byteLength } = bytes;
    return { $bytes: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
  }
}

/**
 * @param complete - is given every object and answers what takes its place
 * @throws {SyntaxError} on what {@link toJson} cannot have written
 */
export function fromJson(json: unknown, complete: (value: object) => object): unknown {
  return readValue(json, { begun: [], complete });
}

interface Reading {
  /** The objects of this line, those that are not read yet as `null`. */
  readonly begun: (object | null)[];
  readonly complete: (value: object) => object;
}

function readValue(json: unknown, reading: Reading): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => readValue(item, reading));
  const fields = Object.entries<unknown>({ ...json });
  const [name, inner] = fields[0] ?? ["", null];
  if (name.startsWith("$")) return readTagged(name, inner, reading);
  const at = reading.begun.push(null) - 1;
  const parts = fields.map(([field, part]) => [field, readValue(part, reading)] as const);
  const value = reading.complete(Object.fromEntries(parts));
  reading.begun[at] = value;
  return value;
}

function readTagged(name: string, inner: unknown, reading: Reading): unknown {
  switch (name) {
    case "$bytes":
      if (typeof inner === "string") return Uint8Array.from(Buffer.from(inner, "base64"));
      break;
    case "$zeros":
      if (isCount(inner) && inner <= recordedBytesMax) return new Uint8Array(inner);
      break;
    case "$same":
      if (isCount(inner) && reading.begun[inner] != null) return reading.begun[inner];
      break;
    case "$map":
      if (Array.isArray(inner)) return new Map(inner.map((pair) => readPair(pair, reading)));
      break;
  }
  throw new SyntaxError(`a malformed ${name}`);
}

function readPair(pair: unknown, reading: Reading): [unknown, unknown] {
  if (!Array.isArray(pair) || pair.length !== 2) throw new SyntaxError("a malformed $map");
  return [readValue(pair[0], reading), readValue(pair[1], reading)];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
