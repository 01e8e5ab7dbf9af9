/** A key as bytes, and back, and how long it stands for what: inside of records and of pieces. */
import type { WallMs } from "../types.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { invariant, MalformedError } from "./errors.ts";
import { isKey, keyMaxLength } from "./limits.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const timeOrdered = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a key was issued, if it says so: the milliseconds in a UUIDv7 (RFC 9562), in either case.
 *
 * @returns null of every other key
 */
export function keyTime(key: string): WallMs | null {
  if (key.length !== 36 || !timeOrdered.test(key)) return null;
  return parseInt(key.slice(0, 8), 16) * 0x1_0000 + parseInt(key.slice(9, 13), 16);
}

/** The key alone: a UUID takes sixteen bytes and not thirty-six. */
export function writeKey(out: ByteWriter, key: string): void {
  invariant(isKey(key), "a key is visible ASCII");
  if (uuid.test(key)) {
    out.byte(0);
    out.hex(key);
  } else {
    out.text(key);
  }
}

/** @throws MalformedError */
export function readKey(reader: ByteReader): string {
  const length = reader.varint(keyMaxLength);
  if (length === 0) return reader.uuid();
  const key = reader.text(length);
  if (!isKey(key)) throw new MalformedError("a key is not visible ASCII");
  if (uuid.test(key)) throw new MalformedError("a UUID is written as text");
  return key;
}

/** From when until when the key stands for this operation; nothing if the key itself says so. */
export function writeSpan(
  out: ByteWriter,
  dot: { readonly key: string; readonly at: WallMs; readonly until: WallMs },
): void {
  const time = keyTime(dot.key);
  if (time === null) {
    out.varint(dot.at);
    out.varint(dot.until - dot.at);
  } else {
    invariant(dot.at === time && dot.until === time + 1, "a time-ordered key has its own time");
  }
}

/** @throws MalformedError */
export function readSpan(reader: ByteReader, key: string): { at: WallMs; until: WallMs } {
  const time = keyTime(key);
  if (time !== null) return { at: time, until: time + 1 };
  const at = reader.varint(Number.MAX_SAFE_INTEGER);
  const span = reader.varint(Number.MAX_SAFE_INTEGER - at);
  if (span === 0) throw new MalformedError("a key counts for no time at all");
  return { at, until: at + span };
}
