/** What a node is told at its start, checked. Times in milliseconds. */

import type { Quota } from "../limits/quota-table.ts";

/** How counters are replicated. */
export type Mode = "raft" | "eventual";

export type NodeConfig = RaftConfig | EventualConfig;

/** Files in PEM. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
  /** `null`: whom Node.js trusts. */
  readonly ca: string | null;
  /** Whether those who connect have to show a certificate. */
  readonly clientAuth: "none" | "optional" | "require";
}

/** What both modes are told. */
export interface CommonConfig {
  readonly label: string;
  readonly host: string;
  readonly port: number;
  /** `host:port` under which the others reach us. */
  readonly address: string;
  /** The other nodes, in the spelling of {@link address}, sorted. */
  readonly peers: readonly string[];
  /** What `--cluster-id` says; `null` if it was not given. */
  readonly clusterName: string | null;
  readonly dataDir: string;
  /** For UDP and TCP, on {@link host}. 0: any that is free; `null`: no gossip. */
  readonly gossipPort: number | null;
  /** Of a file with the keys that encrypt gossip; `null`: it is not encrypted. */
  readonly gossipKeyFile: string | null;
  readonly compat: "none" | "strict";
  /** Whether the calls of the original demo are answered. */
  readonly legacy: boolean;
  /** Whether writes without a key are refused. */
  readonly keyRequired: boolean;
  /** What the type of a problem begins with. */
  readonly problemBase: string;
  /** Longest wait for what the other nodes have to do before a request can be answered. */
  readonly applyTimeoutMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyMax: number;
  readonly maxCounters: number;
  /** Largest snapshot that is taken in, in bytes. */
  readonly restoreMaxBytes: number;
  /** Most streams of events and waiting reads at a time. */
  readonly watchersMax: number;
  /** Most connections of clients at a time; other nodes have room beyond. */
  readonly connectionsMax: number;
  /** How often each principal may ask; `null`: as often as he likes. */
  readonly rateLimit: Quota | null;
  /** The same for the counters of each namespace together. */
  readonly rateLimitNamespace: Quota | null;
  /** Whose pages may use this node from a browser; with `*` in it, all. */
  readonly corsOrigins: readonly string[];
  /** Of the tokens of clients; `null`: they need none. */
  readonly authFile: string | null;
  /** Of the secrets that prove to the others that this node may talk to them; `null`: none. */
  readonly peerSecretFile: string | null;
  /** `null`: no TLS. */
  readonly tls: TlsConfig | null;
  /** Listens to a network although nothing tells peers from strangers. */
  readonly insecure: boolean;
  /** Where settings came from that neither a flag nor the environment gave; `null`: no file. */
  readonly configFile: string | null;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: "error" | "warn" | "info" | "debug";
  readonly logFormat: "pretty" | "json";
  /** Whether there is `GET /metrics`. */
  readonly metrics: boolean;
  /** Counters whose values are among the metrics. */
  readonly metricsCounters: readonly string[];
  /** Between saying that it stops (`/readyz`) and doing so, when it is asked to. */
  readonly drainDelayMs: number;
}

/** The own address is also our Raft id; `peers` is the rest of the first configuration. */
export interface RaftConfig extends CommonConfig {
  readonly mode: "raft";
  /**
   * Nodes of a cluster to join, in the same spelling; empty for a first member. With
   * {@link bootstrapExpect} any nodes that are to be in the same cluster.
   */
  readonly join: readonly string[];
  /** First members of a cluster that is formed by discovery, 1 to 15; `null`: it is not. */
  readonly bootstrapExpect: number | null;
  /** What the nodes of a new cluster compare: the name and the first members. */
  readonly clusterId: string;
  readonly forward: "forward" | "redirect" | "off";
  /** How long a member must have been silent before the leader removes it; `null`: for ever. */
  readonly deadServerAfterMs: number | null;
  /** How long a session of a client lives without a write, in time of the log. */
  readonly sessionTimeoutMs: number;
  readonly sessionsMax: number;
  /** Which traces of requests are kept in the log, with the writes. */
  readonly keepTraces: "none" | "given" | "all";
}

export interface EventualConfig extends CommonConfig {
  readonly mode: "eventual";
  /** Where nodes of the cluster may be, in the same spelling, without those in `peers`. */
  readonly join: readonly string[];
  /** Addresses of further nodes, to be announced to all; nobody need be there yet. */
  readonly newNodes: readonly string[];
  readonly heartbeatMs: number;
  readonly antiEntropyMs: number;
  /** Most bytes of records kept for peers that are behind. */
  readonly peerLogCapBytes: number;
  readonly storage: "file" | "memory";
  /** Longest wait for the others to let this node go on where it was before its restart. */
  readonly resumeWaitMs: number;
}
