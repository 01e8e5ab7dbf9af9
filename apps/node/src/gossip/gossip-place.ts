/** Where gossip listens and where the others reach it: addresses, never names. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import type { Logger } from "winston";

import { isWildcard, parseAddress } from "../config/addresses.ts";
import type { CommonConfig } from "../config/node-config.ts";
import { messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";

/** A node must not wait long for a service of names that is down, in milliseconds. */
const lookupMaxMs = 3000;

export interface GossipPlace {
  readonly bindHost: string;
  /** `null`: the only one that this machine has. */
  readonly advertiseHost: string | null;
}

/**
 * @throws StartError (exit code 5) if `--host` is a name that stands for no address
 */
export async function gossipPlace(
  { host, address }: Pick<CommonConfig, "host" | "address">,
  log: Logger,
): Promise<GossipPlace> {
  const bindHost = await addressOf(host, 0).catch((error: unknown) => {
    const text = `--host=${host} stands for no address: ${messageOf(error)}`;
    throw new StartError(exitCodes.port, text, { cause: error });
  });
  const advertised = parseAddress(address).host;
  if (isWildcard(advertised)) return { bindHost, advertiseHost: null };
  if (advertised === host) return { bindHost, advertiseHost: bindHost };
  try {
    const family = bindHost === "::" ? 0 : isIP(bindHost);
    return { bindHost, advertiseHost: await addressOf(advertised, family) };
  } catch (error) {
    // The others still find this node over HTTP, and may know by then what the name stands for.
    log.warn(`gossip: ${advertised} of --advertise stands for no address`, {
      reason: messageOf(error),
    });
    return { bindHost, advertiseHost: null };
  }
}

/** @param family - 4 or 6; 0: either */
async function addressOf(host: string, family: number): Promise<string> {
  if (isIP(host) !== 0) return host;
  const waiting = new AbortController();
  const late = pause(lookupMaxMs, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`not found within ${lookupMaxMs} ms`);
  });
  try {
    return (await Promise.race([lookup(host, { family }), late])).address;
  } finally {
    waiting.abort();
    late.catch(() => undefined); // nobody waits for it any more
  }
}
