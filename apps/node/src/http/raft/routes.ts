/** The table of all routes in Raft mode. */
import { bootstrapRoutes, type BootstrapDesk } from "../../bootstrap/routes.ts";
import type { Backups } from "../../data-dir/backups.ts";
import type { EngineStatus, RaftEngine } from "../../engine/engine.ts";
import type { ApiReply, Route } from "../api.ts";
import { backupRoutes, Places } from "../backup-routes.ts";
import { commonChecks } from "../common-checks.ts";
import { counterRoutes } from "../counter-routes.ts";
import { withDemo, type DemoOptions } from "../demo-routes.ts";
import type { Gate } from "../gate.ts";
import type { TracesKept } from "../trace.ts";
import type { Handling } from "../service.ts";
import { healthRoutes, type Health } from "../health-routes.ts";
import { indexRoute } from "../index-route.ts";
import { documentRoutes } from "../openapi/routes.ts";
import { membersRoute, type GossipSource, type ReplicaRow } from "../members-route.ts";
import type { NodeFacts } from "../node-facts.ts";
import { statusRoutes } from "../status-route.ts";
import { batchRoute } from "../v1/batch-route.ts";
import { counterRoutesV1 } from "../v1/counter-routes.ts";
import { snapshotRoutes } from "../v1/snapshot-routes.ts";
import { Writing } from "../v1/writing.ts";
import { sessionRoutes } from "../v1/sessions.ts";
import { RaftSessionCalls } from "./sessions.ts";
import { RaftV1Calls } from "./v1-calls.ts";
import { withWatching } from "../v1/watch-routes.ts";
import type { Watching } from "../../watch-hub/watching.ts";
import { nodeRoutes, type Drainable } from "../v1/node-routes.ts";
import { raftBackupCalls, type Restored } from "./backup-calls.ts";
import { raftCalls } from "./calls.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import { digestRoutes } from "./digest-routes.ts";
import { leaveRoute, type LeaveRequest } from "../leave-route.ts";
import { memberRoutes } from "./member-routes.ts";
import { RestoreDriver, restoreStepRoute } from "./restore-steps.ts";
import { clusterSummary, raftStatus } from "./status.ts";

export interface RoutesOptions extends DemoOptions {
  /** The engine once there is one; throws a Problem before. */
  readonly engine: () => RaftEngine;
  readonly backups: () => Backups;
  readonly idempotencyWindowMs: number;
  readonly applyTimeoutMs: number;
  readonly problemBase: string;
  readonly compat: "none" | "strict";
  readonly restoreMaxBytes: number;
  readonly keepTraces: TracesKept;
  /** Has whoever leads answer what this node asks for itself. */
  readonly passOn: Handling["handle"];
  readonly facts: NodeFacts;
  /** Of the data directory; `null` while it is being read. */
  readonly directoryId: () => string | null;
  /** Whether messages reach this member now. */
  readonly connected: (id: string) => boolean;
  readonly bootstrap: BootstrapDesk;
  /** Empty before there is an engine. */
  readonly replicas: () => readonly ReplicaRow[];
  readonly gossip: GossipSource;
  readonly watching: Watching;
  /** What is asked of the node itself, whatever it is for. */
  readonly nodeRoutes: readonly Route[];
  readonly health: Health;
  readonly leave: (request: LeaveRequest) => Promise<ApiReply>;
  /** Throws a Problem before there is an engine. */
  readonly drainable: () => Drainable;
  readonly onRestored: (restored: Restored) => void;
}

const notes = `
?consistency=  linearizable (default), lease, leader, or local with &maxStaleness=2s
Idempotency-Key: on a write makes it count once, however often it is sent
Counter-Session: <id>; seq=1; ack=0 the same for whoever sends many (POST /v1/sessions)
Accept: application/json has answers and errors as JSON
`;

export function raftRoutes(options: RoutesOptions): readonly Route[] {
  const { engine, backups, facts, gossip, health, onRestored, connected, watching } = options;
  const about = (): Parameters<typeof raftStatus>[1] => {
    return { directoryId: options.directoryId(), connected };
  };
  const v1 = new RaftV1Calls(engine, options);
  const sessions = new RaftSessionCalls(engine);
  const writing = new Writing({ ...options, takesKey: () => true, sessions });
  const { restoreMaxBytes, passOn, compat } = options;
  const driver = new RestoreDriver(engine, options.keepTraces, passOn);
  const strict = compat === "strict";
  const saving = raftBackupCalls({ engine, backups, driver, strict, onRestored });
  const saves = { backups, restoreMaxBytes, places: new Places() };
  const routes = [
    ...counterRoutes(raftCalls(engine, options.keepTraces), options),
    ...withWatching(counterRoutesV1(v1, writing), watching),
    batchRoute(v1, { ...options, sessions }),
    ...sessionRoutes(sessions),
    ...backupRoutes(saving, saves),
    ...snapshotRoutes(saving, { ...saves, clusterId: facts.clusterId, writing }),
    restoreStepRoute(engine, options.keepTraces),
    ...clusterRoutes(engine),
    ...digestRoutes(engine, facts.address),
    ...bootstrapRoutes(options.bootstrap),
    ...memberRoutes(engine, facts.clusterId),
    leaveRoute(options.leave),
    membersRoute(options.replicas, gossip, facts),
    ...statusRoutes(
      {
        status: () => raftStatus(engine().status(), about()),
        cluster: () => clusterSummary(engine().status()),
      },
      facts,
      gossip,
    ),
    ...nodeRoutes(options.drainable, watching),
    ...options.nodeRoutes,
    ...healthRoutes(health),
  ];
  const offered = withDemo(routes, options);
  const all = [...documentRoutes(offered), ...offered];
  return [indexRoute(all, { version: facts.version, notes }), ...all];
}

/** A leader that was not heard for longer may be gone. */
const leaderSilentMaxMs = 2000;
/** A copy that is further behind is not ready for traffic. */
const behindMaxEntries = 10_000;

/** Which counter is read does not matter: a majority confirms who leads. */
const majorityRead = {
  counter: "default",
  consistency: "linearizable",
  maxStalenessMs: null,
  atLeast: null,
} as const;

/** The checks behind `/livez`, `/readyz` and `/health`. */
export function raftHealth(node: {
  readonly gate: Gate<RaftEngine>;
  readonly loopLagMs: () => number;
  /** Whether a majority has confirmed a read since the start. */
  readonly confirmed: () => boolean;
  /** What is missing while there is no leader. */
  readonly waiting: () => string;
}): Health {
  const { gate, waiting } = node;
  const status = (): EngineStatus | null => (gate.started ? gate.engine().status() : null);
  const { loop, storage, started, draining } = commonChecks({
    ...node,
    failed: () => status()?.state === "Shutdown",
  });
  const leader = (): string | null => {
    const now = status();
    if (!now?.leader) return `no leader is known; ${waiting()}`;
    if ((now.leaderSilentMs ?? 0) > leaderSilentMaxMs) return `no word of the leader; ${waiting()}`;
    return node.confirmed() ? null : `no majority has answered yet; ${waiting()}`;
  };
  const applied = (): string | null => {
    const now = status();
    const behind = now === null ? 0 : now.commitIndex - now.appliedIndex;
    return behind <= behindMaxEntries ? null : `${behind} committed entries are not applied`;
  };
  return {
    live: [loop, storage],
    ready: [
      started,
      { name: "leader", problem: leader },
      { name: "applied", problem: applied },
      draining,
    ],
    serving: [storage, draining],
    sync: () => gate.engine().read(majorityRead),
  };
}

/** Who takes part, as the configuration in force says. */
export function replicaRows(engine: RaftEngine): readonly ReplicaRow[] {
  return engine.members.view().members.map((member) => ({ ...member }));
}
