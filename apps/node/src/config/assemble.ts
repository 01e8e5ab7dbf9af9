/** Checked flags become a {@link NodeConfig}: what follows from what, and what excludes what. */
import { join } from "node:path";

import { formatAddress, isWildcard } from "./addresses.ts";
import { clusterIdOf } from "./cluster-id.ts";
import { isProblem, type ConfigProblem } from "./config-problem.ts";
import { exposure } from "../security/exposure.ts";
import type {
  CommonConfig,
  EventualConfig,
  NodeConfig,
  RaftConfig,
  TlsConfig,
} from "./node-config.ts";
import { eventualPeersMax, raftPeersMax, type CheckedFlags } from "./schema.ts";

/** How far the port of gossip is above that for clients, unless it is given. */
const gossipPortAbove = 10_000;

export function assemble(flags: CheckedFlags): NodeConfig | ConfigProblem {
  const host = flags.host === "localhost" ? "127.0.0.1" : flags.host;
  const others = flags.peers.length + flags.join.length + flags.newnode.length;
  if (flags.advertise === undefined && isWildcard(host) && others > 0) {
    const problem = `--host=${host} means every interface, which is not an address that peers can use: add --advertise=host:port`;
    return { problem };
  }
  if (flags["gossip-port"] === flags.port) {
    const problem = `--gossip-port=${flags.port} is the port for clients: choose another one`;
    return { problem };
  }
  const tls = tlsOf(flags);
  if (tls !== null && "problem" in tls) return tls;
  const common = commonOf(flags, { host, tls });
  const config = flags.mode === "raft" ? raftOf(flags, common) : eventualOf(flags, common);
  return isProblem(config) ? config : (exposure(config) ?? config);
}

function tlsOf(flags: CheckedFlags): TlsConfig | ConfigProblem | null {
  const { "tls-cert": cert, "tls-key": key, "tls-ca": ca = null } = flags;
  const clientAuth = flags["tls-client-auth"];
  if (cert !== undefined && key !== undefined) return { cert, key, ca, clientAuth };
  if (cert === undefined && key === undefined && ca === null && clientAuth === "none") return null;
  return { problem: "TLS needs both --tls-cert and --tls-key" };
}

function commonOf(
  flags: CheckedFlags,
  { host, tls }: { readonly host: string; readonly tls: TlsConfig | null },
): CommonConfig {
  const address = formatAddress(flags.advertise ?? { host, port: flags.port });
  const listening = formatAddress({ host, port: flags.port });
  const peers = [...new Set(flags.peers.map(formatAddress))]
    .filter((peer) => peer !== address && peer !== listening)
    .sort();
  const label = flags.id ?? `node-${flags.port}`;
  return {
    label,
    host,
    port: flags.port,
    address,
    peers,
    clusterName: flags["cluster-id"] ?? null,
    dataDir: flags["data-dir"] ?? join("data", label),
    gossipPort:
      flags["gossip-port"] === undefined ? gossipPortOf(flags.port) : flags["gossip-port"],
    gossipKeyFile: flags["gossip-key-file"] ?? null,
    compat: flags.compat,
    legacy: flags.legacy,
    keyRequired: flags["require-idempotency-key"],
    problemBase: flags["problem-base"],
    applyTimeoutMs: flags["apply-timeout"],
    idempotencyWindowMs: flags["idempotency-window"],
    idempotencyMax: flags["idempotency-max"],
    maxCounters: flags["max-counters"],
    restoreMaxBytes: flags["restore-max"],
    watchersMax: flags["watchers-max"],
    connectionsMax: flags["connections-max"],
    rateLimit: flags["rate-limit"],
    rateLimitNamespace: flags["rate-limit-namespace"],
    corsOrigins: [...new Set(flags["cors-origin"])],
    authFile: flags["auth-file"] ?? null,
    peerSecretFile: flags["peer-secret-file"] ?? null,
    tls,
    insecure: flags.insecure,
    configFile: flags.config ?? null,
    shutdownTimeoutMs: flags["shutdown-timeout"],
    logLevel: flags["log-level"],
    logFormat: flags["log-format"],
    metrics: flags.metrics === "on",
    metricsCounters: [...new Set(flags["metrics-counters"])],
    drainDelayMs: flags["drain-delay"],
  };
}

/** Next to no other program, and the same for everybody who knows the port. */
function gossipPortOf(port: number): number {
  return port + gossipPortAbove <= 65_535 ? port + gossipPortAbove : port - gossipPortAbove;
}

function raftOf(flags: CheckedFlags, common: CommonConfig): RaftConfig | ConfigProblem {
  const { address, peers, clusterName } = common;
  const expected = bootstrapProblem(flags, common);
  if (expected !== null) return expected;
  if (peers.length > raftPeersMax)
    return { problem: `--peers: at most ${raftPeersMax} peers in raft mode` };
  const seeds = [...new Set(flags.join.map(formatAddress))].filter((seed) => seed !== address);
  const alone = seeds.length === 0 && flags["bootstrap-expect"] === undefined;
  if (flags.join.length > 0 && (peers.length > 0 || alone)) {
    const problem =
      peers.length > 0
        ? "--peers names the members of a new cluster, --join those of an existing one: use one of them"
        : "--join names this node itself: name nodes of the cluster that it is to join";
    return { problem };
  }
  return {
    ...common,
    mode: "raft",
    join: seeds,
    bootstrapExpect: flags["bootstrap-expect"] ?? null,
    clusterId: clusterIdOf(clusterName, [...peers, address].sort()),
    forward: flags.forward,
    deadServerAfterMs: flags["dead-server-after"],
    sessionTimeoutMs: flags["session-timeout"],
    sessionsMax: flags["sessions-max"],
    keepTraces: flags["keep-traces"],
  };
}

function bootstrapProblem(
  { "bootstrap-expect": expect, host, advertise }: CheckedFlags,
  { peers, gossipPort }: CommonConfig,
): ConfigProblem | null {
  if (expect === undefined) return null;
  if (peers.length > 0) {
    const problem =
      "--peers names all first members, --bootstrap-expect has them found: use one of them (with --join=<any of the nodes>)";
    return { problem };
  }
  if (gossipPort === null) {
    return { problem: "--bootstrap-expect finds the others by gossip: drop --gossip-port=off" };
  }
  if (advertise !== undefined || !isWildcard(host)) return null;
  const problem = `--host=${host} means every interface, which is not an address that the other nodes can use: add --advertise=host:port`;
  return { problem };
}

function eventualOf(flags: CheckedFlags, common: CommonConfig): EventualConfig | ConfigProblem {
  const newNodes = [...new Set(flags.newnode.map(formatAddress))].sort();
  if (newNodes.includes(common.address)) {
    const problem =
      "--newnode names this node itself: give the address of the further node, at any node that runs already";
    return { problem };
  }
  const listening = formatAddress({ host: common.host, port: common.port });
  const named = new Set([common.address, listening, ...common.peers]);
  const join = [...new Set(flags.join.map(formatAddress))].filter((seed) => !named.has(seed));
  const most = eventualPeersMax;
  if (common.peers.length + join.length > most) {
    return { problem: `--peers and --join: at most ${most} nodes together` };
  }
  return {
    ...common,
    mode: "eventual",
    join,
    newNodes,
    heartbeatMs: flags.heartbeat,
    antiEntropyMs: flags["anti-entropy"],
    peerLogCapBytes: flags["peer-log-cap"],
    storage: flags.storage,
    resumeWaitMs: flags["resume-wait"],
  };
}
