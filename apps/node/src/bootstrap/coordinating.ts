/** The candidate with the smallest directory id proposes, counts the answers and decides. */
import { coordinatorOf, participantsMax } from "./rules.ts";
import { ask, begin, outlookOf, settled, type Leading, type Purpose, type State } from "./state.ts";
import type { Answer, Effect, Proposal } from "./types.ts";

/** Proposes when it is time, and asks on for the answers that are missing. */
export function pursue(
  s: State,
  effects: Effect[],
  { freshId, now }: { readonly freshId: string; readonly now: number },
): void {
  const { leading } = s;
  if (leading !== null && now >= leading.deadlineMs) {
    const missing = leading.proposal.participants.filter((one) => {
      return leading.missing.has(one.directoryId);
    });
    const who = missing.map(({ address }) => address).join(", ");
    abandon(s, { now, pauseMs: pauseAfter(s, freshId), reason: `${who} did not answer` });
  }
  if (s.leading === null) propose(s, effects, { clusterId: freshId, now });
  askForVotes(s, effects);
}

/** Whether this node has looked around long enough to be sure of what it sees. */
export function hasLookedAround(s: State, now: number): boolean {
  return settled(s, now) && s.seeds.every((seed) => s.lookedAt.has(seed)) && unseen(s) === null;
}

/** A seed that answers, while gossip knows nothing of the node there; `null`: there is none. */
export function unseen({ own, seeds, lookedAt, view }: State): string | null {
  const known = new Set([own, ...(view ?? [])].map(({ directoryId }) => directoryId));
  const unknown = seeds.find((seed) => {
    const directoryId = lookedAt.get(seed) ?? null;
    return directoryId !== null && !known.has(directoryId);
  });
  return unknown ?? null;
}

function propose(
  s: State,
  effects: Effect[],
  { clusterId, now }: { readonly clusterId: string; readonly now: number },
): void {
  if (now < s.pausedUntilMs || !hasLookedAround(s, now)) return;
  const outlook = outlookOf(s);
  const participants = s.rules.participants(outlook);
  if (participants.length > participantsMax) return;
  if (!s.rules.enough(participants.length, s.expect)) return;
  if (participants[0]!.directoryId !== s.own.directoryId) return;
  if (s.rules.objection(outlook, participants) !== null) return;
  const proposal: Proposal = { clusterId, expect: s.expect, participants };
  const deadlineMs = now + s.timing.proposalMs;
  s.leading = { proposal, phase: "dry", missing: othersOf(proposal), deadlineMs };
  advance(s, s.leading, effects);
}

function othersOf(proposal: Proposal): Set<string> {
  const others = new Set(proposal.participants.map(({ directoryId }) => directoryId));
  others.delete(coordinatorOf(proposal).directoryId);
  return others;
}

function askForVotes(s: State, effects: Effect[]): void {
  if (s.leading === null) return;
  const { proposal, phase, missing } = s.leading;
  for (const one of proposal.participants) {
    if (!missing.has(one.directoryId)) continue;
    const question = { kind: phase, to: one.directoryId, proposal } as const;
    const { clusterId } = proposal;
    const purpose = { kind: "vote", phase, clusterId, from: one } as const;
    ask(s, effects, { address: one.address, question, purpose });
  }
}

export function onVote(
  s: State,
  effects: Effect[],
  vote: {
    readonly purpose: Extract<Purpose, { readonly kind: "vote" }>;
    readonly answer: Answer | null;
    readonly now: number;
  },
): void {
  const { leading } = s;
  const { purpose, answer, now } = vote;
  if (leading?.proposal.clusterId !== purpose.clusterId || leading.phase !== purpose.phase) return;
  if (answer === null) return; // asked again until the proposal is given up
  if (answer.kind !== "yes") {
    const why = answer.kind === "no" ? answer.reason : "it answers something else";
    // Unhurried: it is a view that has to settle, or another proposal that has to end.
    const pauseMs = pauseAfter(s, purpose.clusterId);
    return abandon(s, { now, pauseMs, reason: `${purpose.from.address}: ${why}` });
  }
  leading.missing.delete(purpose.from.directoryId);
  advance(s, leading, effects);
  askForVotes(s, effects);
}

/** From the dry round to pledges, and from pledges to the decision (F6). */
function advance(s: State, leading: Leading, effects: Effect[]): void {
  const { proposal, missing } = leading;
  const agreed = (): boolean => s.rules.allAgreed(missing, proposal);
  if (leading.phase === "dry" && agreed()) {
    leading.phase = "pledge";
    for (const other of othersOf(proposal)) missing.add(other);
  }
  if (leading.phase === "pledge" && agreed()) begin(s, effects, { kind: "decided", proposal });
}

/** What is in sight has changed: a proposal that would not be made now is not pursued (F7). */
export function reconsider(s: State, now: number): void {
  if (s.leading === null) return;
  const { participants } = s.leading.proposal;
  const outlook = outlookOf(s);
  const changed = JSON.stringify(s.rules.participants(outlook)) !== JSON.stringify(participants);
  const reason = s.rules.objection(outlook, participants);
  if (reason !== null || changed) {
    abandon(s, { now, pauseMs: 0, reason: reason ?? "other candidates are in sight now" });
  }
}

/** The proposal of this node is aborted: whoever is pledged to it hears so when it asks. */
export function abandon(
  s: State,
  why: { readonly now: number; readonly pauseMs: number; readonly reason: string | null },
): void {
  if (s.leading === null) return;
  s.leading = null;
  s.pausedUntilMs = why.now + why.pauseMs;
  s.refusal = why.reason;
}

/** Differs from proposal to proposal, so that two coordinators do not disturb each other for ever. */
function pauseAfter({ timing }: State, clusterId: string): number {
  const share = Number.parseInt(clusterId.slice(-6), 16) / 0x1000000;
  return timing.againMs * (1 + share);
}
