/** What a candidate answers to proposals of others, and how it learns what became of them. */
import { memberIdOf } from "../membership/member-id.ts";
import { hasLookedAround } from "./coordinating.ts";
import { coordinatorOf, firstMembersOf, misfit } from "./rules.ts";
import { ask, begin, nextNumber, outlookOf, waitingMax, type State } from "./state.ts";
import type { Answer, Effect, Question } from "./types.ts";

type Request = Exclude<Question, { readonly kind: "state" }>;

interface Asked {
  readonly context: number;
  readonly request: Request;
  readonly now: number;
}

export function onRequest(s: State, effects: Effect[], asked: Asked): void {
  const { context, request } = asked;
  const no = (reason: string): void => {
    effects.push({ type: "answer", context, answer: { kind: "no", reason } });
  };
  const { pledge } = s;
  if (request.to !== s.own.directoryId) return no("another data directory is in use here");
  if (s.begun !== null) return no(`it is of the cluster ${s.begun} already`);
  if (s.beginning !== null) return no("it is about to begin");
  if (!s.rules.isFree(pledge?.proposal ?? null, request.proposal)) {
    return no("it is pledged to another proposal, and asks what became of it");
  }
  if (pledge?.proposal.clusterId === request.proposal.clusterId) {
    return confirm(s, effects, asked);
  }
  const reason = refusalOf(s, asked);
  if (reason !== null) return no(reason);
  if (request.kind === "dry") {
    effects.push({ type: "answer", context, answer: { kind: "yes" } });
  } else {
    write(s, effects, asked);
  }
}

/** Why this node does not pledge itself to that proposal; `null` if it does. */
function refusalOf(s: State, { request: { proposal }, now }: Asked): string | null {
  const unfit = misfit(proposal, s.own, s.expect);
  if (unfit !== null) return unfit;
  if (s.leading !== null) return "it proposes something else itself";
  if (!hasLookedAround(s, now)) return "it is still looking around";
  return s.rules.objection(outlookOf(s), proposal.participants);
}

/** It is said yes only when it is on the disk (F3). */
function write(s: State, effects: Effect[], { context, request: { proposal } }: Asked): void {
  const number = nextNumber(s);
  s.pledge = { proposal, write: number, durable: false, waiting: [context] };
  effects.push({ type: "write", write: number, pledge: proposal });
  answerWaiting(s, effects);
}

/** The same question again: the answer got lost, or the write is not done yet. */
function confirm(s: State, effects: Effect[], { context, request }: Asked): void {
  const { waiting } = s.pledge!;
  const answer = (answer: Answer): unknown => effects.push({ type: "answer", context, answer });
  if (request.kind === "dry") answer({ kind: "yes" });
  else if (waiting.length < waitingMax) waiting.push(context);
  else answer({ kind: "no", reason: "it was asked the same too often" });
  answerWaiting(s, effects);
}

export function onPledgePersisted(s: State, effects: Effect[], write: number): void {
  if (s.pledge?.write !== write) return; // one that was released meanwhile
  s.pledge.durable = true;
  s.askedFateAtMs = -Infinity;
  answerWaiting(s, effects);
}

function answerWaiting(s: State, effects: Effect[]): void {
  if (s.pledge === null || !s.rules.vouches(s.pledge)) return;
  for (const context of s.pledge.waiting.splice(0)) {
    effects.push({ type: "answer", context, answer: { kind: "yes" } });
  }
}

/** Asks the coordinator, and everybody else who may know. */
export function askFate(s: State, effects: Effect[], now: number): void {
  if (now - s.askedFateAtMs < s.timing.fateMs) return;
  s.askedFateAtMs = now;
  const { proposal } = s.pledge!;
  const { clusterId, participants } = proposal;
  // Somebody who joined that cluster knows as well as a first member that it was decided.
  const members = (s.view ?? []).filter((one) => one.clusterId === clusterId);
  const addresses = new Set([...participants, ...members].map(({ address }) => address));
  for (const address of addresses) {
    if (address === s.own.address) continue;
    const purpose = { kind: "fate", clusterId, address } as const;
    ask(s, effects, { address, question: { kind: "state", about: clusterId }, purpose });
  }
}

export function onFate(
  s: State,
  effects: Effect[],
  heard: {
    readonly clusterId: string;
    readonly answer: Extract<Answer, { readonly kind: "state" }>;
  },
): void {
  const { clusterId, answer } = heard;
  const { pledge } = s;
  if (pledge?.proposal.clusterId !== clusterId || !pledge.durable) return;
  const { proposal } = pledge;
  if (answer.fate === "decided") {
    effects.push({ type: "note", text: `the cluster ${clusterId} was decided on` });
    return adopt(s, effects);
  }
  if (!s.rules.isAborted(answer, proposal)) return;
  s.pledge = null;
  effects.push({ type: "write", write: nextNumber(s), pledge: null });
  effects.push({
    type: "note",
    text: `${coordinatorOf(proposal).address} has given its proposal up: looking on`,
  });
}

/** First members begin with the very configuration that was decided; all others join it. */
function adopt(s: State, effects: Effect[]): void {
  const { proposal } = s.pledge!;
  if (firstMembersOf(proposal).includes(memberIdOf(s.own))) {
    return begin(s, effects, { kind: "decided", proposal });
  }
  const via = coordinatorOf(proposal).address;
  begin(s, effects, { kind: "join", clusterId: proposal.clusterId, via });
}
