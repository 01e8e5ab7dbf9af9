/**
 * When the membership may change, and what a leader does about it by itself (§6, dissertation §4).
 *
 * G1 One change at a time: none while a configuration is not committed, and none but leaving while
 *    it is joint.
 * G2 None before an entry of the leader's own term is committed: until then an older configuration
 *    may still be decided elsewhere (the bug of the single-server change in the dissertation).
 * G3 A change may name the configuration that it was made for (compare-and-set on its index).
 * G4 A joint configuration that asks for it is left once it is committed, by whoever leads then, and
 *    exactly once.
 * G5 A leader that is no voter of the configuration in force leads until that one is committed, does
 *    not count itself, takes no commands, and then has the voter that is furthest take over.
 * G6 A learner that was added to be promoted is promoted when it has kept up for several election
 *    timeouts in a row.
 * G7 Unless it is forced, a change is refused that leaves no majority of servers that answer.
 * G8 Who is removed goes on being told for a while: it should hear that it was removed.
 */
import type { Configuration, EntryId, Member, NodeId } from "../types.ts";
import { appendOwn } from "./appending.ts";
import { maybeCommit } from "./commitment.ts";
import { encodeConfiguration, isVoter } from "./configuration.ts";
import { enterJoint, leaveJoint, simpleChange } from "./configuration-changes.ts";
import type { ChangeResult, MembershipChange } from "./configuration-changes.ts";
import type { ChangeRefusal, Input } from "./door.ts";
import { invariant } from "./invariant.ts";
import { newProgress } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { configurationVoteResult } from "./quorum.ts";
import { confirmReads } from "./reading.ts";
import { send } from "./sending.ts";
import { leaderOf, note } from "./state.ts";
import type { LeaderRole, RaftState } from "./state.ts";
import { furthestVoter } from "./transfer.ts";
import { stepAside } from "./transitions.ts";

type ChangeInput = Extract<Input, { type: "changeMembership" }>;

/** G6: so many election timeouts in a row. The first may have begun with an empty log. */
const promotionRounds = 2;
/** G8, in election timeouts after the removal is committed. */
const farewellTimeouts = 4;

export function onChangeMembership(s: RaftState, input: ChangeInput): void {
  const { context, expectedIndex, force } = input;
  const { role } = s;
  const refuse = (refusal: ChangeRefusal): void =>
    void s.outcomes.push({ type: "changeRefused", context, refusal });
  if (role.kind !== "leader") return refuse({ reason: "notLeader", leaderId: leaderOf(s) });
  if (role.transfer !== null) return refuse({ reason: "notLeader", leaderId: null });
  const { index, configuration } = s.configurations.current;
  if (expectedIndex !== null && expectedIndex !== index) {
    return refuse({ reason: "configurationMoved", configurationIndex: index }); // G3
  }
  const obstacle = whyNotNow(s);
  if (obstacle !== null) return refuse({ reason: obstacle });
  const change = changed(configuration, input);
  if (change.problem !== null) return refuse({ reason: "invalidChange", problem: change.problem });
  const danger = force ? null : whyUnsafe(s, role, change.configuration);
  if (danger !== null) return refuse({ reason: "unsafeChange", problem: danger });
  const entry = appendConfiguration(s, role, change.configuration);
  s.outcomes.push({ type: "changeProposed", context, entry });
}

/** What stands in the way of any change (G1, G2). */
function whyNotNow(s: RaftState): "changeTooEarly" | "changeInProgress" | null {
  if (s.log.termAt(s.commitIndex) !== s.term) return "changeTooEarly"; // G2
  return s.configurations.current.index > s.commitIndex ? "changeInProgress" : null; // G1
}

function changed(c: Configuration, { changes, transition }: ChangeInput): ChangeResult {
  if (transition === "leave") return leaveJoint(c);
  if (transition !== "auto") return enterJoint(c, changes, transition === "joint");
  return changedFrom(c, changes);
}

/** In one step where that is enough (F1), else through a joint configuration (F2). */
function changedFrom(c: Configuration, changes: readonly MembershipChange[]): ChangeResult {
  const simple = simpleChange(c, changes);
  if (simple.configuration !== null) return simple;
  const joint = enterJoint(c, changes, true);
  return joint.configuration === null ? simple : joint;
}

/** G7: every half needs a majority of servers that have answered lately. */
function whyUnsafe(s: RaftState, role: LeaderRole, next: Configuration): string | null {
  const answering = new Map<NodeId, boolean>([[s.id, true]]);
  for (const peer of role.peers) if (isAnswering(s, peer)) answering.set(peer.id, true);
  if (configurationVoteResult(next, answering) === "won") return null;
  const silent = next.voters.filter((id) => answering.get(id) !== true);
  return `without ${silent.join(", ")} there is no majority, and they do not answer`;
}

function isAnswering(s: RaftState, peer: Progress): boolean {
  return peer.silentTicks < s.options.electionTimeoutTicks;
}

function appendConfiguration(
  s: RaftState,
  role: LeaderRole,
  configuration: Configuration,
): EntryId {
  const before = s.configurations.current.configuration;
  const data = encodeConfiguration(configuration);
  const { index, term } = appendOwn(s, role, { kind: "configuration", data });
  followConfiguration(s, role, before);
  // A quorum may be smaller now than the one that entries and reads have waited for.
  maybeCommit(s, role);
  confirmReads(s, role);
  return { index, term };
}

/** Replicates to whoever takes part now, and says farewell to who does not (G8). */
function followConfiguration(s: RaftState, role: LeaderRole, before: Configuration): void {
  const { configuration } = s.configurations.current;
  for (const { id } of configuration.members) {
    const known = role.progress.get(id);
    if (known !== undefined) known.farewell = null;
    else if (id !== s.id) role.progress.set(id, newProgress(id, s.log.lastIndex + 1));
  }
  const ticksLeft = farewellTimeouts * s.options.electionTimeoutTicks;
  for (const member of before.members) {
    if (configuration.members.some(({ id }) => id === member.id)) continue;
    const gone = role.progress.get(member.id);
    if (gone !== undefined) gone.farewell ??= { member, ticksLeft };
  }
  role.peers.splice(0, role.peers.length, ...role.progress.values());
  role.votes = isVoter(configuration, s.id);
}

/** Leaves a joint configuration that is committed (G4). Runs before every flush. */
export function leaveWhenCommitted(s: RaftState, role: LeaderRole): void {
  const { configuration } = s.configurations.current;
  if (!configuration.autoLeave || whyNotNow(s) !== null) return;
  const { configuration: next } = leaveJoint(configuration);
  invariant(next !== null, "a configuration that is left by itself is joint");
  appendConfiguration(s, role, next); // from now on it is not joint
}

/** Gives leadership away once a configuration without our vote is committed (G5). After a flush. */
export function resignWhenRemoved(s: RaftState, role: LeaderRole): void {
  if (role.votes || whyNotNow(s) !== null) return;
  const successor = furthestVoter(s, role);
  if (successor !== null) {
    note(s, { type: "transfer", to: successor.id, why: "we are no voter any more" });
    send(s, { type: "timeoutNow", from: s.id, to: successor.id, term: s.term });
  }
  stepAside(s, "we are no voter any more");
}

/** With every tick: who has been told long enough that it was removed (G8). */
export function tickFarewells(s: RaftState, role: LeaderRole): void {
  if (s.configurations.current.index > s.commitIndex) return;
  for (const peer of [...role.peers]) {
    if (peer.farewell === null) continue;
    peer.farewell.ticksLeft -= 1;
    if (peer.farewell.ticksLeft > 0) continue;
    role.progress.delete(peer.id);
    role.peers.splice(role.peers.indexOf(peer), 1);
    s.contactsChanged = true;
  }
}

/** Once an election timeout: how the learners that want to vote are doing (G6). */
export function judgeLearners(s: RaftState, role: LeaderRole): void {
  const { joining, learners } = s.configurations.current.configuration;
  const ready: NodeId[] = [];
  for (const id of joining) {
    const peer = learners.includes(id) ? role.progress.get(id) : undefined;
    if (peer === undefined) continue;
    const keptUp = isAnswering(s, peer) && peer.matchIndex >= peer.roundTarget;
    peer.roundsKeptUp = keptUp ? peer.roundsKeptUp + 1 : 0;
    peer.roundTarget = s.log.lastIndex;
    if (peer.roundsKeptUp >= promotionRounds) ready.push(id);
  }
  if (ready.length > 0) promote(s, role, ready);
}

/**
 * As if somebody had asked for it; if it cannot be now, the next round tries again. All at once, so
 * that one server becomes three without being two, of which neither may fail.
 */
function promote(s: RaftState, role: LeaderRole, ids: readonly NodeId[]): void {
  if (role.transfer !== null || whyNotNow(s) !== null) return;
  const { configuration } = s.configurations.current;
  const members = configuration.members.filter(({ id }) => ids.includes(id));
  const changes = members.map((member) => ({ type: "addVoter", member }) as const);
  const next = changedFrom(configuration, changes);
  if (next.configuration === null || whyUnsafe(s, role, next.configuration) !== null) return;
  for (const peer of ids) note(s, { type: "promoted", peer });
  appendConfiguration(s, role, next.configuration);
}

/**
 * Whom this server must be able to reach and to hear: the members of the configuration in force, of
 * those that it may fall back to, and those that are being told that they were removed (G8).
 */
export function contactsOf(s: RaftState): readonly Member[] {
  const contacts = new Map<NodeId, Member>();
  for (const configuration of s.configurations.since(s.commitIndex)) {
    for (const member of configuration.members) contacts.set(member.id, member);
  }
  if (s.role.kind === "leader") {
    for (const { farewell } of s.role.peers) {
      const member = farewell?.member;
      if (member !== undefined && !contacts.has(member.id)) contacts.set(member.id, member);
    }
  }
  return [...contacts.values()];
}
