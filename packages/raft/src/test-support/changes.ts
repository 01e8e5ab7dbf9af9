/** Changes of membership in the shorthand of the tests, and configurations on one line. */
import type { Configuration, Member, MembershipChange, NodeId } from "../index.ts";
import { TestCluster } from "./cluster.ts";
import type { ClusterSetup } from "./cluster.ts";

export function member(id: NodeId, address: string = `${id}:1`): Member {
  return { id, address };
}

/** `+a` a voter, `+[a]` a learner, `+[a+]` one to be promoted, `-a` nobody, `a=x` another address. */
export function changesOf(text: string): MembershipChange[] {
  return text.split(" ").map(changeOf);
}

function changeOf(text: string): MembershipChange {
  const learner = /^\+\[(\w+)(\+?)\]$/.exec(text);
  if (learner !== null) {
    return { type: "addLearner", member: member(learner[1]!), promote: learner[2] === "+" };
  }
  const [id, address] = text.split("=");
  if (address !== undefined) return { type: "setAddress", member: member(id!, address) };
  if (text.startsWith("-")) return { type: "remove", id: text.slice(1) };
  return { type: "addVoter", member: member(text.slice(1)) };
}

/** `{a b} <- {a b c} [d e+] next [c]`: voters, outgoing ones, learners, learners next. */
export function showConfiguration(c: Configuration): string {
  const learner = (id: NodeId): string => (c.joining.includes(id) ? `${id}+` : id);
  const parts = [`{${c.voters.join(" ")}}`];
  if (c.outgoing.length > 0) parts.push(`<- {${c.outgoing.join(" ")}}`);
  if (c.learners.length > 0) parts.push(`[${c.learners.map(learner).join(" ")}]`);
  if (c.learnersNext.length > 0) parts.push(`next [${c.learnersNext.map(learner).join(" ")}]`);
  return parts.join(" ");
}

/** A cluster that `a` leads. */
export function led(setup: ClusterSetup = {}): TestCluster {
  const cluster = new TestCluster(setup);
  cluster.elect("a");
  return cluster;
}

/** The configuration that a server acts on. */
export function inForce(cluster: TestCluster, id: NodeId): string {
  return showConfiguration(cluster.status(id).configuration);
}
