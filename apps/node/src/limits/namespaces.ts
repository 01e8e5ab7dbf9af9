/** What requests are counted by: who sends them, and what they are about. */
import { isIPv6 } from "node:net";

import type { Caller } from "../security/caller.ts";

/** Of an IPv6 address as much as one customer of a provider has: he can use all addresses below. */
const networkGroups = 4;

/**
 * Who sends a request: the name of the token, however many tokens have it; without tokens, where the
 * request comes from.
 */
export function principalOf({ name }: Pick<Caller, "name">, address: string | undefined): string {
  return name === null ? `at ${networkOf(address ?? "")}` : `by ${name}`;
}

/** An address of IPv4, or the first 64 bits of one of IPv6. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const plain = address.replace(/%.*$/, "");
  if (!isIPv6(plain)) return address;
  const [before = "", after] = plain.split("::");
  const first = before === "" ? [] : before.split(":");
  const last = after === undefined || after === "" ? [] : after.split(":");
  const missing = after === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(Math.max(0, missing)).fill("0"), ...last];
  return `${groups.slice(0, networkGroups).join(":")}::/64`;
}

/** The part of a counter's name before its first `.` or `:`; a name without one, all of it. */
export function namespaceOf(counter: string): string {
  const end = counter.search(/[.:]/);
  return end < 0 ? counter : counter.slice(0, end);
}
