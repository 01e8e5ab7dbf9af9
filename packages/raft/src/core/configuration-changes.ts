/**
 * Changes of membership as pure functions from one configuration to the next (§6, dissertation
 * chapter 4). Nothing here knows of logs or leaders; `membership.ts` says when a change is allowed.
 *
 * F1 A simple change adds or removes at most one voter: then every majority of the old voters and
 *    every majority of the new ones have a server in common.
 * F2 Any other change goes through a joint configuration, in which both majorities decide.
 * F3 A voter that becomes a learner in a joint change learns only when the joint configuration is
 *    left: until then the outgoing half still counts it.
 */
import type { Configuration, Member, NodeId } from "../types.ts";
import { configurationProblem, emptyConfiguration } from "./configuration.ts";

/** One step of a change. Several steps are carried out together, in order. */
export type MembershipChange =
  /** A new voter, or a learner that is promoted. Its address is taken over in both cases. */
  | { readonly type: "addVoter"; readonly member: Member }
  /**
   * A new learner, or a voter that is demoted. With `promote` the leader makes it a voter by itself,
   * once it has caught up and stays so.
   */
  | { readonly type: "addLearner"; readonly member: Member; readonly promote: boolean }
  | { readonly type: "remove"; readonly id: NodeId }
  /** A member moved; its part stays the same. */
  | { readonly type: "setAddress"; readonly member: Member };

/** The next configuration, or a sentence that says why there is none. */
export type ChangeResult =
  | { readonly configuration: Configuration; readonly problem: null }
  | { readonly configuration: null; readonly problem: string };

/** The parts of a configuration while it is being changed. */
interface Draft {
  readonly addresses: Map<NodeId, string>;
  readonly voters: Set<NodeId>;
  readonly outgoing: ReadonlySet<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
  readonly joining: Set<NodeId>;
}

/** A change in one step (F1). The configuration must be simple. */
export function simpleChange(c: Configuration, changes: readonly MembershipChange[]): ChangeResult {
  if (c.outgoing.length > 0) return refused("the configuration is joint: leave it first");
  const result = applied(c, changes, { outgoing: [], autoLeave: false });
  if (result.configuration === null || votersChanged(c, result.configuration) <= 1) return result;
  return refused("a simple change adds or removes at most one voter");
}

/**
 * The joint configuration that begins a change of any size (F2).
 *
 * @param autoLeave - whether the leader goes on to the new configuration by itself
 */
export function enterJoint(
  c: Configuration,
  changes: readonly MembershipChange[],
  autoLeave: boolean,
): ChangeResult {
  if (c.outgoing.length > 0) return refused("the configuration is joint already");
  return applied(c, changes, { outgoing: c.voters, autoLeave });
}

/** The simple configuration behind a joint one. */
export function leaveJoint(c: Configuration): ChangeResult {
  if (c.outgoing.length === 0) return refused("the configuration is not joint");
  const draft = draftOf(c, []);
  for (const id of c.learnersNext) draft.learners.add(id); // F3
  draft.learnersNext.clear();
  return finished(draft, false);
}

/** How many servers vote before or after, and not both. */
export function votersChanged(before: Configuration, after: Configuration): number {
  const left = before.voters.filter((id) => !after.voters.includes(id));
  const come = after.voters.filter((id) => !before.voters.includes(id));
  return left.length + come.length;
}

function applied(
  c: Configuration,
  changes: readonly MembershipChange[],
  joint: { readonly outgoing: readonly NodeId[]; readonly autoLeave: boolean },
): ChangeResult {
  if (changes.length === 0) return refused("there is nothing to change");
  const draft = draftOf(c, joint.outgoing);
  for (const change of changes) {
    const problem = apply(draft, change);
    if (problem !== null) return refused(problem);
  }
  const result = finished(draft, joint.autoLeave);
  if (result.configuration === null) return result;
  if (partsOf(result.configuration) === partsOf(c)) return refused("nothing would change");
  return result;
}

function partsOf({ members, voters, learners, learnersNext, joining }: Configuration): string {
  return JSON.stringify([members, voters, learners, learnersNext, joining]);
}

function apply(draft: Draft, change: MembershipChange): string | null {
  switch (change.type) {
    case "addVoter":
      return addVoter(draft, change.member);
    case "addLearner":
      return addLearner(draft, change.member, change.promote);
    case "remove":
      return remove(draft, change.id);
    case "setAddress":
      return setAddress(draft, change.member);
  }
}

function addVoter(draft: Draft, { id, address }: Member): null {
  draft.addresses.set(id, address);
  draft.voters.add(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  draft.joining.delete(id);
  return null;
}

function addLearner(draft: Draft, { id, address }: Member, promote: boolean): null {
  draft.addresses.set(id, address);
  draft.voters.delete(id);
  if (draft.outgoing.has(id))
    draft.learnersNext.add(id); // F3
  else draft.learners.add(id);
  if (promote) draft.joining.add(id);
  else draft.joining.delete(id);
  return null;
}

function remove(draft: Draft, id: NodeId): string | null {
  if (!draft.addresses.has(id)) return `${id} is not a member`;
  draft.voters.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  draft.joining.delete(id);
  if (!draft.outgoing.has(id)) draft.addresses.delete(id);
  return null;
}

function setAddress(draft: Draft, { id, address }: Member): string | null {
  if (!draft.addresses.has(id)) return `${id} is not a member`;
  draft.addresses.set(id, address);
  return null;
}

function draftOf(c: Configuration, outgoing: readonly NodeId[]): Draft {
  return {
    addresses: new Map(c.members.map(({ id, address }) => [id, address])),
    voters: new Set(c.voters),
    outgoing: new Set(outgoing),
    learners: new Set(c.learners),
    learnersNext: new Set(c.learnersNext),
    joining: new Set(c.joining),
  };
}

function finished(draft: Draft, autoLeave: boolean): ChangeResult {
  const { voters, outgoing, learners, learnersNext, joining } = draft;
  const has = (id: NodeId): boolean =>
    [voters, outgoing, learners, learnersNext].some((part) => part.has(id));
  const members = [...draft.addresses]
    .filter(([id]) => has(id))
    .map(([id, address]) => ({ id, address }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const configuration: Configuration = {
    ...emptyConfiguration,
    members,
    voters: [...voters].sort(),
    outgoing: [...outgoing].sort(),
    learners: [...learners].sort(),
    learnersNext: [...learnersNext].sort(),
    joining: [...joining].sort(),
    autoLeave,
  };
  const problem = configurationProblem(configuration) ?? sharedAddress(members);
  return problem === null ? { configuration, problem } : refused(problem);
}

/** Two servers cannot be reached at one address: whoever replaces another comes after it. */
function sharedAddress(members: readonly Member[]): string | null {
  const owners = new Map<string, NodeId>();
  for (const { id, address } of members) {
    const owner = owners.get(address);
    if (owner !== undefined) return `${owner} and ${id} have the same address ${address}`;
    owners.set(address, id);
  }
  return null;
}

function refused(problem: string): ChangeResult {
  return { configuration: null, problem };
}
