/** Addresses as people write them and as sockets have them. */
import { hostBytes, hostOf } from "../wire/address.ts";

/** The port that memberlist and Serf use where none is said. */
export const DEFAULT_PORT = 7946;
const ADDRESS_MAX_CHARACTERS = 300;
const FORM =
  /^(?:\[([\da-f:.]+)\]|([\da-f]*:[\da-f:.]*:[\da-f:.]*)|([a-z0-9._-]+))(?::(\d{1,5}))?$/i;

/** Where somebody may be: a DNS name, or the address of an interface in its canonical text. */
export interface Place {
  readonly host: string;
  /** Whether `host` still has to be looked up. */
  readonly isName: boolean;
  readonly port: number;
}

/** An address that nobody can be at. */
export class GossipAddressError extends Error {
  override readonly name = "GossipAddressError";
  readonly code = "GOSSIP_ADDRESS";
  /** What was given. */
  readonly address: string;
  constructor(address: string, why: string) {
    super(`"${address}" ${why}`);
    this.address = address;
  }
}

/**
 * Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
 *
 * @throws GossipAddressError for anything else, a port outside 1 to 65535 included
 */
export function parsePlace(text: string): Place {
  const match = text.length <= ADDRESS_MAX_CHARACTERS ? FORM.exec(text) : null;
  if (match === null) {
    throw new GossipAddressError(text, "is not an address; write host:port or [v6]:port");
  }
  // "a::b:1" is an IPv6 address: a port needs the brackets.
  const bare = match[2] !== undefined && match[4] !== undefined;
  const host = match[1] ?? (bare ? text : (match[2] ?? match[3]!));
  const port = bare || match[4] === undefined ? DEFAULT_PORT : Number(match[4]);
  if (port < 1 || port > 65_535) throw new GossipAddressError(text, "has no port of 1 to 65535");
  const bytes = hostBytes(host);
  if (bytes !== null) return { host: hostOf(bytes), isName: false, port };
  if (match[3] === undefined) throw new GossipAddressError(text, "is no IPv6 address");
  return { host, isName: true, port };
}

/**
 * The canonical text of an address that a socket named: no zone, and IPv4 as IPv4 even if it came
 * through a socket of IPv6.
 */
export function canonicalHost(text: string): string {
  if (!text.includes(":")) return text;
  const zone = text.indexOf("%");
  const bytes = hostBytes(zone < 0 ? text : text.slice(0, zone));
  return bytes === null ? text : hostOf(bytes);
}

/** `host:port` for people; IPv6 in brackets. */
export function formatAddress({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
