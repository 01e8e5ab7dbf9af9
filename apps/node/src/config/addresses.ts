/**
 * Addresses as people write them. Inside, an address is always `host:port` in one spelling, because
 * it is also the Raft id of a member: two spellings of one server would be two servers.
 */

/** Where a server listens. `host` has no brackets, `port` is 1–65535. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const hostMaxLength = 112; // with port and suffix it stays within the 128 characters of a Raft id

/**
 * Reads `8081`, `host:8081`, `[::1]:8081` or `http://host:8081`. A bare port means 127.0.0.1, and
 * `localhost` becomes 127.0.0.1, since it may otherwise mean another address on every machine.
 *
 * @throws Error with a message for people, when the text is none of these
 */
export function parseAddress(text: string): HostPort {
  const rest = withoutScheme(text.trim());
  if (/^\d+$/.test(rest)) return { host: "127.0.0.1", port: parsePort(rest) };
  const v6 = /^\[([0-9a-fA-F:.]+)\]:(\d+)$/.exec(rest);
  if (v6 !== null) return { host: v6[1]!.toLowerCase(), port: parsePort(v6[2]!) };
  const named = /^([A-Za-z0-9._-]+):(\d+)$/.exec(rest);
  if (named === null) {
    throw new Error(
      `"${text}" is not an address: write a port, host:port, [ipv6]:port or http://host:port`,
    );
  }
  const host = named[1]!.toLowerCase();
  if (host.length > hostMaxLength) throw new Error(`the host of "${text}" is too long`);
  return { host: host === "localhost" ? "127.0.0.1" : host, port: parsePort(named[2]!) };
}

/** The one spelling: `127.0.0.1:8080`, `[::1]:8080`. */
export function formatAddress(address: HostPort): string {
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether this host means "every interface", which nobody can connect to by name. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

/** Whether only programs on this machine can connect to this host. */
export function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || host.startsWith("127.");
}

function withoutScheme(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  if (scheme === null) return text;
  if (scheme[1]!.toLowerCase() !== "http") {
    throw new Error(
      `"${text}": write host:port, or http://host:port; with --tls-cert all nodes are asked over TLS`,
    );
  }
  const rest = text.slice(scheme[0].length);
  const withoutSlash = rest.endsWith("/") ? rest.slice(0, -1) : rest;
  return /:\d+$/.test(withoutSlash) ? withoutSlash : `${withoutSlash}:80`;
}

function parsePort(digits: string): number {
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw new Error(`${digits} is not a port: use 1 to 65535`);
  return port;
}
