/** What a node is too open for, in sentences that say what to do. */
import { isLoopback } from "../config/addresses.ts";
import type { CommonConfig } from "../config/node-config.ts";

/** Between two warnings of the same, in milliseconds. */
export const warnEveryMs: number = 3_600_000;

type Settings = Pick<
  CommonConfig,
  "host" | "authFile" | "insecure" | "peerSecretFile" | "tls" | "gossipKeyFile" | "gossipPort"
>;

/** Whether peers have to prove who they are. */
export function provesPeers({ peerSecretFile, tls }: Pick<Settings, "peerSecretFile" | "tls">) {
  return peerSecretFile !== null || tls?.clientAuth === "require";
}

/** Empty for a node that only this machine can reach. */
export function warnings(settings: Settings): readonly string[] {
  const { host, authFile, tls, gossipKeyFile, gossipPort } = settings;
  if (isLoopback(host)) return [];
  const all: string[] = [];
  if (!provesPeers(settings)) {
    all.push(
      `--insecure: ${host} is open to the network, and whoever reaches it can pass for a node of the cluster`,
    );
  }
  if (authFile === null) {
    all.push(
      `${host} is open to the network, and clients need no token: whoever reaches it can change counters and members; give it an --auth-file`,
    );
  }
  if (authFile !== null && tls === null) {
    all.push(
      `${host} is open to the network, and tokens are not encrypted: give it --tls-cert and --tls-key, or let nobody listen in between`,
    );
  }
  if (gossipPort !== null && gossipKeyFile === null) {
    all.push(`gossip on ${host} is not encrypted: give all nodes one --gossip-key-file`);
  }
  return all;
}
