/** `host:port` as people write it. */

/** Where to dial. `host` is a name or an IP address, an IPv6 one without brackets. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** An address that cannot be dialled, whatever answers there. */
export class AddressError extends Error {
  override readonly name = "AddressError";
  readonly code = "ADDRESS_INVALID";
  /** What was given. */
  readonly address: string;
  constructor(address: string) {
    super(`"${address}" is not an address; write host:port, [v6]:port, http://host:port or a port`);
    this.address = address;
  }
}

const ADDRESS_MAX_CHARACTERS = 256;
const FORM = /^(?:http:\/\/)?(?:(\[[0-9a-f:.%a-z]+\]|[a-z0-9._-]+):)?(\d{1,5})\/?$/i;

/**
 * Reads `host:port`, `[v6]:port`, `http://host:port` or a bare port, which means `127.0.0.1`.
 *
 * @throws AddressError for anything else, a port outside 1–65535 included
 */
export function parseAddress(address: string): PeerAddress {
  const match = address.length <= ADDRESS_MAX_CHARACTERS ? FORM.exec(address) : null;
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) throw new AddressError(address);
  const host = match[1] ?? "127.0.0.1";
  return { host: host.startsWith("[") ? host.slice(1, -1) : host, port };
}
