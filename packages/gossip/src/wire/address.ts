/** Addresses of interfaces: 4 or 16 bytes on the wire, one canonical text each inside. */
import { WireError } from "./refusal.ts";

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * The canonical text of an address: IPv4 dotted, IPv6 as RFC 5952 writes it, an IPv4 address
 * mapped into IPv6 as IPv4.
 *
 * @throws WireError `type` unless there are 4 or 16 bytes
 */
export function hostOf(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  if (end - start === 4) return dotted(bytes, start);
  if (end - start !== 16) throw new WireError("type", "an address has 4 or 16 bytes");
  const groups: number[] = [];
  for (let at = start; at < end; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!);
  return isMapped(groups) ? dotted(bytes, start + 12) : textOf(groups);
}

/** By hand: `join` costs a microsecond, and a table has ten thousand of them. */
function dotted(bytes: Uint8Array, at: number): string {
  return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;
}

function textOf(groups: readonly number[]): string {
  const gap = longestGap(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.length < 2) return hex.join(":");
  const after = hex.slice(gap.start + gap.length).join(":");
  return `${hex.slice(0, gap.start).join(":")}::${after}`;
}

/** The first of the longest runs of zeros (RFC 5952 §4.2.3). */
function longestGap(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < groups.length; index += 1) {
    if (groups[index] !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** The bytes of an address of either family, or null if `host` is none (a name, a zone). */
export function hostBytes(host: string): Uint8Array | null {
  if (!host.includes(":")) return ipv4Bytes(host);
  const halves = host.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!);
  const tail = halves.length === 2 ? groupsOf(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  return isMapped(groups) ? bytes.slice(12) : bytes;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

function ipv4Bytes(host: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  let [part, digits, value] = [0, 0, 0];
  for (let index = 0; index <= host.length; index += 1) {
    const code = index === host.length ? DOT : host.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || value > 255 || part === 4) return null;
      bytes[part] = value;
      part += 1;
      digits = value = 0;
      continue;
    }
    const digit = code - ZERO;
    // "01" is eight in some systems and one in others.
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0) || digits === 3) return null;
    value = value * 10 + digit;
    digits += 1;
  }
  return part === 4 ? bytes : null;
}

/** The groups of one side of a "::"; an IPv4 address may end it. */
function groupsOf(text: string): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const four = ipv4Bytes(part);
      if (four === null) return null;
      groups.push((four[0]! << 8) | four[1]!, (four[2]! << 8) | four[3]!);
    } else {
      if (!/^[\da-f]{1,4}$/i.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}
