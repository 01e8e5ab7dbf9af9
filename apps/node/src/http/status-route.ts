/** `/status`: who leads, who takes part, how far everybody is. */
import type { Mode } from "../config/node-config.ts";
import { bodyMaxBytes, json, type Route } from "./api.ts";
import { demoStatusDoc } from "./docs/demo.ts";
import type { GossipSource } from "./members-route.ts";

/** What the node knows about itself that its engine does not. */
export interface NodeFacts {
  readonly label: string;
  readonly address: string;
  readonly mode: Mode;
  readonly version: string;
  /** `null` until it is known. */
  readonly clusterId: () => string | null;
  /** Milliseconds from process start until the node was first ready; `null` before. */
  readonly startedInMs: () => number | null;
}

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

export function statusRoute(
  status: () => ClusterStatus,
  facts: NodeFacts,
  gossip: Pick<GossipSource, "summary">,
): Route {
  const handle: Route["handle"] = () =>
    json({ ...describe(status(), facts), gossip: gossip.summary() });
  const summary = "who leads, who takes part, how far everybody is";
  return {
    method: "GET",
    path: "/status",
    summary,
    kind: "probe",
    scope: "read",
    operation: demoStatusDoc,
    bodyMaxBytes,
    handle,
  };
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
  };
}
