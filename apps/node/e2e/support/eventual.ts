/** Nodes of eventual mode under test, and clients that count on them and know what they did. */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { withCluster, type Cluster, type ClusterOptions } from "./cluster.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { Random } from "./random.ts";
import { until } from "./until.ts";

const statusSchema = z.object({
  state: z.literal("Eventual"),
  clusterId: z.string(),
  id: z.string(),
  writer: z.string().nullable(),
  idempotencyKeys: z.number(),
  peers: z.array(
    z.object({
      address: z.string(),
      id: z.string().nullable(),
      up: z.boolean(),
      lagRecords: z.number(),
    }),
  ),
});

export type EventualView = z.infer<typeof statusSchema>;

/** Lends nodes of eventual mode to a test. */
export function withEventual(
  options: ClusterOptions,
  test: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const flags = ["--mode=eventual", ...(options.flags ?? [])];
  return withCluster({ ...options, flags }, test);
}

/** The counter as this node knows it. */
export async function countOf(node: ClusterNode): Promise<number> {
  const reply = await node.get("/count", { timeoutMs: 2000 });
  const match = /^Current Counter: (-?\d+)\s*$/.exec(reply.text);
  if (reply.status !== 200 || match === null) throw new Error(`${reply.status} ${reply.text}`);
  return Number(match[1]);
}

export async function viewOf(node: ClusterNode): Promise<EventualView> {
  const reply = await node.get("/status", { timeoutMs: 2000 });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  return statusSchema.parse(JSON.parse(reply.text));
}

export interface Increment {
  readonly delta?: number;
  readonly key?: string;
  readonly query?: string;
  readonly timeoutMs?: number;
}

/** @throws Error with the reply if it is not acknowledged */
export async function increment(node: ClusterNode, options: Increment = {}): Promise<void> {
  const { delta = 1, key, query = "", timeoutMs = 4000 } = options;
  const reply = await node.post(`/increment${query}`, {
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify({ delta: String(delta) }),
    timeoutMs,
  });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
}

/** A key that says when it was made (RFC 9562, version 7). */
export function newKey(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const rest = randomBytes(10).toString("hex");
  const tail = `7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail}`;
}

/** Resolves with the time it took until all these tell this value. */
export async function agree(
  nodes: readonly ClusterNode[],
  value: number,
  withinMs = 60_000,
): Promise<number> {
  const began = performance.now();
  let seen: number[] = [];
  await until(
    `all tell ${value}`,
    async () => {
      seen = await Promise.all(nodes.map(countOf));
      return seen.every((count) => count === value);
    },
    withinMs,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: they tell ${seen.join(", ")}`);
  });
  return performance.now() - began;
}

/**
 * Clients that increment with a key and try again, at any node, until one says that it counted. So
 * what they added is known exactly, whatever was lost on the way.
 */
export class Counting {
  /** Sum of what was acknowledged. */
  total = 0;
  operations = 0;
  retries = 0;
  readonly #stopped = new AbortController();
  readonly #clients: Promise<void>[];
  readonly #nodes: () => readonly ClusterNode[];
  readonly #random: Random;

  constructor(nodes: () => readonly ClusterNode[], random: Random, clients = 8) {
    this.#nodes = nodes;
    this.#random = random;
    this.#clients = Array.from({ length: clients }, () => this.#count());
  }

  /** Ends when every operation that was begun is definite. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#clients);
  }

  async #count(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const delta = 1 + this.#random.below(5);
      await this.#until(newKey(), delta);
      this.total += delta;
      this.operations += 1;
      // Now and then once more, as a client does that lost its answer.
      if (this.#random.below(4) === 0) await this.#until(this.lastKey, this.lastDelta);
      await pause(this.#random.below(5));
    }
  }

  lastKey = "";
  lastDelta = 0;

  async #until(key: string, delta: number): Promise<void> {
    for (;;) {
      const node = this.#random.pick(this.#nodes());
      try {
        await increment(node, { key, delta, timeoutMs: 1000 });
        this.lastKey = key;
        this.lastDelta = delta;
        return;
      } catch {
        this.retries += 1; // refused, unreachable or unanswered: whatever it was, the key makes it safe
        await pause(10 + this.#random.below(40));
      }
    }
  }
}
