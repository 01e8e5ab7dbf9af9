/** The one record of a candidate, and what all chapters do with it. */
import type { Outlook, Rules } from "./rules.ts";
import type {
  Beginning,
  Candidate,
  DirectoryId,
  Effect,
  Proposal,
  Question,
  Sighting,
  Timing,
} from "./types.ts";

/** What this node has promised to somebody else's proposal. */
export interface Pledge {
  readonly proposal: Proposal;
  /** The write that holds it; `null` for one that was read at the start. */
  readonly write: number | null;
  durable: boolean;
  /** Who waits for it to be durable; at most {@link waitingMax}. */
  readonly waiting: number[];
}

/** What this node proposes itself. Never on the disk: a restart is the end of it (F8). */
export interface Leading {
  readonly proposal: Proposal;
  phase: "dry" | "pledge";
  /** Who has not agreed in this phase. */
  readonly missing: Set<DirectoryId>;
  readonly deadlineMs: number;
}

/** Why a question is out. */
export type Purpose =
  | {
      readonly kind: "vote";
      readonly phase: Leading["phase"];
      readonly clusterId: string;
      readonly from: Candidate;
    }
  | { readonly kind: "fate"; readonly clusterId: string; readonly address: string }
  | { readonly kind: "look"; readonly address: string };

export interface State {
  readonly own: Candidate;
  readonly expect: number;
  /** Addresses that a person has named. */
  readonly seeds: readonly string[];
  readonly timing: Timing;
  readonly rules: Rules;
  /** `null` until gossip has told anything. */
  view: readonly Sighting[] | null;
  /** Since when the same candidates, numbers and clusters are in sight. */
  settledSinceMs: number;
  pledge: Pledge | null;
  leading: Leading | null;
  /** Decided, and on its way to the disk. */
  beginning: Beginning | null;
  /** The cluster that this node is of. */
  begun: string | null;
  readonly asks: Map<number, Purpose>;
  nextNumber: number;
  /** No proposal before that. */
  pausedUntilMs: number;
  askedFateAtMs: number;
  lookedAtMs: number;
  /** Which directory answered at a seed that was asked; `null`: none. */
  readonly lookedAt: Map<string, DirectoryId | null>;
  /** What kept the last proposal of this node from being agreed to, for people. */
  refusal: string | null;
}

/** Most askers that wait for one pledge to be written: more than one is a repeated message. */
export const waitingMax: number = 16;

export function outlookOf({ own, expect, view }: State): Outlook {
  return { own, expect, view: view ?? [] };
}

/** Asks, unless the same question is out already. */
export function ask(
  s: State,
  effects: Effect[],
  what: { readonly address: string; readonly question: Question; readonly purpose: Purpose },
): void {
  const same = JSON.stringify(what.purpose);
  for (const purpose of s.asks.values()) if (JSON.stringify(purpose) === same) return;
  const number = nextNumber(s);
  s.asks.set(number, what.purpose);
  effects.push({ type: "ask", ask: number, address: what.address, question: what.question });
}

export function nextNumber(s: State): number {
  s.nextNumber += 1;
  return s.nextNumber;
}

/** There is no way back from here: nothing is pledged or proposed any more. */
export function begin(s: State, effects: Effect[], beginning: Beginning): void {
  s.beginning = beginning;
  s.leading = null;
  effects.push({ type: "begin", beginning });
}

export function settled(s: State, now: number): boolean {
  return s.view !== null && now - s.settledSinceMs >= s.timing.settleMs;
}
