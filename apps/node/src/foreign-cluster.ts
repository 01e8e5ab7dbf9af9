/** Asks another node which cluster it belongs to, by the same `/status` that people read. */
import { z } from "zod";

import { parseAddress } from "./config/addresses.ts";
import type { ForeignCluster } from "./refusals.ts";

const askTimeoutMs = 1000;
const answerMaxBytes = 256 * 1024;

const statusSchema = z.object({
  clusterId: z.string().max(128),
  nodes: z.array(z.object({ address: z.string().max(256) })).max(256),
});

/** @returns `null` if it cannot be reached, or answers something else */
export async function askForCluster(address: string): Promise<ForeignCluster | null> {
  const { host, port } = parseAddress(address);
  const name = host.includes(":") ? `[${host}]` : host;
  try {
    const signal = AbortSignal.timeout(askTimeoutMs);
    const reply = await fetch(`http://${name}:${port}/status`, { signal, redirect: "error" });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of reply.body ?? []) {
      if (!(chunk instanceof Uint8Array)) return null;
      bytes += chunk.length;
      if (bytes > answerMaxBytes) return null;
      chunks.push(chunk);
    }
    const parsed = statusSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    if (!parsed.success) return null;
    const { clusterId, nodes } = parsed.data;
    return { clusterId, members: nodes.map((node) => node.address).sort() };
  } catch {
    return null; // whatever it is that answers there, it does not say: the text says so
  }
}
