/** What a request says about how far a write must have spread, or how much a read must know. */
import { mergeTokens, type Acks, type ReadOptions } from "@counter/eventual";

import type { ApiRequest } from "../api.ts";
import { flagOf, invalidParameter, waitSecondsOf } from "../negotiation.ts";
import { Problem } from "../problems.ts";
import { requireKnown } from "../query.ts";

/** Longest `Prefer: wait=`, in seconds. */
export const waitMaxSeconds: number = 60;

/** How long a read waits for what it asks for unless the client says, in milliseconds. */
export const readWaitMs: number = 1000;
/** A write is on the own disk within that, unless the disk is ill: only then others are waited for. */
export const writeWaitLeastSeconds: number = 1;

/** Most nodes that `?ack=` can name; no cluster has more. */
const ackMax = 64;

/** Longest token, or several of them, that is looked at; headers are not longer anyway. */
const tokenMaxLength = 32 * 1024;

/**
 * `?ack=local|majority|all|<n>`: how many nodes, this one included, must have it on their disks.
 *
 * @throws Problem `validation-failed`: a weaker promise must never be made silently
 */
export function acksOf({ query }: Pick<ApiRequest, "query">): Acks {
  requireKnown(query, ["ack"]);
  const ack = query.get("ack");
  switch (ack) {
    case null:
      return "local";
    case "local":
    case "majority":
    case "all":
      return ack;
  }
  const count = /^[1-9]\d?$/.test(ack) ? Number(ack) : NaN;
  if (count <= ackMax) return count;
  throw invalidParameter("ack", `local, majority, all, or a number of nodes from 1 to ${ackMax}`);
}

/**
 * `?consistency=local|quorum|all`, `Counter-At-Least` or `?atLeast=`, `?orStale`.
 *
 * @param also - what else the query may say
 * @throws Problem `validation-failed` for what is unknown or would have no effect
 */
export function readOptionsOf(
  request: Pick<ApiRequest, "query" | "headers">,
  also: readonly string[] = [],
): Pick<ReadOptions, "atLeast" | "level" | "orStale"> {
  const { query } = request;
  if (query.has("maxStaleness")) {
    throw invalidParameter("maxStaleness", "there is no leader to measure by in eventual mode");
  }
  requireKnown(query, [...also, "consistency", "atLeast", "orStale"]);
  const level = query.get("consistency") ?? "local";
  if (level !== "local" && level !== "quorum" && level !== "all") {
    throw invalidParameter("consistency", "local, quorum or all in eventual mode");
  }
  const atLeast = tokenOf(request);
  const orStale = flagOf(query, "orStale");
  if (orStale && level === "local" && atLeast === null) {
    throw invalidParameter("orStale", "goes with a token or a level that may not be reached");
  }
  return { level, orStale, ...(atLeast === null ? {} : { atLeast }) };
}

/**
 * `Prefer: wait=n`, in milliseconds; `null` if the client does not say. What nobody understands in
 * that header is ignored (RFC 7240).
 *
 * @param leastSeconds - taken where less is asked for
 */
export function waitMsOf(
  request: Pick<ApiRequest, "headers">,
  leastSeconds: number = 0,
): number | null {
  const seconds = waitSecondsOf(request);
  if (seconds === null) return null;
  return Math.max(leastSeconds, Math.min(seconds, waitMaxSeconds)) * 1000;
}

/** What an answer says about the `wait` that was taken. */
export function waitHeaders(waitMs: number | null): Readonly<Record<string, string>> {
  return waitMs === null ? {} : { "preference-applied": `wait=${waitMs / 1000}` };
}

/** Several tokens, in both spellings, mean all of them. */
function tokenOf({ headers, query }: Pick<ApiRequest, "query" | "headers">): string | null {
  const texts = [headers["counter-at-least"] ?? [], query.getAll("atLeast")].flat();
  const tokens = texts.flatMap((text) => text.split(",")).map((token) => token.trim());
  const given = tokens.filter((token) => token !== "");
  if (given.join("").length > tokenMaxLength) {
    throw new Problem("validation-failed", "the token is too long");
  }
  return given.length === 0 ? null : given.reduce(mergeTokens);
}
