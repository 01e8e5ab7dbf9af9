/** What a node is too open for, or not open enough, in sentences that say what to do. */
import { isLoopback, parseAddress } from "../config/addresses.ts";
import type { CommonConfig } from "../config/node-config.ts";

/** Between two warnings of the same, in milliseconds. */
export const warnEveryMs: number = 3_600_000;

type Settings = Pick<
  CommonConfig,
  | "address"
  | "host"
  | "authFile"
  | "insecure"
  | "peerSecretFile"
  | "tls"
  | "gossipKeyFile"
  | "gossipPort"
>;

/** Whether peers have to prove who they are. */
export function provesPeers({ peerSecretFile, tls }: Pick<Settings, "peerSecretFile" | "tls">) {
  return peerSecretFile !== null || tls?.clientAuth === "require";
}

/** Empty for a node that only this machine can reach, and that does not say otherwise. */
export function warnings(settings: Settings): readonly string[] {
  const { address, host, authFile, tls, gossipKeyFile, gossipPort } = settings;
  if (isLoopback(host)) {
    if (isLoopback(parseAddress(address).host)) return [];
    return [
      `--advertise=${address} is where others look for this node, and it listens on ${host}, which only this machine can reach: unless something here passes on what comes in, give it --host=0.0.0.0, or the address of this machine`,
    ];
  }
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
