/** What a node asks the nodes of a cluster: which one it is, to be added, whether it still is a member. */
import { setTimeout as pause } from "node:timers/promises";

import type { Member } from "@counter/raft";
import { z } from "zod";

import { parseAddress } from "./config/addresses.ts";
import { messageOf } from "./error-text.ts";

const askTimeoutMs = 7000; // longer than a leader may take to carry a change out
const answerMaxBytes = 256 * 1024;
/** Between two rounds of asking, doubled each time, with jitter. */
const pauseMinMs = 200;
const pauseMaxMs = 3000;

const membershipSchema = z.object({
  clusterId: z.string().min(1).max(128),
  configurationIndex: z.number().int().nonnegative(),
  leader: z.string().max(128).nullable(),
  members: z.array(z.object({ id: z.string().max(128), address: z.string().max(256) })).max(256),
});

/** A node's view of who takes part in its cluster. */
export type ClusterMembership = z.infer<typeof membershipSchema>;

export interface Asking {
  /** Asked in turn, until one answers. */
  readonly seeds: readonly string[];
  /** Ends the asking; the promise then rejects. */
  readonly signal: AbortSignal;
  /** Told why it has not worked yet, once for every new reason. */
  readonly onWaiting: (reason: string) => void;
}

/** The id of the cluster of these nodes, as soon as one of them tells. They may be starting, too. */
export async function findCluster(asking: Asking): Promise<string> {
  const { clusterId } = await untilAnswered(asking, (seed, signal) =>
    call(seed, { method: "GET" }, signal),
  );
  return clusterId;
}

/** Has the cluster add this node as a member that votes once it has caught up. Idempotent. */
export async function askToJoin(
  member: Member,
  { clusterId, ...asking }: Asking & { readonly clusterId: string },
): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(member);
  await untilAnswered(asking, async (seed, signal) => {
    const joined = await call(seed, { method: "POST", headers, body }, signal);
    if (joined.clusterId === clusterId) return joined;
    throw new Error(`it belongs to the cluster ${joined.clusterId}, not to ${clusterId}`);
  });
}

/** Who takes part, as this node sees it; `null` if it does not say. */
export async function askForMembership(address: string): Promise<ClusterMembership | null> {
  try {
    return await call(address, { method: "GET" }, AbortSignal.timeout(askTimeoutMs));
  } catch {
    return null; // whoever asks looks at other nodes as well, and asks again
  }
}

async function untilAnswered<Answer>(
  { seeds, signal, onWaiting }: Asking,
  ask: (seed: string, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const told = new Map<string, string>();
  for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
    for (const seed of seeds) {
      signal.throwIfAborted();
      try {
        return await ask(seed, signal);
      } catch (error) {
        signal.throwIfAborted();
        const reason = messageOf(error);
        if (told.get(seed) !== reason) onWaiting(`${seed}: ${reason}`);
        told.set(seed, reason);
      }
    }
    await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
  }
}

async function call(
  address: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<ClusterMembership> {
  const { host, port } = parseAddress(address);
  const name = host.includes(":") ? `[${host}]` : host;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(askTimeoutMs)]);
  let reply: Response;
  try {
    const url = `http://${name}:${port}/v1/cluster/members`;
    reply = await fetch(url, { ...init, signal: limited, redirect: "error" });
  } catch (error) {
    throw new Error("cannot be reached", { cause: error });
  }
  const body = await readLimited(reply);
  const parsed = membershipSchema.safeParse(body);
  if (reply.ok && parsed.success) return parsed.data;
  const problem = z.object({ detail: z.string() }).safeParse(body);
  throw new Error(problem.success ? problem.data.detail : `answers ${reply.status}`);
}

async function readLimited(reply: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply.body ?? []) {
    if (!(chunk instanceof Uint8Array)) return null;
    bytes += chunk.length;
    if (bytes > answerMaxBytes) throw new Error("answers too much");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return null; // something else answers at that address: the status is all there is to tell
  }
}
