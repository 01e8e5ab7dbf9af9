/** What a node asks the nodes of a cluster: which one it is, to be added, whether it still is a member. */
import { setTimeout as pause } from "node:timers/promises";

import type { Member } from "@counter/raft";
import { z } from "zod";

import { ask as askOpenly, type Answer, type Ask, type Question } from "./asking.ts";
import { messageOf } from "../process/error-text.ts";

const askTimeoutMs = 7000; // longer than a leader may take to carry a change out
const path = "/v1/cluster/members";
/** Longest reason of another node that is told on. */
const detailMaxLength = 300;
/** Between two rounds of asking, doubled each time, with jitter. */
const pauseMinMs = 200;
const pauseMaxMs = 3000;

const membershipSchema = z.object({
  clusterId: z.string().min(1).max(128),
  configurationIndex: z.number().int().nonnegative(),
  committed: z.boolean(),
  leader: z.string().max(128).nullable(),
  members: z
    .array(
      z.object({
        id: z.string().max(128),
        address: z.string().max(256),
        role: z.string().max(16).default("voter"),
        joining: z.boolean().default(false),
      }),
    )
    .max(256),
});

const problemSchema = z.object({ detail: z.string() });

/** A node's view of who takes part in its cluster. */
export type ClusterMembership = z.infer<typeof membershipSchema>;

export interface Asking {
  /** Asked in turn, until one answers; looked at again for every round. */
  readonly seeds: () => readonly string[];
  /** Ends the asking; the promise then rejects. */
  readonly signal: AbortSignal;
  /** How other nodes are asked; default: in the clear. */
  readonly ask?: Ask;
  /** Longest wait for the whole answer of one node, in milliseconds; default 7000. */
  readonly timeoutMs?: number;
  /** Told why it has not worked yet, once for every new reason. */
  readonly onWaiting: (reason: string) => void;
}

/** The id of the cluster of these nodes, as soon as one of them tells. They may be starting, too. */
export async function findCluster(asking: Asking): Promise<string> {
  const { clusterId } = await untilAnswered(asking, (seed) =>
    call(seed, { method: "GET" }, asking),
  );
  return clusterId;
}

/** Has the cluster add this node as a member that votes once it has caught up. Idempotent. */
export async function askToJoin(
  member: Member,
  { clusterId, ...asking }: Asking & { readonly clusterId: string },
): Promise<void> {
  await untilAnswered(asking, async (seed) => {
    const joined = await call(seed, { method: "POST", body: member }, asking);
    if (joined.clusterId === clusterId) return joined;
    throw new Error(`it belongs to the cluster ${joined.clusterId}, not to ${clusterId}`);
  });
}

/**
 * Has the cluster look for a member at another address, unless it was changed since `seen`: a node
 * that has been removed meanwhile must not be added again by this.
 */
export async function askToMove(
  address: string,
  member: Member & { readonly voter: boolean },
  { seen, ...asking }: Pick<Asking, "ask" | "signal"> & { readonly seen: ClusterMembership },
): Promise<void> {
  const query = `?expectedIndex=${seen.configurationIndex}`;
  await call(address, { method: "POST", body: member, query }, asking);
}

/** Who takes part, as this node sees it; `null` if it does not say. */
export async function askForMembership(
  address: string,
  signal: AbortSignal,
  ask: Ask = askOpenly,
): Promise<ClusterMembership | null> {
  try {
    return await call(address, { method: "GET" }, { ask, signal });
  } catch {
    signal.throwIfAborted();
    return null; // whoever asks looks at other nodes as well, and asks again
  }
}

async function untilAnswered<Answer>(
  { seeds, signal, onWaiting }: Asking,
  ask: (seed: string) => Promise<Answer>,
): Promise<Answer> {
  const told = new Map<string, string>();
  for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
    for (const seed of seeds()) {
      signal.throwIfAborted();
      try {
        return await ask(seed);
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

/** @throws Error that says in a few words why there is no answer */
async function call(
  address: string,
  { query = "", ...question }: Omit<Question, "path"> & { readonly query?: string },
  {
    ask = askOpenly,
    signal,
    timeoutMs = askTimeoutMs,
  }: Pick<Asking, "ask" | "signal" | "timeoutMs">,
): Promise<ClusterMembership> {
  const send = (to: string): Promise<Answer> =>
    ask(to, { ...question, path: path + query }, { signal, timeoutMs });
  const first = await send(address);
  const leader = first.headers["counter-leader"];
  const elsewhere = first.status >= 300 && typeof leader === "string";
  // A node that does not forward names its leader. Once only: that one answers, or nobody does.
  return membershipIn(elsewhere ? await send(leader) : first);
}

function membershipIn({ status, body }: Answer): ClusterMembership {
  const parsed = membershipSchema.safeParse(body);
  if (status < 300 && parsed.success) return parsed.data;
  const problem = problemSchema.safeParse(body);
  if (problem.success) throw new Error(problem.data.detail.slice(0, detailMaxLength));
  throw new Error(`answers ${status}, not as a node of a cluster`);
}
