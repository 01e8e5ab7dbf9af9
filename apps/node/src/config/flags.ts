/** Every flag, once: `--help`, the environment names and the checks are all made from this table. */
import type { FlagSpec } from "./flag-spec.ts";
import { securityFlags } from "./security-flags.ts";

const cluster = "Who this node is:";
const raft = "In raft mode only:";
const eventual = "In eventual mode only:";
const requests = "Answering requests:";
const limits = "Limits:";
const gossip = "Gossip, which tells who is there:";
const running = "Running:";

export const flagSpecs = {
  mode: {
    group: cluster,
    describe:
      "how counters are replicated: raft (every answer is final; needs a majority) or eventual (every node answers alone, all agree later)",
    default: "raft",
  },
  port: {
    group: cluster,
    describe: "port for clients and peers alike",
    default: "8080",
  },
  host: {
    group: cluster,
    describe: "interface to listen on",
    default: "127.0.0.1",
  },
  advertise: {
    group: cluster,
    describe:
      "address under which the others reach this node, and its name in the cluster; its host holds for gossip, too",
    default: "<host>:<port>",
  },
  peers: {
    group: cluster,
    describe: "the other nodes: ports or host:port, with commas or repeated",
    default: "none: a cluster of one",
    list: true,
  },
  join: {
    group: cluster,
    describe: "join the cluster of these nodes (any of them): ports or host:port",
    default: "none",
    list: true,
  },
  id: {
    group: cluster,
    describe: "label of this node in logs and status",
    default: "node-<port>",
  },
  "data-dir": {
    group: cluster,
    describe: "where this node keeps everything it must not forget",
    default: "./data/<id>",
  },
  "cluster-id": {
    group: cluster,
    describe:
      "name of the cluster; nodes with another name (in raft mode also with another list of first members) are refused",
    default: "none",
  },
  compat: {
    group: requests,
    describe: "strict: status codes of the original demo (400 not leader, GET for writes)",
    default: "none",
  },
  "apply-timeout": {
    group: requests,
    describe:
      "longest wait for the other nodes before a request is answered 503 or 504: for a leader and then a majority, or for the ?ack= that was asked for",
    default: "5s",
  },
  legacy: {
    group: requests,
    toggle: true,
    describe: "the calls of the original demo (/next, /get, …); --no-legacy leaves /v1 only",
    default: "on",
  },
  "require-idempotency-key": {
    group: requests,
    toggle: true,
    describe: "refuse writes without an Idempotency-Key (428)",
    default: "off",
  },
  "problem-base": {
    group: requests,
    describe: "what the type of a problem begins with, before its code",
    default: "urn:counter:problem:",
  },
  "restore-max": {
    group: limits,
    describe: "largest snapshot that PUT /v1/snapshot and POST /restore take (413 beyond it)",
    default: "256MiB",
  },
  "idempotency-window": {
    group: limits,
    describe: "how long the answer to an Idempotency-Key is remembered",
    default: "1h",
  },
  "idempotency-max": {
    group: limits,
    describe: "most remembered keys; further keyed writes are answered 503",
    default: "100000",
  },
  "session-timeout": {
    group: raft,
    mode: "raft",
    describe: "how long a session of a client lives without a write",
    default: "1h",
  },
  "sessions-max": {
    group: raft,
    mode: "raft",
    describe: "most sessions of clients; a further one is answered 503",
    default: "10000",
  },
  "keep-traces": {
    group: raft,
    mode: "raft",
    describe:
      "whose request a write was, kept in the log: none, given (a client's traceparent) or all; for clusters in which every node knows this flag",
    default: "none",
  },
  "max-counters": {
    group: limits,
    describe: "most counters",
    default: "100000",
  },
  "watchers-max": {
    group: limits,
    describe: "most streams and waiting reads at a time; further ones are answered 503",
    default: "1024",
  },
  "connections-max": {
    group: limits,
    describe:
      "most connections of clients, half of them from one address; further ones are answered 503, but those of other nodes",
    default: "4096",
  },
  "rate-limit": {
    group: limits,
    describe:
      "how often each token may read and write counters at this node, without tokens each address: 600/1m, 100/1s; then 429. Experimental until RateLimit fields are an RFC",
    default: "off",
  },
  "rate-limit-namespace": {
    group: limits,
    describe:
      "the same for all counters together whose names are alike up to the first dot or colon",
    default: "off",
  },
  "bootstrap-expect": {
    group: raft,
    mode: "raft",
    instead: "name the nodes with --peers",
    describe:
      "begin a cluster of this many first members, as soon as so many nodes with the same setting have found each other; with --join=<any of them>; later ones join",
    default: "none",
  },
  forward: {
    group: raft,
    mode: "raft",
    describe: "what a follower does with a write: forward it, redirect (307), or off (503)",
    default: "forward",
  },
  "dead-server-after": {
    group: raft,
    mode: "raft",
    describe:
      "how long a member must have been silent, and failed in gossip, before the leader removes it; at once if another voter has come in its place; off: nobody is removed without being asked",
    default: "24h",
  },
  newnode: {
    group: eventual,
    mode: "eventual",
    instead: "start the new node with --join",
    describe: "announces a further node to all others; it may be started later",
    default: "none",
    list: true,
  },
  heartbeat: {
    group: eventual,
    mode: "eventual",
    describe:
      "time between two health checks of a peer; three that fail take it out of the fan-out",
    default: "1s",
  },
  "anti-entropy": {
    group: eventual,
    mode: "eventual",
    describe: "time between two comparisons with a random peer, which find what was missed",
    default: "1s",
  },
  "peer-log-cap": {
    group: eventual,
    mode: "eventual",
    describe: "most bytes kept for peers that are behind; beyond it they get a snapshot",
    default: "64MiB",
  },
  storage: {
    group: eventual,
    mode: "eventual",
    describe: "file, or memory: counts that no other node has yet end with the process",
    default: "file",
  },
  "resume-wait": {
    group: eventual,
    mode: "eventual",
    describe: "longest wait, after a restart, for the others to confirm where this node was",
    default: "1s",
  },
  "gossip-port": {
    group: gossip,
    describe: "UDP and TCP port of gossip, on <host>; 0: any that is free; off: no gossip",
    default: "<port> + 10000, or - 10000 above 65535",
  },
  "gossip-key-file": {
    group: gossip,
    describe:
      "file of the keys that encrypt gossip, as Serf has it: a JSON array of base64 keys, the first of which seals",
    default: "none: not encrypted",
  },
  config: {
    group: running,
    describe:
      "YAML or JSON file of settings, with the names of the flags; flags and environment win. --print-config prints what a node would be started with",
    default: "none",
  },
  metrics: {
    group: running,
    describe: "on, or off: whether there is GET /metrics",
    default: "on",
  },
  "metrics-counters": {
    group: running,
    describe: "counters whose values are among the metrics, at most 100",
    default: "none",
    list: true,
  },
  "drain-delay": {
    group: running,
    describe:
      "time between /readyz saying that the node stops and the node refusing requests: what a load balancer takes to notice",
    default: "0",
  },
  ...securityFlags,
  "shutdown-timeout": {
    group: running,
    describe: "longest time for a graceful stop, after --drain-delay",
    default: "5s",
  },
  "log-level": {
    group: running,
    describe: "error, warn, info or debug",
    default: "info",
  },
  "log-format": {
    group: running,
    describe: "pretty or json",
    default: "pretty",
  },
} as const satisfies Readonly<Record<string, FlagSpec>>;

export type FlagName = keyof typeof flagSpecs;

/** The environment variable that stands for a flag; the flag wins when both are given. */
export function environmentName(flag: string): string {
  return `COUNTER_${flag.toUpperCase().replaceAll("-", "_")}`;
}
