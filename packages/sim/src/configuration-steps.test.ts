import { encodeConfiguration } from "@counter/raft";
import type { Configuration } from "@counter/raft";
import { stepProblem } from "./configuration-steps.ts";
import { configuration } from "./test-support/configurations.ts";

describe("which configuration may follow which (§6)", () => {
  it.each([
    { from: "a b c", to: "a b c d", because: "one voter comes" },
    { from: "a b c", to: "a b", because: "one voter goes" },
    { from: "a b c", to: "a b c [d+]", because: "learners do not count" },
    { from: "a b c [d]", to: "a b c d", because: "a learner is promoted" },
    { from: "a b c", to: "a d e <- a b c", because: "a joint change begins" },
    { from: "a d e <- a b c", to: "a d e", because: "a joint change ends" },
    { from: "a <- a b", to: "a [b]", because: "who was to learn next learns" },
  ])("$to may follow $from: $because", ({ from, to }) => {
    expect(stepProblem(configuration(from), configuration(to))).toBeNull();
  });

  it.each([
    { from: "a b c", to: "a d c", problem: "2 voters changed in one step" },
    { from: "a b c", to: "a b c d e", problem: "2 voters changed in one step" },
    { from: "a b c", to: "a b c", problem: "it comes twice" },
    { from: "a d <- a b", to: "a d <- a b", problem: "it comes twice" },
    { from: "a d <- a b", to: "a e <- a b", problem: "a joint configuration follows a joint one" },
    { from: "a d <- a b", to: "a b", problem: "it does not leave the joint one" },
    { from: "a b c", to: "a d e <- a b", problem: "it does not begin with the voters before" },
  ])("$to may not follow $from: $problem", ({ from, to, problem }) => {
    expect(stepProblem(configuration(from), configuration(to))).toBe(problem);
  });

  it("a change of an address is a step", () => {
    const before: Configuration = configuration("a b");
    const [first, ...others] = before.members;
    const after = { ...before, members: [{ ...first!, address: "elsewhere:1" }, ...others] };
    expect(encodeConfiguration(after)).not.toEqual(encodeConfiguration(before));
    expect(stepProblem(before, after)).toBeNull();
  });
});
