/** Whether the nodes fit together, by what each of them says of itself. */
import type { CounterClient, Json } from "@counter/client";

import type { NodeView } from "../commands/nodes.ts";
import { numberIn, textIn } from "../commands/nodes.ts";
import { pause } from "../commands/waiting.ts";
import { failed, ok, warning, type Finding } from "./findings.ts";

/** How long nodes that are busy may take to agree, in milliseconds. */
export const agreementMs: number = 10_000;
const againMs = 200;
/** Most counters whose values are compared. */
const comparedMax = 1000;

export function reachable(nodes: readonly NodeView[]): readonly Finding[] {
  return nodes.map(({ endpoint, problem }) => {
    if (problem === null) return ok(`reach ${endpoint}`, "answers");
    return failed(`reach ${endpoint}`, problem, "is it running, and is the port open from here?");
  });
}

/** What all nodes of a cluster have in common, and what none shares with another one. */
export function fitting(nodes: readonly NodeView[]): readonly Finding[] {
  const said = nodes.flatMap(({ status }) => (status === null ? [] : [status]));
  if (said.length === 0) return [];
  return [
    same(
      said,
      "mode",
      "mode",
      "a cluster has one mode: start the others in it, on new directories",
    ),
    same(said, "cluster", "clusterId", "these are different clusters: name the nodes of one"),
    ...versions(said),
    unlike(said, "id", "two processes run as one node: stop one, and never copy a data directory"),
    leadership(said),
  ];
}

function same(said: readonly Json[], check: string, name: string, advice: string): Finding {
  const found = [...new Set(said.map((each) => textIn(each, name)))];
  const detail = found.map((each) => each ?? "unknown").join(", ");
  return found.length === 1 ? ok(check, detail) : failed(check, detail, advice);
}

/** A rolling upgrade has two versions for a while. */
function versions(said: readonly Json[]): readonly Finding[] {
  const found = [...new Set(said.map((each) => textIn(each, "version") ?? "unknown"))];
  if (found.length === 1) return [ok("version", found[0]!)];
  return [warning("version", found.sort().join(", "), "finish the upgrade")];
}

function unlike(said: readonly Json[], name: string, advice: string): Finding {
  const ids = said.map((each) => textIn(each, name)).filter((id) => id !== null);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length === 0) return ok("identities", `${ids.length} different ids`);
  return failed("identities", `${twice.join(", ")} more than once`, advice);
}

function leadership(said: readonly Json[]): Finding {
  if (said.every((each) => textIn(each, "mode") === "eventual")) {
    return ok("leader", "none is needed in eventual mode");
  }
  const leaders = said.filter((each) => textIn(each, "state") === "Leader");
  const terms = new Set(leaders.map((each) => numberIn(each, "term")));
  if (leaders.length > terms.size) {
    return failed("leader", "two in one term", "keep the logs and report it: this must not happen");
  }
  if (leaders.length > 0) return ok("leader", leaders.map((each) => textIn(each, "id")).join(", "));
  const known = said.some((each) => numberIn(each, "leaderSilentMs") !== null);
  if (known) return ok("leader", "a node that was not asked");
  return failed("leader", "none", "bring a majority of the voters back");
}

/** Whether all nodes hold the same, once they have had the time to tell each other. */
export async function agreeing(
  nodes: readonly CounterClient[],
  signal: AbortSignal,
): Promise<Finding> {
  const deadline = performance.now() + agreementMs;
  for (;;) {
    const prints = await Promise.all(nodes.map((node) => fingerprint(node, signal)));
    const different = new Set(prints).size;
    if (different <= 1) return ok("same content", `${nodes.length} nodes agree`);
    if (performance.now() >= deadline || signal.aborted) {
      const detail = `${different} different contents after ${agreementMs / 1000} s`;
      const advice =
        "load moves them apart for moments; without load, see the runbook of divergence";
      return warning("same content", detail, advice);
    }
    await pause(againMs, signal);
  }
}

/** Eventual mode has a hash of all that a node knows; else what it would answer by itself. */
async function fingerprint(node: CounterClient, signal: AbortSignal): Promise<string> {
  const status = await node.cluster.status({ signal });
  const hash = textIn(status, "vectorHash");
  if (hash !== null) return hash;
  const lines: string[] = [];
  for await (const each of node.list({ consistency: "local", signal })) {
    lines.push(`${each.name} ${each.value.toString()} ${each.version ?? ""}`);
    if (lines.length >= comparedMax) break;
  }
  return lines.join("\n");
}
