/** Every flag, once: `--help`, the environment names and the checks are all made from this table. */

export interface FlagSpec {
  readonly group: string;
  readonly describe: string;
  /** The default as `--help` shows it. */
  readonly default?: string;
  /** May be given several times, or once with commas. */
  readonly list?: true;
}

const cluster = "Who this node is:";
const requests = "Answering requests:";
const limits = "Limits:";
const running = "Running:";

export const flagSpecs = {
  mode: {
    group: cluster,
    describe: "how counters are replicated: raft (every answer is final)",
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
    describe: "address under which the others reach this node, and its name in the cluster",
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
      "name of the cluster; nodes with another name, or another list of first members, are refused",
    default: "none",
  },
  forward: {
    group: requests,
    describe: "what a follower does with a write: forward it, redirect (307), or off (503)",
    default: "forward",
  },
  compat: {
    group: requests,
    describe: "strict: status codes of the original demo (400 not leader, GET for writes)",
    default: "none",
  },
  "apply-timeout": {
    group: requests,
    describe:
      "longest wait for a leader, and then for a majority, before a request is answered 503 or 504",
    default: "5s",
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
  "max-counters": {
    group: limits,
    describe: "most counters",
    default: "100000",
  },
  "shutdown-timeout": {
    group: running,
    describe: "longest time for a graceful stop",
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
