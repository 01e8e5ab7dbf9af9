import { emptyConfiguration } from "./configuration.ts";
import { configurationVoteResult, majorityIndex, majoritySize, voteResult } from "./quorum.ts";
import type { VoteResult } from "./quorum.ts";
import type { Configuration } from "../types.ts";

const sizes = [1, 2, 3, 4, 5, 6, 7];
const names = ["a", "b", "c", "d", "e", "f", "g"];

/** Every way to give one of `values` to each of `count` places. */
function* assignments<Value>(count: number, values: readonly Value[]): Generator<Value[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (const rest of assignments(count - 1, values)) {
    for (const value of values) yield [...rest, value];
  }
}

function popCount(set: number): number {
  return set.toString(2).replaceAll("0", "").length;
}

/** The definition: the largest index that more than half of the voters have reached. */
function definedMajorityIndex(reached: readonly number[]): number {
  const enough = (index: number): boolean =>
    2 * reached.filter((one) => one >= index).length > reached.length;
  return Math.max(0, ...reached.filter(enough));
}

/** The definition: won by more than half; lost when the undecided could not make it a win. */
function definedVoteResult(votes: readonly (boolean | null)[]): VoteResult {
  const wins = (of: readonly (boolean | null)[]): boolean =>
    2 * of.filter((vote) => vote === true).length > of.length;
  if (wins(votes)) return "won";
  return wins(votes.map((vote) => vote ?? true)) ? "pending" : "lost";
}

function ballot(votes: readonly (boolean | null)[]): Map<string, boolean> {
  const cast = new Map<string, boolean>();
  votes.forEach((vote, at) => {
    if (vote !== null) cast.set(names[at]!, vote);
  });
  return cast;
}

describe("the size of a majority (§5.2)", () => {
  it.each(sizes)("any two majorities of %i voters share one, and no smaller sets do", (voters) => {
    const size = majoritySize(voters);
    const sets = [...Array(1 << voters).keys()];
    const overlap = (of: number): boolean => {
      const chosen = sets.filter((set) => popCount(set) === of);
      return chosen.every((one) => chosen.every((other) => (one & other) !== 0));
    };
    expect(overlap(size)).toBe(true);
    expect(size === 1 || !overlap(size - 1)).toBe(true);
  });
});

describe("the index that a majority has reached (§5.3)", () => {
  it.each(sizes)("agrees with the definition for every way %i voters can stand", (voters) => {
    const values = voters <= 5 ? [0, 1, 2, 3] : [0, 1, 2];
    for (const reached of assignments(voters, values)) {
      expect([reached, majorityIndex([...reached])]).toEqual([
        reached,
        definedMajorityIndex(reached),
      ]);
    }
  });

  it("is 0 where nobody votes", () => {
    expect(majorityIndex([])).toBe(0);
  });

  it("holds for the largest safe index", () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(majorityIndex([most, 1, most])).toBe(most);
  });
});

describe("the result of a vote (§5.2)", () => {
  it.each(sizes)("agrees with the definition for every ballot of %i voters", (count) => {
    for (const votes of assignments(count, [true, false, null])) {
      const result = voteResult(names.slice(0, count), ballot(votes));
      expect([votes, result]).toEqual([votes, definedVoteResult(votes)]);
    }
  });

  it("counts no votes of strangers, for or against", () => {
    const strangers = ["x", "y", "z"];
    for (const granted of [true, false]) {
      const votes = new Map(strangers.map((id) => [id, granted]));
      expect(voteResult(["a", "b", "c"], votes)).toBe("pending");
    }
  });

  it("without voters nobody wins", () => {
    expect(voteResult([], new Map([["a", true]]))).not.toBe("won");
  });
});

describe("the result under a configuration (§6)", () => {
  const simple: Configuration = { ...emptyConfiguration, voters: ["a", "b", "c"] };

  it("is that of the voters while the configuration is simple", () => {
    for (const votes of assignments(3, [true, false, null])) {
      expect(configurationVoteResult(simple, ballot(votes))).toBe(definedVoteResult(votes));
    }
  });

  it.each([
    { incoming: ["a", "b", "c"], outgoing: ["c", "d", "e"] },
    { incoming: ["a"], outgoing: ["b"] },
    { incoming: ["a", "b"], outgoing: ["a", "b"] },
    { incoming: ["a", "b", "c", "d"], outgoing: ["a"] },
  ])("needs both halves while it is joint: $incoming and $outgoing", ({ incoming, outgoing }) => {
    const joint: Configuration = { ...emptyConfiguration, voters: incoming, outgoing };
    for (const votes of assignments(5, [true, false, null])) {
      const cast = ballot(votes);
      const half = (voters: readonly string[]): VoteResult =>
        definedVoteResult(voters.map((id) => cast.get(id) ?? null));
      const halves = [half(incoming), half(outgoing)];
      const expected = halves.includes("lost")
        ? "lost"
        : halves.every((one) => one === "won")
          ? "won"
          : "pending";
      expect([votes, configurationVoteResult(joint, cast)]).toEqual([votes, expected]);
    }
  });

  it("learners do not count", () => {
    const withLearners: Configuration = { ...simple, learners: ["d", "e"] };
    const votes = new Map([
      ["a", true],
      ["d", true],
      ["e", true],
    ]);
    expect(configurationVoteResult(withLearners, votes)).toBe("pending");
  });
});
