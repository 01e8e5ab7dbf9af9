/**
 * Connections over TLS as the user wants them: whom to trust, and what to show. Node's own `fetch`
 * takes neither, so the library that it is made of does it here, and only where it is asked for.
 */
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Fetch } from "@counter/client";
import { messageOf } from "@counter/node/offline";
import { Agent, fetch } from "undici";

import { UsageError } from "./exit-codes.ts";

/** Paths of files in PEM. */
export interface TlsFiles {
  /** The only authorities that are trusted then; `null`: those that Node.js trusts. */
  readonly ca: string | null;
  /** What this side shows to nodes that want a certificate; with its key. */
  readonly cert: string | null;
  readonly key: string | null;
}

/** The contents of the files, as `node:tls` takes them. */
export interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export const noTls: TlsFiles = { ca: null, cert: null, key: null };
/** Largest file that is read for TLS, in bytes: a bundle of all usual authorities is a fifth of it. */
export const pemMaxBytes: number = 1024 * 1024;

/** @throws UsageError if a file cannot be read, or they do not belong together */
export async function readTls(files: TlsFiles): Promise<Tls | null> {
  if (files.ca === null && files.cert === null && files.key === null) return null;
  if ((files.cert === null) !== (files.key === null)) {
    throw new UsageError("a client certificate needs both, --cert and --cert-key");
  }
  const tls: Tls = {
    ...(files.ca === null ? {} : { ca: await contentsOf("--ca", files.ca) }),
    ...(files.cert === null ? {} : { cert: await contentsOf("--cert", files.cert) }),
    ...(files.key === null ? {} : { key: await contentsOf("--cert-key", files.key) }),
  };
  try {
    createSecureContext(tls);
    if (tls.ca !== undefined) new X509Certificate(tls.ca); // what is none would be passed over there
  } catch (error) {
    const names = [files.ca, files.cert, files.key].filter((path) => path !== null).join(", ");
    throw new UsageError(`these are no certificate and key in PEM: ${names}: ${messageOf(error)}`);
  }
  return tls;
}

/** @returns what replaces the global `fetch`; connections are kept, and do not keep a process up */
export function fetchWith(tls: Tls): Fetch {
  const dispatcher = new Agent({ connect: { ...tls, minVersion: "TLSv1.2" } });
  return async (input, { method = "GET", headers, body, signal, redirect = "follow" }) => {
    if (!isSendable(body)) throw new TypeError("a body must be text, bytes or a stream of bytes");
    const all = [...new Headers(headers)];
    const sent = { method, redirect, dispatcher, headers: all, duplex: "half" } as const;
    return await fetch(input, { ...sent, body: body ?? null, signal: signal ?? null });
  };
}

function isSendable(
  body: unknown,
): body is string | Uint8Array | ReadableStream | null | undefined {
  if (body === null || body === undefined || typeof body === "string") return true;
  return body instanceof Uint8Array || body instanceof ReadableStream;
}

async function contentsOf(flag: string, path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > pemMaxBytes) throw new Error(`it has more than ${pemMaxBytes} bytes`);
    return await readFile(path);
  } catch (error) {
    throw new UsageError(`${flag}: cannot read ${path}: ${messageOf(error)}`);
  }
}
