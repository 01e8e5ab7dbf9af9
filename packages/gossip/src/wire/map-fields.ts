/**
 * Go's structs travel as maps from field name to value. What a message looks like is said once, as a
 * table of its fields; that a missing field is Go's zero, and an unknown one is passed, holds for all.
 */
import type { MemberName } from "../types.ts";
import { readHost, readMeta, readName, UINT16_MAX, UINT32_MAX } from "./fields.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";

/** A field of a map on the wire. */
export interface Field<Value> {
  /** Its name there. */
  readonly key: string;
  /** What it is when it does not come. */
  readonly missing: Value;
  readonly read: (reader: MsgpackReader) => Value;
}

type Fields<Shape> = { readonly [Name in keyof Shape]: Field<Shape[Name]> };

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A map of known fields, from bytes. */
export class MapOf<Shape extends object> {
  readonly #missing: Shape;
  readonly #takers = new Map<string, (into: Shape, reader: MsgpackReader) => void>();

  constructor(fields: Fields<Shape>) {
    const missing: Partial<Shape> = {};
    for (const name in fields) {
      missing[name] = fields[name].missing;
      this.#takers.set(fields[name].key, takerOf(name, fields[name]));
    }
    this.#missing = missing as Shape; // every field of it was set
  }

  /** Of a field that comes twice, the last one counts, as in Go. */
  readonly read = (reader: MsgpackReader): Shape => {
    const into = { ...this.#missing };
    for (let left = reader.map(); left > 0; left -= 1) {
      const take = this.#takers.get(reader.key());
      if (take === undefined) reader.skip();
      else take(into, reader);
    }
    return into;
  };
}

function takerOf<Shape, Name extends keyof Shape>(
  name: Name,
  { read }: Field<Shape[Name]>,
): (into: Shape, reader: MsgpackReader) => void {
  return (into, reader) => {
    into[name] = read(reader);
  };
}

/** @param max - the largest that is accepted; default 2^53 − 1 */
export function uint(key: string, max?: number): Field<number> {
  return { key, missing: 0, read: (reader) => reader.uint(max) };
}

export function uint32(key: string): Field<number> {
  return uint(key, UINT32_MAX);
}

export function port(key: string): Field<number> {
  return uint(key, UINT16_MAX);
}

export function flag(key: string): Field<boolean> {
  return { key, missing: false, read: (reader) => reader.flag() };
}

export function double(key: string): Field<number> {
  return { key, missing: 0, read: (reader) => reader.double() };
}

export function text(key: string, maxBytes: number): Field<string> {
  return { key, missing: "", read: (reader) => reader.text(maxBytes) };
}

/** Copied; nil is empty. */
export function bytes(key: string, maxBytes: number): Field<Uint8Array> {
  return { key, missing: NO_BYTES, read: (reader) => reader.bytes(maxBytes) ?? NO_BYTES };
}

/** A list, of which nil is empty. */
export function list<Item>(
  key: string,
  most: number,
  read: (reader: MsgpackReader) => Item,
): Field<readonly Item[]> {
  return { key, missing: [], read: (reader) => readList(reader, most, read) };
}

export function readList<Item>(
  reader: MsgpackReader,
  most: number,
  read: (reader: MsgpackReader) => Item,
): Item[] {
  const items: Item[] = [];
  for (let count = reader.array(most) ?? 0; count > 0; count -= 1) items.push(read(reader));
  return items;
}

export function name(key: string): Field<MemberName> {
  return { key, missing: "", read: readName };
}

export function host(key: string): Field<string> {
  return { key, missing: "", read: readHost };
}

export function meta(key: string): Field<Uint8Array> {
  return { key, missing: NO_BYTES, read: readMeta };
}
