/** Whole lives of candidates, from seeds; and each rule taken away, to see that it is missed. */
import { rules } from "./rules.ts";
import { runCandidates } from "../test-support/bootstrap/life.ts";
import type { Flaw } from "../test-support/bootstrap/flaw.ts";

const seeds = 150;

test.each([
  { world: "a world of all sizes", flaw: null },
  { world: "a small world in which hardly anybody sees the others", flaw: {} },
])("candidates become one cluster, whatever happens to them, in $world", ({ flaw }) => {
  const seen = { decisions: 0, crashes: 0, released: 0 };
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violation, trace, ...run } = runCandidates(seed, flaw);
    expect({ seed, violation, trace: violation && trace }).toEqual({
      seed,
      violation: null,
      trace: null,
    });
    seen.decisions += run.decisions;
    seen.crashes += run.crashes;
    seen.released += run.released;
  }
  // A world in which nothing happens shows nothing.
  expect(seen.decisions).toBeGreaterThan(seeds / 2);
  expect(seen.crashes).toBeGreaterThan(seeds);
  expect(seen.released).toBeGreaterThan(seeds / 10);
});

interface Mutant {
  readonly without: string;
  readonly flaw: Flaw;
}

const mutants: readonly Mutant[] = [
  {
    without: "F1: only the first members are asked",
    flaw: {
      rules: {
        participants: (outlook) => rules.participants(outlook).slice(0, outlook.expect),
        // Its own participants must not make it give up.
        objection: () => null,
      },
    },
  },
  {
    without: "F2: one fewer than expected is enough",
    flaw: { rules: { enough: (candidates, expect) => candidates >= expect - 1 } },
  },
  {
    without: "F3: says yes before its pledge is on the disk",
    flaw: { rules: { vouches: () => true } },
  },
  {
    without: "F4: pledges itself to a second proposal",
    flaw: { rules: { isFree: () => true } },
  },
  {
    without: "F5: takes anybody's word for an abort",
    flaw: {
      rules: { isAborted: (answer) => answer.kind === "state" && answer.fate === "notHere" },
    },
  },
  {
    without: "F6: a majority of the participants is enough",
    flaw: {
      rules: {
        allAgreed: (missing, { participants }) => missing.size * 2 < participants.length,
      },
    },
  },
  {
    without: "F7: does not look at what it sees itself",
    flaw: { rules: { objection: () => null } },
  },
  { without: "F8: goes on with its proposal after a restart", flaw: { resumes: true } },
];

test.each(mutants)("is noticed: $without", ({ flaw }) => {
  for (let seed = 1; seed <= 3000; seed += 1) {
    const { violation } = runCandidates(seed, flaw);
    if (violation !== null) return;
  }
  throw new Error("nothing went wrong");
});

test("the same seed gives the same run", () => {
  expect(runCandidates(7)).toEqual(runCandidates(7));
});
