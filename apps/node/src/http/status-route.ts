/** `/status`: who leads, who takes part, how far everybody is. */
import type { CounterEngine, EngineStatus } from "../engine/engine.ts";
import { bodyMaxBytes, json, type Route } from "./api.ts";

/** What the node knows about itself that its engine does not. */
export interface NodeFacts {
  readonly label: string;
  readonly address: string;
  readonly mode: string;
  readonly version: string;
  readonly clusterId: () => string;
  /** Milliseconds from process start until a leader was first known; `null` before. */
  readonly startedInMs: () => number | null;
  /** Whether messages reach this member now. */
  readonly connected: (id: string) => boolean;
}

export function statusRoute(engine: () => CounterEngine, facts: NodeFacts): Route {
  const handle: Route["handle"] = () => json(describe(engine().status(), facts));
  const summary = "who leads, who takes part, how far everybody is";
  return { method: "GET", path: "/status", summary, kind: "probe", bodyMaxBytes, handle };
}

function describe(status: EngineStatus, facts: NodeFacts): Readonly<Record<string, unknown>> {
  const { leader } = status;
  return {
    // The demo's keys, spelled as it does.
    lastIndex: status.lastIndex,
    leader: {
      raftAddress: leader?.address ?? "",
      httpAddress: leader?.address ?? "",
      nodeID: leader?.id ?? "",
    },
    nodes: status.members.map(({ address, id, role }) => ({ address, id, role })),
    state: status.state,
    // What it does not tell.
    id: status.id,
    label: facts.label,
    address: facts.address,
    mode: facts.mode,
    version: facts.version,
    clusterId: facts.clusterId(),
    term: status.term,
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    leaderSilentMs: status.leaderSilentMs,
    peers: status.members
      .filter(({ id }) => id !== status.id)
      .map(({ id }) => ({
        id,
        connected: facts.connected(id),
        ...status.peers.find((peer) => peer.id === id),
      })),
    pending: status.pending,
    counters: status.counters,
    idempotencyKeys: status.idempotencyKeys,
    logTimeMs: status.logTimeMs,
    startedInMs: facts.startedInMs(),
    uptimeMs: Math.round(performance.now()),
  };
}
