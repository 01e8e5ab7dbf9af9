/** What a candidate waits for, in a sentence for people. */
import { candidatesIn, clustersIn, coordinatorOf, participantsMax } from "./rules.ts";
import { hasLookedAround, unseen } from "./coordinating.ts";
import { outlookOf, type State } from "./state.ts";

export function waitingFor(s: State, now: number): string {
  if (s.begun !== null || s.beginning !== null) return "the cluster is decided on: beginning";
  if (s.pledge !== null) return waitingForFate(s);
  const clusters = clustersIn(outlookOf(s));
  const cluster = clusters[0];
  const another = clusters.find(({ clusterId }) => clusterId !== cluster?.clusterId);
  if (cluster !== undefined && another !== undefined) {
    return `${cluster.address} and ${another.address} are of different clusters: name a node of the one to join with --join, or tell them apart with --cluster-id`;
  }
  if (cluster !== undefined) {
    return `${cluster.address} is said to be of the cluster ${cluster.clusterId ?? ""}: waiting for it to say so itself, to join it`;
  }
  return waitingForOthers(s, now);
}

function waitingForFate(s: State): string {
  const { proposal } = s.pledge!;
  const { address, directoryId } = coordinatorOf(proposal);
  return `pledged to the cluster that ${address} proposed: waiting for what became of it. If its data directory (${directoryId.slice(0, 8)}) is lost for good, stop this node and empty its --data-dir: it holds no data yet`;
}

function waitingForOthers(s: State, now: number): string {
  const stranger = unseen(s);
  if (stranger !== null) {
    return `${stranger} answers, and gossip does not know it: waiting for them to meet. If this lasts, look at --gossip-port and --gossip-key-file of both`;
  }
  const silent = s.seeds.find((seed) => !s.lookedAt.has(seed));
  if (silent !== undefined) return `waiting for ${silent} to say whether it has a cluster`;
  const outlook = outlookOf(s);
  const candidates = [s.own, ...candidatesIn(outlook.view)];
  const objection = s.rules.objection(outlook, candidates);
  if (objection !== null) return objection;
  const found = candidates.length;
  if (found > participantsMax) {
    return `${found} candidates found, more than the ${participantsMax} that can agree at once: start some of them later`;
  }
  if (!s.rules.enough(found, s.expect)) {
    const missing = s.expect - found;
    const more = missing === 1 ? "one more" : `${missing} more`;
    return `${found} of ${s.expect} candidates found: waiting for ${more} started with --bootstrap-expect=${s.expect}`;
  }
  if (!hasLookedAround(s, now)) return `${found} candidates found: looking whether there are more`;
  const first = candidates.reduce((a, b) => (b.directoryId < a.directoryId ? b : a));
  if (first.directoryId !== s.own.directoryId) {
    return `${found} candidates found: waiting for ${first.address} to propose a cluster`;
  }
  const refusal = s.refusal === null ? "" : `; the last time not all agreed: ${s.refusal}`;
  return `${found} candidates found: asking them to agree on a cluster${refusal}`;
}
