/** A candidate under test, stepped by hand. */
import { Candidacy, type CandidacyOptions } from "../../bootstrap/candidacy.ts";
import type { Candidate, Effect, Input, Proposal, Sighting } from "../../bootstrap/types.ts";

/** Candidates by their place in the order of directory ids. */
export function candidate(place: number): Candidate {
  return {
    directoryId: place.toString(16).padStart(32, "0"),
    address: `127.0.0.1:${1000 + place}`,
  };
}

export function seen(place: number, more: Partial<Sighting> = {}): Sighting {
  return { ...candidate(place), standing: "there", expect: 3, clusterId: null, ...more };
}

export function proposal(places: readonly number[], more: Partial<Proposal> = {}): Proposal {
  return { clusterId: "c1", expect: 3, participants: places.map(candidate), ...more };
}

/** A candidate that is stepped through its life, with a clock of its own. */
export class Stepped {
  readonly core: Candidacy;
  now = 0;

  constructor(place: number, more: Partial<CandidacyOptions> = {}) {
    this.core = new Candidacy({
      own: candidate(place),
      expect: 3,
      seeds: [],
      pledge: null,
      ...more,
    });
  }

  step(input: Input): readonly Effect[] {
    return this.core.step(input, this.now);
  }

  /** Sees these for long enough. */
  settle(...view: readonly Sighting[]): this {
    this.step({ type: "seen", view });
    this.now += 2000;
    return this;
  }

  tick(): readonly Effect[] {
    return this.step({ type: "tick", freshId: `c${this.now}-000000` });
  }

  asked(kind: "dry" | "pledge", asked: Proposal, context: number = 1): readonly Effect[] {
    const to = this.core.state.own.directoryId;
    return this.step({ type: "asked", context, question: { kind, to, proposal: asked } });
  }

  /** Why it refuses; `null` if it does not. */
  refusal(kind: "dry" | "pledge", asked: Proposal): string | null {
    const [effect] = this.asked(kind, asked);
    return effect?.type === "answer" && effect.answer.kind === "no" ? effect.answer.reason : null;
  }
}
