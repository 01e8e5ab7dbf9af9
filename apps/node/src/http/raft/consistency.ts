/** How fresh a read has to be, as clients ask for it, and what its answer says about that. */
import { parseDuration } from "../../config/schema.ts";
import type { ReadLevel, ReadState } from "../../engine/engine.ts";
import { Problem } from "../problems.ts";

/** Longest `maxStaleness`, in milliseconds: an hour. */
const maxStalenessMaxMs = 3_600_000;

const confirmed: ReadLevel = {
  consistency: "linearizable",
  maxStalenessMs: null,
  atLeast: null,
};

/**
 * Reads `?consistency=` and `?maxStaleness=`.
 *
 * @throws Problem `validation-failed` for what is unknown or would have no effect: a weaker level
 *   must never be taken silently, and a bound never be ignored
 */
export function readLevel(query: URLSearchParams): ReadLevel {
  if (query.size === 0) return confirmed;
  const consistency = query.get("consistency") ?? "linearizable";
  const maxStaleness = query.get("maxStaleness");
  if (maxStaleness !== null && consistency !== "local") {
    throw new Problem("validation-failed", "maxStaleness goes with consistency=local only");
  }
  switch (consistency) {
    case "linearizable":
      return confirmed;
    case "lease":
    case "leader":
      return { ...confirmed, consistency };
    case "local": {
      const maxStalenessMs = maxStaleness === null ? null : boundOf(maxStaleness);
      return { ...confirmed, consistency, maxStalenessMs };
    }
    default:
      throw new Problem("validation-failed", "consistency is linearizable, lease, leader or local");
  }
}

function boundOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms <= maxStalenessMaxMs) return ms;
  throw new Problem("validation-failed", "maxStaleness is a time up to 1h, such as 500ms or 2s");
}

/** What a `local` answer says about its age; see docs/http.md for what it means. */
export function freshnessHeaders(level: ReadLevel, read: ReadState): Record<string, string> {
  if (level.consistency !== "local") return {};
  if (read.leaderSilentMs === null) return { "counter-known-leader": "false" };
  return {
    "counter-known-leader": "true",
    "counter-staleness-ms": String(Math.round(read.leaderSilentMs)),
  };
}
