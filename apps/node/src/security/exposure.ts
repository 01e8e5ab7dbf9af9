/** Settings that would leave a node open to strangers, refused before it starts. */
import { isLoopback } from "../config/addresses.ts";
import type { ConfigProblem } from "../config/config-problem.ts";
import type { NodeConfig } from "../config/node-config.ts";
import { provesPeers } from "./warnings.ts";

/** @returns `null` if there is nothing to object to */
export function exposure(config: NodeConfig): ConfigProblem | null {
  const { host, authFile, insecure, tls } = config;
  const proves = provesPeers(config);
  if (tls !== null && tls.clientAuth !== "none" && tls.ca === null) {
    return problem(
      `--tls-client-auth=${tls.clientAuth} asks clients for certificates: say with --tls-ca who signs them`,
    );
  }
  if (!isLoopback(host) && !proves && !insecure) {
    return problem(
      `--host=${host} opens this node to the network, where anybody could pass for a node of its cluster: give all nodes one --peer-secret-file (openssl rand -hex 32), or certificates with --tls-cert, --tls-key, --tls-ca and --tls-client-auth=require; or say --insecure if nobody else reaches that network`,
    );
  }
  if (authFile !== null && !proves && namesOthers(config)) {
    return problem(
      "--auth-file: whoever passed for a node of this cluster would need no token: give all nodes one --peer-secret-file as well (openssl rand -hex 32)",
    );
  }
  const limited = config.rateLimit !== null || config.rateLimitNamespace !== null;
  if (limited && config.mode === "raft" && !proves && namesOthers(config)) {
    return problem(
      "--rate-limit: what another node sends on would count again as if it came from a client: give all nodes one --peer-secret-file as well (openssl rand -hex 32)",
    );
  }
  return null;
}

function namesOthers(config: NodeConfig): boolean {
  if (config.peers.length > 0 || config.join.length > 0) return true;
  switch (config.mode) {
    case "raft":
      return config.bootstrapExpect !== null;
    case "eventual":
      return config.newNodes.length > 0;
  }
}

function problem(text: string): ConfigProblem {
  return { problem: text };
}
