/** The table of all routes. */
import type { Backups } from "../data-dir/backups.ts";
import type { CounterEngine, EngineStatus } from "../engine/engine.ts";
import type { Route } from "./api.ts";
import { backupRoutes, type Restored } from "./backup-routes.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import { counterRoutes } from "./counter-routes.ts";
import type { Gate } from "./gate.ts";
import { healthRoutes, type Health } from "./health-routes.ts";
import { indexRoute } from "./index-route.ts";
import { memberRoutes } from "./member-routes.ts";
import { statusRoute, type NodeFacts } from "./status-route.ts";

export interface RoutesOptions {
  /** The engine once there is one; throws a Problem before. */
  readonly engine: () => CounterEngine;
  readonly backups: () => Backups;
  readonly idempotencyWindowMs: number;
  readonly facts: NodeFacts;
  readonly health: Health;
  readonly onRestored: (restored: Restored) => void;
}

export function routesOf(options: RoutesOptions): readonly Route[] {
  const { engine, backups, facts, health, onRestored } = options;
  const routes = [
    ...counterRoutes(engine, options),
    ...backupRoutes(engine, backups, onRestored),
    ...clusterRoutes(engine),
    ...memberRoutes(engine, facts.clusterId),
    statusRoute(engine, facts),
    ...healthRoutes(health),
  ];
  return [indexRoute(routes, facts.version), ...routes];
}

/** A loop that is late by more answers too slowly to be called alive. */
const loopLagMaxMs = 5000;
/** A leader that was not heard for longer may be gone. */
const leaderSilentMaxMs = 2000;
/** A copy that is further behind is not ready for traffic. */
const behindMaxEntries = 10_000;

/** The checks behind `/livez`, `/readyz` and `/health`. */
export function healthOf(node: {
  readonly gate: Gate;
  readonly loopLagMs: () => number;
  /** Whether a majority has confirmed a read since the start. */
  readonly confirmed: () => boolean;
  /** What is missing while there is no leader. */
  readonly waiting: () => string;
}): Health {
  const { gate, waiting } = node;
  const status = (): EngineStatus | null => (gate.started ? gate.engine().status() : null);
  const loop = (): string | null => {
    const lagMs = Math.round(node.loopLagMs());
    return lagMs < loopLagMaxMs ? null : `the event loop is ${lagMs} ms late`;
  };
  const storage = (): string | null =>
    status()?.state === "Shutdown" ? "the node has stopped after a fatal error" : null;
  const started = (): string | null => (gate.started ? null : "reading the data directory");
  const draining = (): string | null => (gate.leaving ? "the node is stopping" : null);
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
    live: [
      { name: "loop", problem: loop },
      { name: "storage", problem: storage },
    ],
    ready: [
      { name: "started", problem: started },
      { name: "leader", problem: leader },
      { name: "applied", problem: applied },
      { name: "draining", problem: draining },
    ],
    serving: [
      { name: "storage", problem: storage },
      { name: "draining", problem: draining },
    ],
  };
}
