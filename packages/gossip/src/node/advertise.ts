/** Which address of this machine the others are told. */
import { networkInterfaces } from "node:os";
import { hostBytes, hostOf } from "../wire/address.ts";
import { canonicalHost } from "./addresses.ts";

/** There is no address, or more than one, that the others could be told. */
export class AdvertiseError extends Error {
  override readonly name = "AdvertiseError";
  readonly code = "GOSSIP_ADVERTISE";
  /** The addresses that could have been meant. */
  readonly candidates: readonly string[];
  constructor(message: string, candidates: readonly string[]) {
    super(message);
    this.candidates = candidates;
  }
}

/** The addresses of this machine, by the name of their interface. */
export type Interfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>
>;

/**
 * The address to tell the others: the one that was asked for, or the one that the sockets are
 * bound to, or the only one that this machine has. It is never guessed among several.
 *
 * @param wanted - an address, or the name of an interface; undefined: find one
 * @param boundHost - where the sockets are bound; `0.0.0.0` and `::` say nothing
 * @throws AdvertiseError
 */
export function advertisedHost(
  wanted: string | undefined,
  boundHost: string,
  interfaces: Interfaces = networkInterfaces(),
): string {
  if (wanted !== undefined) return wantedHost(wanted, boundHost, interfaces);
  if (boundHost !== "0.0.0.0" && boundHost !== "::") return boundHost;
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const outside = usable(
    all.filter(({ internal }) => !internal),
    boundHost,
  );
  if (outside.length === 0) return boundHost === "::" && !hasIpv4(all) ? "::1" : "127.0.0.1";
  return onlyOne(outside, "several addresses could be advertised: choose one");
}

function wantedHost(wanted: string, boundHost: string, interfaces: Interfaces): string {
  const bytes = hostBytes(wanted);
  if (bytes !== null) return hostOf(bytes);
  const addresses = interfaces[wanted];
  if (addresses === undefined) {
    const names = Object.keys(interfaces);
    throw new AdvertiseError(`"${wanted}" is neither an address nor an interface`, names);
  }
  const hosts = usable(addresses, boundHost);
  if (hosts.length === 0) throw new AdvertiseError(`${wanted} has no usable address`, []);
  return onlyOne(hosts, `${wanted} has several addresses: choose one`);
}

/** Addresses that the sockets can be reached at; those of a link alone are good for nobody else. */
function usable(addresses: readonly { readonly address: string }[], boundHost: string): string[] {
  const hosts = addresses
    .map(({ address }) => canonicalHost(address))
    .filter((host) => !/^fe[89ab].:/i.test(host))
    .filter((host) => boundHost.includes(":") || !host.includes(":"));
  // Bound to both families: IPv4 if there is any, as most clusters speak it.
  const ipv4 = hosts.filter((host) => !host.includes(":"));
  return [...new Set(ipv4.length > 0 ? ipv4 : hosts)];
}

function hasIpv4(addresses: readonly { readonly address: string }[]): boolean {
  return addresses.some(({ address }) => !address.includes(":"));
}

function onlyOne(hosts: readonly string[], problem: string): string {
  if (hosts.length === 1) return hosts[0]!;
  throw new AdvertiseError(`${problem} (${hosts.join(", ")})`, hosts);
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1";
}
