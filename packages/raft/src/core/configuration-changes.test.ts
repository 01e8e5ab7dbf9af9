import fc from "fast-check";

import { configurationOf, configurationProblem, enterJoint, leaveJoint } from "../index.ts";
import { simpleChange, voteResult } from "../index.ts";
import type { ChangeResult, Configuration, NodeId } from "../index.ts";
import { changesOf, member, showConfiguration } from "../test-support/changes.ts";
import { votersChanged } from "./configuration-changes.ts";

function of(ids: string): Configuration {
  return configurationOf(ids.split(" ").map((id) => member(id)));
}

function shown(result: ChangeResult): string {
  return result.configuration === null ? result.problem : showConfiguration(result.configuration);
}

function simple(ids: string, changes: string): string {
  return shown(simpleChange(of(ids), changesOf(changes)));
}

function joint(ids: string, changes: string): string {
  return shown(enterJoint(of(ids), changesOf(changes), true));
}

describe("F1: a simple change", () => {
  it.each([
    { of: "a", changes: "+b", to: "{a b}" },
    { of: "a b c", changes: "-b", to: "{a c}" },
    { of: "a b c", changes: "+[d]", to: "{a b c} [d]" },
    { of: "a b c", changes: "+[d+] +[e]", to: "{a b c} [d+ e]" },
    { of: "a b c", changes: "+[c]", to: "{a b} [c]" },
    { of: "a b c", changes: "+[d+] +d", to: "{a b c d}" },
    { of: "a b c", changes: "-b +b", to: "nothing would change" },
  ])("$changes makes $to of {$of}", ({ of: ids, changes, to }) => {
    expect(simple(ids, changes)).toBe(to);
  });

  it.each([
    { of: "a b c", changes: "+d +e", why: "at most one voter" },
    { of: "a b c", changes: "-a +d", why: "at most one voter" },
    { of: "a", changes: "-a", why: "at least one voter" },
    { of: "a b c", changes: "-x", why: "x is not a member" },
    { of: "a b c", changes: "x=y:1", why: "x is not a member" },
    { of: "a b c", changes: "+a", why: "nothing would change" },
    { of: "a b c", changes: "a=b:1", why: "a and b have the same address b:1" },
  ])("$changes of {$of} is refused: $why", ({ of: ids, changes, why }) => {
    expect(simple(ids, changes)).toContain(why);
  });

  it("with nothing to do is refused", () => {
    expect(shown(simpleChange(of("a"), []))).toBe("there is nothing to change");
  });

  it("moves a member without touching its part", () => {
    const result = simpleChange(of("a b"), changesOf("b=elsewhere:9"));
    expect(result.configuration?.members).toEqual([member("a"), member("b", "elsewhere:9")]);
    expect(result.configuration?.voters).toEqual(["a", "b"]);
  });
});

describe("F2: a joint change", () => {
  it.each([
    { of: "a b c", changes: "+d +e", to: "{a b c d e} <- {a b c}", then: "{a b c d e}" },
    { of: "a b c", changes: "-a -b +d", to: "{c d} <- {a b c}", then: "{c d}" },
    { of: "a b c", changes: "-a -b -c +d", to: "{d} <- {a b c}", then: "{d}" },
    { of: "a b c", changes: "+[c] +d", to: "{a b d} <- {a b c} next [c]", then: "{a b d} [c]" },
    {
      of: "a b c",
      changes: "+[c+] +[d] +e",
      to: "{a b e} <- {a b c} [d] next [c+]",
      then: "{a b e} [c+ d]",
    },
  ])("$changes goes from {$of} through $to", ({ of: ids, changes, to, then }) => {
    const entered = enterJoint(of(ids), changesOf(changes), true);
    expect(shown(entered)).toBe(to);
    expect(entered.configuration?.autoLeave).toBe(true);
    const left = leaveJoint(entered.configuration!);
    expect(shown(left)).toBe(then);
    expect(left.configuration?.autoLeave).toBe(false);
  });

  it("keeps the addresses of those that are leaving until they have left", () => {
    const entered = enterJoint(of("a b c"), changesOf("-c +d"), true).configuration!;
    expect(entered.members.map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
    const left = leaveJoint(entered).configuration!;
    expect(left.members.map(({ id }) => id)).toEqual(["a", "b", "d"]);
  });

  it("is not begun or changed in the middle of another one", () => {
    const { configuration } = enterJoint(of("a b c"), changesOf("+d +e"), true);
    expect(shown(enterJoint(configuration!, changesOf("+f"), true))).toContain("joint already");
    expect(shown(simpleChange(configuration!, changesOf("+f")))).toContain("leave it first");
    expect(shown(leaveJoint(of("a")))).toContain("not joint");
  });

  it("refuses what would leave no voter", () => {
    expect(joint("a b", "-a -b")).toContain("at least one voter");
  });
});

describe("any change of any cluster", () => {
  const names = ["a", "b", "c", "d", "e"];
  const ids = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
  const change = fc
    .tuple(fc.constantFrom("+$", "+[$]", "+[$+]", "-$", "$=$:2"), fc.constantFrom(...names))
    .map(([form, id]) => changesOf(form.replaceAll("$", id))[0]!);
  const changes = fc.array(change, { minLength: 1, maxLength: 5 });

  it("gives a well formed configuration or a reason", () => {
    fc.assert(
      fc.property(ids, changes, fc.boolean(), (voters, steps, isJoint) => {
        const before = of(voters.join(" "));
        const { configuration } = isJoint
          ? enterJoint(before, steps, true)
          : simpleChange(before, steps);
        if (configuration === null) return;
        expect(configurationProblem(configuration)).toBeNull();
        if (!isJoint) return expect(votersChanged(before, configuration)).toBeLessThanOrEqual(1);
        const after = leaveJoint(configuration).configuration!;
        expect(configurationProblem(after)).toBeNull();
        expect(after.voters).toEqual(configuration.voters);
        expect(configuration.outgoing).toEqual(before.voters);
      }),
      { numRuns: 500 },
    );
  });

  it("F1: old and new majorities always share a server after a simple change", () => {
    fc.assert(
      fc.property(ids, changes, fc.subarray(names), (voters, steps, ballot) => {
        const before = of(voters.join(" "));
        const after = simpleChange(before, steps).configuration;
        if (after === null) return;
        const wins = (c: Configuration, those: readonly NodeId[]): boolean =>
          voteResult(c.voters, new Map(those.map((id) => [id, true]))) === "won";
        const others = names.filter((id) => !ballot.includes(id));
        expect(wins(before, ballot) && wins(after, others)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
