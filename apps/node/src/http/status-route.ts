/** `/v1/status`, and `/status` of the demo: who leads, who takes part, how far everybody is. */
import { bodyMaxBytes, json, type Route } from "./api.ts";
import { clusterDoc, statusDoc } from "./docs/cluster.ts";
import { demoStatusDoc } from "./docs/demo.ts";
import type { GossipSource } from "./members-route.ts";
import type { NodeFacts } from "./node-facts.ts";

/** The keys that the demo has, whose spelling and meaning are its own, and those of the mode. */
export interface ClusterStatus {
  readonly lastIndex: number;
  /** `null`: nobody leads. */
  readonly leader: { readonly id: string; readonly address: string } | null;
  readonly nodes: readonly {
    readonly address: string;
    readonly id: string;
    readonly role: "voter" | "nonvoter";
  }[];
  readonly state: "Leader" | "Follower" | "Candidate" | "Shutdown" | "Eventual";
  /** Further keys, as they are shown. */
  readonly more: Readonly<Record<string, unknown>>;
}

/** How a cluster looks from outside. */
export interface ClusterSummary {
  readonly leader: { readonly id: string; readonly address: string } | null;
  readonly members: number;
  /** How often all counters were replaced by a restore; `null` where nobody counts. */
  readonly epoch: number | null;
}

export function statusRoutes(
  parts: { readonly status: () => ClusterStatus; readonly cluster: () => ClusterSummary },
  facts: NodeFacts,
  gossip: Pick<GossipSource, "summary">,
): readonly Route[] {
  const handle: Route["handle"] = () =>
    json({ ...describe(parts.status(), facts), gossip: gossip.summary() });
  const cluster: Route["handle"] = () =>
    json({ clusterId: facts.clusterId(), mode: facts.mode, ...parts.cluster() });
  const summary = "who leads, who takes part, how far everybody is";
  const route = { method: "GET", kind: "probe", scope: "read", bodyMaxBytes } as const;
  return [
    { ...route, path: "/status", summary, operation: demoStatusDoc, handle },
    { ...route, path: "/v1/status", summary, operation: statusDoc, handle },
    {
      ...route,
      path: "/v1/cluster",
      summary: "which cluster this is, who leads it, how many take part",
      operation: clusterDoc,
      handle: cluster,
    },
  ];
}

function describe(status: ClusterStatus, facts: NodeFacts): Readonly<Record<string, unknown>> {
  const { leader } = status;
  return {
    // The demo's keys, spelled as it does.
    lastIndex: status.lastIndex,
    leader: {
      raftAddress: leader?.address ?? "",
      httpAddress: leader?.address ?? "",
      nodeID: leader?.id ?? "",
    },
    nodes: status.nodes,
    state: status.state,
    // What it does not tell.
    label: facts.label,
    address: facts.address,
    mode: facts.mode,
    version: facts.version,
    clusterId: facts.clusterId(),
    ...status.more,
    startedInMs: facts.startedInMs(),
    uptimeMs: Math.round(performance.now()),
    // For people who compare clocks (counterctl doctor): nothing here depends on it.
    time: new Date().toISOString(),
  };
}
