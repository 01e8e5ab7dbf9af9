/** What a request says about how far a write must have spread, or how much a read must know. */
import { mergeTokens, type Acks, type ReadOptions } from "@counter/eventual";

import type { ApiRequest } from "../api.ts";
import { flagOf, invalidParameter } from "../negotiation.ts";
import { tokensIn } from "../prefer.ts";
import { requireKnown } from "../query.ts";

/** A write is on the own disk within that, unless the disk is ill: only then others are waited for. */
export const writeWaitLeastSeconds: number = 1;

/** Most nodes that `?ack=` can name; no cluster has more. */
const ackMax = 64;

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
  const tokens = tokensIn(request);
  const atLeast = tokens.length === 0 ? null : tokens.reduce(mergeTokens);
  const orStale = flagOf(query, "orStale");
  if (orStale && level === "local" && atLeast === null) {
    throw invalidParameter("orStale", "goes with a token or a level that may not be reached");
  }
  return { level, orStale, ...(atLeast === null ? {} : { atLeast }) };
}
