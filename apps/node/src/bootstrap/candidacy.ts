/**
 * How candidates become one cluster: a two-phase commit in which silence means no.
 *
 *   coordinator                  every other candidate in sight
 *   dry      ── would you? ───►  looks around; promises nothing
 *   pledge   ── will you? ────►  writes its pledge down, then says yes; waits for the outcome
 *   decided: writes that down, begins
 *            ◄── what became of it? ──  begins as well, or is released
 *
 * A pledged node asks the coordinator, and everybody else, what became of the proposal. Until
 * somebody knows, it waits: it can neither begin nor take part in another one. The rules (F1 to F8)
 * and why there is no second cluster are in `rules.ts`.
 *
 * No clock, die, disk or network in here: `step` says what is to be done.
 */
import { abandon, onVote, pursue, reconsider } from "./coordinating.ts";
import { askFate, onFate, onPledgePersisted, onRequest } from "./pledging.ts";
import { clustersIn, rules, type Rules } from "./rules.ts";
import { ask, begin, outlookOf, type State } from "./state.ts";
import type {
  Answer,
  Candidate,
  Effect,
  Fate,
  Input,
  Proposal,
  Question,
  Sighting,
  Timing,
} from "./types.ts";
import { defaultTiming } from "./types.ts";
import { waitingFor } from "./waiting.ts";

export interface CandidacyOptions {
  readonly own: Candidate;
  readonly expect: number;
  /** Asked directly whether they have a cluster; gossip may not know them yet. */
  readonly seeds: readonly string[];
  /** The pledge that is on the disk. */
  readonly pledge: Proposal | null;
  readonly timing?: Timing;
  /** Tests take one away at a time, to see that it is needed. */
  readonly rules?: Rules;
}

export class Candidacy {
  /** For tests and traces; only `step` changes it. */
  readonly state: State;

  constructor(options: CandidacyOptions) {
    const { own, expect, seeds, pledge, timing = defaultTiming } = options;
    this.state = {
      own,
      expect,
      seeds: seeds.filter((seed) => seed !== own.address),
      timing,
      rules: options.rules ?? rules,
      view: null,
      settledSinceMs: -Infinity,
      pledge: pledge && { proposal: pledge, write: null, durable: true, waiting: [] },
      leading: null,
      beginning: null,
      begun: null,
      asks: new Map(),
      nextNumber: 0,
      pausedUntilMs: -Infinity,
      askedFateAtMs: -Infinity,
      lookedAtMs: -Infinity,
      lookedAt: new Map(),
      refusal: null,
    };
  }

  /** @param now - milliseconds of a clock that only goes forward */
  step(input: Input, now: number): readonly Effect[] {
    const s = this.state;
    const effects: Effect[] = [];
    switch (input.type) {
      case "tick":
        onTick(s, effects, { freshId: input.freshId, now });
        break;
      case "seen":
        onSeen(s, input.view, now);
        break;
      case "asked":
        onAsked(s, effects, { ...input, now });
        break;
      case "answered":
        onAnswered(s, effects, { ...input, now });
        break;
      case "persisted":
        onPledgePersisted(s, effects, input.write);
        break;
      case "begun":
        s.begun = input.clusterId;
        break;
    }
    return effects;
  }

  /** What this node knows of a proposal. */
  fateOf(clusterId: string): Fate {
    return fateOf(this.state, clusterId);
  }

  /** What is missing, for people. */
  waiting(now: number): string {
    return waitingFor(this.state, now);
  }
}

function onTick(
  s: State,
  effects: Effect[],
  { freshId, now }: { readonly freshId: string; readonly now: number },
): void {
  if (s.beginning !== null || s.begun !== null) return;
  if (s.pledge !== null) {
    if (s.pledge.durable) askFate(s, effects, now);
    return;
  }
  look(s, effects, now);
  pursue(s, effects, { freshId, now });
}

/** Whoever may have a cluster is asked for it: gossip is only a hint. */
function look(s: State, effects: Effect[], now: number): void {
  if (now - s.lookedAtMs < s.timing.lookMs) return;
  s.lookedAtMs = now;
  const hinted = clustersIn(outlookOf(s));
  const clusters = new Set(hinted.map(({ clusterId }) => clusterId));
  // Of several clusters only a person knows which one is meant: whoever is named as a seed.
  const asked = clusters.size > 1 ? [] : hinted.map(({ address }) => address);
  for (const address of new Set([...asked, ...s.seeds])) {
    const purpose = { kind: "look", address } as const;
    ask(s, effects, { address, question: { kind: "state", about: null }, purpose });
  }
}

function onSeen(s: State, view: readonly Sighting[], now: number): void {
  const others = view.filter(({ directoryId }) => directoryId !== s.own.directoryId);
  if (s.view === null || outlineOf(others) !== outlineOf(s.view)) s.settledSinceMs = now;
  s.view = others;
  reconsider(s, now);
}

/** All that matters to a proposal: while it stays the same, the view is settled. */
function outlineOf(view: readonly Sighting[]): string {
  const lines = view.map(({ directoryId, address, standing, expect, clusterId }) => {
    return JSON.stringify([directoryId, address, standing, expect, clusterId]);
  });
  return lines.sort().join("\n");
}

function onAsked(
  s: State,
  effects: Effect[],
  asked: { readonly context: number; readonly question: Question; readonly now: number },
): void {
  const { context, question, now } = asked;
  if (question.kind !== "state") return onRequest(s, effects, { context, request: question, now });
  const fate = question.about === null ? "notHere" : fateOf(s, question.about);
  const { directoryId } = s.own;
  const answer: Answer = { kind: "state", directoryId, clusterId: s.begun, fate };
  effects.push({ type: "answer", context, answer });
}

function fateOf({ begun, beginning, leading }: State, clusterId: string): Fate {
  if (begun === clusterId) return "decided";
  // Until it is durable a decision may still be lost: nobody may begin, nor be released, on its word.
  if (beginning?.kind === "decided" && beginning.proposal.clusterId === clusterId) return "open";
  return leading?.proposal.clusterId === clusterId ? "open" : "notHere";
}

function onAnswered(
  s: State,
  effects: Effect[],
  answered: { readonly ask: number; readonly answer: Answer | null; readonly now: number },
): void {
  const { answer, now } = answered;
  const purpose = s.asks.get(answered.ask);
  s.asks.delete(answered.ask);
  if (purpose === undefined || s.beginning !== null || s.begun !== null) return;
  switch (purpose.kind) {
    case "vote":
      return onVote(s, effects, { purpose, answer, now });
    case "fate":
      if (answer?.kind === "state") onFate(s, effects, { clusterId: purpose.clusterId, answer });
      return;
    case "look":
      // Who is starting may be of a cluster: that is asked until it says so.
      if (answer?.kind === "no") s.lookedAt.delete(purpose.address);
      else s.lookedAt.set(purpose.address, answer?.kind === "state" ? answer.directoryId : null);
      if (answer?.kind === "state") onLook(s, effects, { via: purpose.address, answer, now });
  }
}

function onLook(
  s: State,
  effects: Effect[],
  found: {
    readonly via: string;
    readonly answer: Extract<Answer, { readonly kind: "state" }>;
    readonly now: number;
  },
): void {
  const { via, answer, now } = found;
  if (answer.clusterId === null || s.pledge !== null) return; // F4: a pledge is kept first
  abandon(s, { now, pauseMs: 0, reason: null });
  effects.push({ type: "note", text: `${via} is of the cluster ${answer.clusterId}: joining it` });
  begin(s, effects, { kind: "join", clusterId: answer.clusterId, via });
}
