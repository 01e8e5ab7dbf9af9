/**
 * Requests that two servers could read differently. A proxy in front may have taken another host, or
 * seen another end of the body, so whoever is asked must not guess (RFC 9112 §3.2, §6.1).
 */
import type { IncomingMessage } from "node:http";

import { Problem } from "./problems.ts";

/** Why a request cannot be read in one way only; `null` if it can. */
export function ambiguityOf({ headers, rawHeaders }: IncomingMessage): Problem | null {
  if (hostsIn(rawHeaders) > 1) return refused("Host", "exactly one");
  const coding = headers["transfer-encoding"];
  if (coding === undefined || coding.trim().toLowerCase() === "chunked") return null;
  return refused("Transfer-Encoding", "only chunked");
}

function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts;
}

/** Nothing after it on the same connection can be trusted to be a request. */
function refused(header: string, detail: string): Problem {
  return new Problem("validation-failed", `${header}: ${detail}`, {
    extensions: { errors: [{ header, detail }] },
    headers: { connection: "close" },
  });
}
