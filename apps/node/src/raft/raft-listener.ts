/** What answers the clients of a node in Raft mode, put together from its parts. */
import type { RequestListener } from "node:http";

import type { BootstrapDesk } from "../bootstrap/routes.ts";
import type { RaftConfig } from "../config/node-config.ts";
import type { Backups } from "../data-dir/backups.ts";
import type { RaftEngine } from "../engine/engine.ts";
import type { NodeGossip } from "../gossip/node-gossip.ts";
import type { ApiReply } from "../http/api.ts";
import type { Front } from "../http/front.ts";
import type { LeaveRequest } from "../http/leave-route.ts";
import { raftHealth, raftRoutes, replicaRows } from "../http/raft/routes.ts";
import type { LeaderSeeking } from "../http/raft/leader-seeking.ts";
import { sampleReadiness } from "../metrics/node-metrics.ts";
import type { Neighbours } from "../membership/neighbours.ts";
import type { NodeParts } from "../process/running.ts";

export interface RaftListenerParts extends Pick<
  NodeParts<RaftConfig>,
  "config" | "log" | "version"
> {
  readonly front: Pick<
    Front<RaftEngine>,
    "gate" | "listener" | "loopLagMs" | "metrics" | "routes" | "service" | "watching"
  >;
  readonly handling: LeaderSeeking;
  readonly neighbours: Pick<Neighbours, "connected" | "waiting">;
  readonly gossip: NodeGossip;
  readonly bootstrap: BootstrapDesk;
  readonly backups: () => Backups;
  /** `null` until it is known. */
  readonly clusterId: () => string | null;
  /** `null` while the data directory is being read. */
  readonly directoryId: () => string | null;
  /** Milliseconds from process start until the node was first ready; `null` before. */
  readonly readyAfterMs: () => number | null;
  /** Hands leadership over, if there is somebody to take it. */
  readonly handOver: () => Promise<void>;
  readonly leave: (request: LeaveRequest) => Promise<ApiReply>;
}

/** Answers from the first moment on, if only that the node is starting. */
export function raftListener(parts: RaftListenerParts): RequestListener {
  const { config, log, front, neighbours, clusterId, readyAfterMs } = parts;
  const { gate } = front;
  const waiting = (): string => neighbours.waiting();
  const service = front.service(parts.handling);
  const health = raftHealth({ ...front, confirmed: () => readyAfterMs() !== null, waiting });
  sampleReadiness(front.metrics, health.ready);
  const passing = parts.handling.passingOn();
  const routes = raftRoutes({
    ...parts,
    passOn: (route, request, refuse) => passing.handle(route, request, refuse),
    watching: front.watching,
    nodeRoutes: front.routes,
    engine: () => gate.engine(),
    backups: () => {
      gate.engine(); // until there is one, nobody knows whose backups those are
      return parts.backups();
    },
    ...config,
    drainable: () => {
      gate.engine();
      return {
        drain: () => {
          gate.drained = true;
          return parts.handOver();
        },
        undrain: () => {
          gate.drained = false;
        },
      };
    },
    facts: { ...config, version: parts.version, clusterId, startedInMs: readyAfterMs },
    connected: (id) => neighbours.connected(id),
    replicas: () => (gate.started ? replicaRows(gate.engine()) : []),
    health,
    onRestored: (restored) => {
      log.info("all counters were replaced by those of a backup", {
        ...restored,
        epoch: String(restored.epoch),
      });
    },
  });
  return front.listener(routes, service);
}
