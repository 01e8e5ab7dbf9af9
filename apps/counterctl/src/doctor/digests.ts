/** Whether the nodes of a Raft cluster have the same state: their digests at the same index. */
import { ProblemError, type CounterClient, type Json } from "@counter/client";

import { numberIn, textIn } from "../commands/nodes.ts";
import { pause } from "../commands/waiting.ts";
import { failed, ok, warning, type Finding } from "./findings.ts";

/** How long a node that is behind may take to come to the index, in milliseconds. */
export const digestPatienceMs: number = 20_000;
const againMs = 200;
const check = "same state";

/** The digest of a node; `null` where it has none at this index. */
export interface NodeDigest {
  readonly endpoint: string;
  readonly digest: string | null;
}

/**
 * Has all nodes digest their state at one index, and compares.
 *
 * @returns `null` if they cannot: they are of an older release, or the token is not an administrator's
 */
export async function sameState(
  nodes: readonly CounterClient[],
  signal: AbortSignal,
): Promise<Finding | null> {
  const index = await digestIndex(nodes[0]!, signal);
  if (index === null) return null;
  const deadline = performance.now() + digestPatienceMs;
  const digests = await Promise.all(
    nodes.map(async (node): Promise<NodeDigest> => {
      const endpoint = node.endpoints[0]!;
      for (;;) {
        const digest = digestAt(await node.cluster.digests({ signal }), index);
        if (digest !== null || performance.now() >= deadline || signal.aborted) {
          return { endpoint, digest };
        }
        await pause(againMs, signal);
      }
    }),
  );
  return compared(index, digests);
}

async function digestIndex(node: CounterClient, signal: AbortSignal): Promise<number | null> {
  try {
    return numberIn(await node.cluster.makeDigest({ signal }), "index");
  } catch (error) {
    const cannot = [403, 404, 405];
    if (error instanceof ProblemError && cannot.includes(error.status)) return null;
    throw error;
  }
}

function digestAt(said: Json, index: number): string | null {
  const digests: unknown = said["digests"];
  if (!Array.isArray(digests)) return null;
  const found: unknown = digests.find((one: Json) => numberIn(one, "index") === index);
  return found === undefined ? null : textIn(found as Json, "digest");
}

/** What the digests at one index say. */
export function compared(index: number, digests: readonly NodeDigest[]): Finding {
  const known = digests.flatMap(({ digest }) => (digest === null ? [] : [digest]));
  if (new Set(known).size > 1) {
    const each = digests.map(({ endpoint, digest }) => `${endpoint} ${short(digest)}`).join(", ");
    return failed(
      check,
      `DIVERGED at index ${index}: ${each}`,
      "the nodes answer differently, and will for ever: stop writing, save a snapshot of each (curl /v1/snapshot), and see the runbook about divergence",
    );
  }
  const behind = digests.filter(({ digest }) => digest === null).map(({ endpoint }) => endpoint);
  if (behind.length > 0) {
    const detail = `no digest at index ${index} of ${behind.join(", ")}`;
    return warning(check, detail, "it is behind, or was sent a snapshot: ask again in a moment");
  }
  return ok(check, `${digests.length} nodes, digest ${short(known[0] ?? null)} at index ${index}`);
}

function short(digest: string | null): string {
  return digest === null ? "unknown" : digest.slice(0, 16);
}
