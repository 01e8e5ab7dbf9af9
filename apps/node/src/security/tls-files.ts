/** Certificates of a node: read, checked, and read again while it runs. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Duplex } from "node:stream";

import type { PeerTls } from "@counter/transport-http";

import type { TlsConfig } from "../config/node-config.ts";
import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";

/** A certificate with this use is a server's (RFC 5280, 4.2.1.12). */
const serverAuth = "1.3.6.1.5.5.7.3.1";

/** What the server and the connections to peers are made with. */
export interface TlsMaterial extends PeerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** `undefined`: the authorities that Node.js trusts. */
  readonly ca: Buffer | undefined;
}

/** @throws StartError (exit code 2) if a file cannot be read, or they do not belong together */
export async function readTls(config: TlsConfig): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    contentsOf("tls-cert", config.cert),
    contentsOf("tls-key", config.key),
    config.ca === null ? undefined : contentsOf("tls-ca", config.ca),
  ]);
  const material = { cert, key, ca, minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(material);
    if (ca !== undefined) new X509Certificate(ca);
  } catch (error) {
    const text = `--tls-cert, --tls-key, --tls-ca: ${messageOf(error)}`;
    throw new StartError(exitCodes.badConfig, text, { cause: error });
  }
  return material;
}

/**
 * Whether the other end has shown a certificate that the authority signed for one of our nodes: it is
 * good for a server, as those of nodes have to be, and those of clients should not be.
 */
export function isPeerCertified(socket: Duplex): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
  const { ext_key_usage: uses = [] } = socket.getPeerCertificate();
  return uses.includes(serverAuth);
}

async function contentsOf(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const text = `--${flag}: cannot read ${path}: ${messageOf(error)}`;
    throw new StartError(exitCodes.badConfig, text, { cause: error });
  }
}
