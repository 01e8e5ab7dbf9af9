/** UTF-8, by hand: cores compile without `TextEncoder`. */
import { WireError } from "./refusal.ts";

/** Encodes text; a lone surrogate becomes U+FFFD, as `TextEncoder` does it. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.charCodeAt(index);
    if (point < 0x80) {
      bytes[length++] = point;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      const whole = text.codePointAt(index)!;
      if (whole > 0xffff) {
        point = whole;
        index += 1;
      } else {
        point = 0xfffd;
      }
    }
    length = writePoint(bytes, length, point);
  }
  return bytes.slice(0, length);
}

function writePoint(bytes: Uint8Array, at: number, point: number): number {
  let length = at;
  if (point < 0x800) {
    bytes[length++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      bytes[length++] = 0xe0 | (point >> 12);
    } else {
      bytes[length++] = 0xf0 | (point >> 18);
      bytes[length++] = 0x80 | ((point >> 12) & 0x3f);
    }
    bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
  }
  bytes[length++] = 0x80 | (point & 0x3f);
  return length;
}

/**
 * Decodes `bytes` from `start` to before `end`.
 *
 * @throws WireError `text` for anything that is not UTF-8: two different names must never
 *   become one here, as they would if a replacement character stood in for wrong bytes
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let index = start;
  while (index < end) {
    const first = bytes[index]!;
    if (index + 8 <= end && isAscii8(bytes, index)) {
      text += fromAscii8(bytes, index);
      index += 8;
      continue;
    }
    if (first < 0x80) {
      text += String.fromCharCode(first);
      index += 1;
      continue;
    }
    const length = lengthOf(first);
    if (index + length > end) throw notText();
    text += String.fromCodePoint(pointAt(bytes, index, length));
    index += length;
  }
  return text;
}

/** Eight at a time: a string for each character would be thrown away at once. */
function isAscii8(b: Uint8Array, at: number): boolean {
  const low = b[at]! | b[at + 1]! | b[at + 2]! | b[at + 3]!;
  return (low | b[at + 4]! | b[at + 5]! | b[at + 6]! | b[at + 7]!) < 0x80;
}

function fromAscii8(b: Uint8Array, at: number): string {
  const head = String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!);
  return head + String.fromCharCode(b[at + 4]!, b[at + 5]!, b[at + 6]!, b[at + 7]!);
}

function lengthOf(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  throw notText();
}

function pointAt(bytes: Uint8Array, at: number, length: number): number {
  let point = bytes[at]! & (0xff >> (length + 1));
  for (let offset = 1; offset < length; offset += 1) {
    const next = bytes[at + offset]!;
    if ((next & 0xc0) !== 0x80) throw notText();
    point = (point << 6) | (next & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw notText();
  return point;
}

function notText(): WireError {
  return new WireError("text", "text is not UTF-8");
}
