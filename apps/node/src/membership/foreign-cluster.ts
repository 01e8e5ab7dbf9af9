/** Asks another node which cluster it belongs to, by the same `/status` that people read. */
import { z } from "zod";

import type { Ask } from "./asking.ts";
import type { ForeignCluster } from "./refusals.ts";

const timeoutMs = 1000;

const statusSchema = z.object({
  clusterId: z.string().max(128),
  nodes: z.array(z.object({ address: z.string().max(256) })).max(256),
});

/** @returns `null` if it cannot be reached, or answers something else */
export async function askForCluster(ask: Ask, address: string): Promise<ForeignCluster | null> {
  const { signal } = new AbortController(); // it is over in a second anyway
  try {
    const { body } = await ask(
      address,
      { method: "GET", path: "/v1/status" },
      { signal, timeoutMs },
    );
    const parsed = statusSchema.safeParse(body);
    if (!parsed.success) return null;
    const { clusterId, nodes } = parsed.data;
    return { clusterId, members: nodes.map((node) => node.address).sort() };
  } catch {
    return null; // whatever it is that answers there, it does not say: the text says so
  }
}
