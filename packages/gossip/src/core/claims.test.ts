import fc from "fast-check";
import type { MemberDetail, Standing } from "../types.ts";
import { compareDetails, compareStandings } from "./claims.ts";
import type { DetailClaim, StandingClaim } from "./claims.ts";

interface Knowledge {
  readonly standing: StandingClaim;
  readonly detail: DetailClaim;
}

/** The larger of each: what is left of all that was heard. */
function merge(a: Knowledge, b: Knowledge): Knowledge {
  return {
    standing: compareStandings(a.standing, b.standing) >= 0 ? a.standing : b.standing,
    detail: compareDetails(a.detail, b.detail) >= 0 ? a.detail : b.detail,
  };
}

const standings: readonly Standing[] = ["alive", "suspect", "dead", "left"];

const detail: fc.Arbitrary<MemberDetail> = fc.record({
  address: fc.record({
    host: fc.constantFrom("10.0.0.1", "10.0.0.2"),
    port: fc.constantFrom(1, 2),
  }),
  meta: fc.uint8Array({ maxLength: 2, max: 2 }),
  versions: fc.constant(null),
});

const knowledge: fc.Arbitrary<Knowledge> = fc.record({
  standing: fc.record({
    standing: fc.constantFrom(...standings),
    incarnation: fc.nat({ max: 3 }),
  }),
  detail: fc.record({ incarnation: fc.nat({ max: 3 }), detail }),
});

describe("which of two claims wins", () => {
  it.each([
    { winner: "alive 2", loser: "alive 1", because: "only the member itself raises it" },
    { winner: "alive 2", loser: "suspect 1", because: "it objected" },
    { winner: "alive 2", loser: "dead 1", because: "it objected, if late" },
    { winner: "alive 2", loser: "left 1", because: "it came back" },
    { winner: "suspect 1", loser: "alive 1", because: "worse news" },
    { winner: "dead 1", loser: "suspect 1", because: "worse news" },
    { winner: "left 1", loser: "dead 1", because: "it said so itself" },
  ])("$winner wins over $loser: $because", ({ winner, loser }) => {
    expect(compareStandings(claim(winner), claim(loser))).toBeGreaterThan(0);
    expect(compareStandings(claim(loser), claim(winner))).toBeLessThan(0);
  });

  it("merges in any order, in any grouping, and again, to the same", () => {
    fc.assert(
      fc.property(knowledge, knowledge, knowledge, (a, b, c) => {
        const ab = merge(a, b);
        expect(merge(b, a)).toEqual(ab);
        expect(merge(ab, c)).toEqual(merge(a, merge(b, c)));
        expect(merge(ab, ab)).toEqual(ab);
        expect(merge(ab, a)).toEqual(ab);
      }),
      { numRuns: 500 },
    );
  });
});

function claim(text: string): Knowledge["standing"] {
  const [standing, incarnation] = text.split(" ");
  return {
    standing: standings.find((known) => known === standing)!,
    incarnation: Number(incarnation),
  };
}
