/** The table of all routes in eventual mode. */
import type { EventualNode, EventualNodeStatus } from "@counter/eventual";

import type { EventualConfig } from "../../config/node-config.ts";
import type { Backups } from "../../data-dir/backups.ts";
import type { ApiReply, Route } from "../api.ts";
import { backupRoutes, Places } from "../backup-routes.ts";
import { commonChecks } from "../common-checks.ts";
import { counterRoutes } from "../counter-routes.ts";
import { withDemo } from "../demo-routes.ts";
import type { Gate } from "../gate.ts";
import { healthRoutes, type Health } from "../health-routes.ts";
import { indexRoute } from "../index-route.ts";
import { documentRoutes } from "../openapi/routes.ts";
import { leaveRoute, type LeaveRequest } from "../leave-route.ts";
import type { NodeFacts } from "../node-facts.ts";
import { statusRoutes } from "../status-route.ts";
import { batchRoute } from "../v1/batch-route.ts";
import { counterRoutesV1 } from "../v1/counter-routes.ts";
import { snapshotRoutes } from "../v1/snapshot-routes.ts";
import { Writing } from "../v1/writing.ts";
import { EventualV1Calls } from "./v1-calls.ts";
import { withWatching } from "../v1/watch-routes.ts";
import type { Watching } from "../../watch-hub/watching.ts";
import { nodeRoutes, type Drainable } from "../v1/node-routes.ts";
import { eventualBackupCalls, type Restored } from "./backup-calls.ts";
import { eventualCalls } from "./calls.ts";
import { membersRoute, type GossipSource } from "../members-route.ts";
import { eventualMemberRoutes, replicaRows } from "./member-routes.ts";
import { mismatchRoutes } from "./mismatch.ts";
import { noSessions } from "./sessions.ts";
import { sessionRoutes } from "../v1/sessions.ts";
import { clusterSummary, eventualStatus, healthFacts } from "./status.ts";

export interface EventualRoutesOptions {
  readonly config: EventualConfig;
  readonly gate: Gate<EventualNode>;
  readonly backups: () => Backups;
  readonly facts: NodeFacts;
  readonly gossip: GossipSource;
  readonly watching: Watching;
  /** What is asked of the node itself, whatever it is for. */
  readonly nodeRoutes: readonly Route[];
  readonly health: Health;
  readonly leave: (request: LeaveRequest) => Promise<ApiReply>;
  readonly onRestored: (restored: Restored) => void;
}

const notes = `
?ack=          on a write: local (default), majority, all, or a number of nodes that must have it
?consistency=  on a read: local (default), quorum or all
Counter-Version of any answer, sent as Counter-At-Least: the answer knows at least as much
Prefer: wait=n how long to wait for that, in seconds; &orStale answers all the same
Idempotency-Key: on a write makes it count once, at whichever nodes it is sent
Accept: application/json has answers and errors as JSON
`;

export function eventualRoutes(options: EventualRoutesOptions): readonly Route[] {
  const { config, gate, backups, facts, gossip, health, onRestored, watching } = options;
  const node = (): EventualNode => gate.engine();
  const v1 = new EventualV1Calls(node, config);
  // A restore sets all counters again.
  const takesKey = (operation: string): boolean => operation !== "restore";
  const writing = new Writing({ ...config, takesKey, sessions: noSessions, anyCondition: true });
  const { maxCounters, restoreMaxBytes } = config;
  const saving = eventualBackupCalls({ node, backups, maxCounters, onRestored });
  const saves = { backups, restoreMaxBytes, places: new Places() };
  const routes = [
    ...counterRoutes(eventualCalls(node, config), config),
    ...withWatching(counterRoutesV1(v1, writing), watching),
    batchRoute(v1, { ...config, sessions: noSessions }),
    ...sessionRoutes(noSessions),
    ...backupRoutes(saving, saves),
    ...snapshotRoutes(saving, { ...saves, clusterId: facts.clusterId, writing }),
    ...eventualMemberRoutes(node),
    leaveRoute(options.leave),
    membersRoute(() => (gate.started ? replicaRows(node().status()) : []), gossip, facts),
    ...mismatchRoutes(),
    ...statusRoutes(
      {
        status: () => eventualStatus(node().status(), config),
        cluster: () => clusterSummary(node().status()),
      },
      facts,
      gossip,
    ),
    ...nodeRoutes(() => drainable(gate), watching),
    ...options.nodeRoutes,
    ...healthRoutes(health),
  ];
  const offered = withDemo(routes, config);
  const all = [...documentRoutes(offered), ...offered];
  return [indexRoute(all, { version: facts.version, notes }), ...all];
}

/** Nobody leads: there is nothing to hand over. */
function drainable(gate: Gate<EventualNode>): Drainable {
  gate.engine(); // not before it has started
  return {
    drain: () => {
      gate.drained = true;
      return Promise.resolve();
    },
    undrain: () => {
      gate.drained = false;
    },
  };
}

/** The checks behind `/livez`, `/readyz` and `/health`. */
export function eventualHealth(parts: {
  readonly gate: Gate<EventualNode>;
  readonly loopLagMs: () => number;
}): Health {
  const { gate } = parts;
  const status = (): EventualNodeStatus | null => (gate.started ? gate.engine().status() : null);
  const { loop, storage, started, draining } = commonChecks({
    ...parts,
    failed: () => status()?.fatal != null,
  });
  const synced = (): string | null => {
    const now = status();
    if (now === null || now.ready) return null; // "started" says the first
    const missing = now.peers.filter(({ up }) => !up).map(({ address }) => address);
    return `the first exchange with the other nodes is not over; not heard: ${missing.join(", ")}`;
  };
  const disk = (): string | null => (status()?.storageFull === true ? "the disk is full" : null);
  return {
    live: [loop, storage],
    ready: [
      started,
      { name: "synced", problem: synced },
      { name: "disk", problem: disk },
      draining,
    ],
    serving: [storage, draining],
    facts: () => {
      const now = status();
      return now === null ? {} : healthFacts(now);
    },
  };
}
