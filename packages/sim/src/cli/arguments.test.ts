import { hostFlaws } from "../host-flaws.ts";
import { faultKinds } from "../knobs.ts";
import { invariantSentences } from "../violation.ts";
import { UsageError, helpText, parseArguments, seedsOf } from "./arguments.ts";

describe("the command line of the simulator", () => {
  it("runs fifteen hundred fixed seeds by default", () => {
    expect(parseArguments([])).toMatchObject({
      type: "many",
      seeds: { first: 1, count: 1500, salt: null },
    });
  });

  it("takes one seed, a range, or seeds drawn from a text", () => {
    expect(parseArguments(["--seed", "42"])).toMatchObject({ type: "one", seed: 42 });
    const range = parseArguments(["--seeds", "5..7"]);
    expect(range.type === "many" ? [...seedsOf(range.seeds)] : []).toEqual([5, 6, 7]);
    const fresh = parseArguments(["--fresh", "3", "--salt", "abc"]);
    const seeds = fresh.type === "many" ? [...seedsOf(fresh.seeds)] : [];
    expect(new Set(seeds).size).toBe(3);
    expect(seeds.every(Number.isSafeInteger)).toBe(true);
    const again = parseArguments(["--fresh", "3", "--salt", "abc"]);
    expect(again.type === "many" ? [...seedsOf(again.seeds)] : []).toEqual(seeds);
    const other = parseArguments(["--fresh", "3", "--salt", "abd"]);
    expect(other.type === "many" ? [...seedsOf(other.seeds)] : []).not.toEqual(seeds);
  });

  it("leaves faults out by name", () => {
    expect(
      parseArguments(["--seed", "1", "--without", "crash,pause", "--ticks", "9"]),
    ).toMatchObject({
      run: { without: ["crash", "pause"], ticks: 9 },
    });
  });

  it("breaks the contract of the hosts where it is told to", () => {
    const flaw = "skips-the-directory-sync";
    expect(parseArguments(["--seed", "1", "--flaw", flaw])).toMatchObject({ run: { flaw } });
  });

  it("runs gossip from one seed, or from many", () => {
    expect(parseArguments(["--gossip", "--seed", "7"])).toEqual({
      ...{ type: "gossipTrace", seed: 7 },
    });
    expect(parseArguments(["--gossip", "--seeds", "1..9"])).toEqual({
      ...{ type: "gossip", seeds: { first: 1, count: 9, salt: null } },
    });
  });

  it("measures the targets of membership, all or some of them", () => {
    expect(parseArguments(["--gossip-targets"])).toEqual({
      ...{ type: "gossipTargets", full: false, only: [] },
    });
    expect(parseArguments(["--gossip-targets", "--plot", "a.svg"])).toEqual({
      ...{ type: "gossipPlot", file: "a.svg" },
    });
    expect(parseArguments(["--gossip-targets", "--full", "--only", "G1,G5"])).toEqual({
      ...{ type: "gossipTargets", full: true, only: ["G1", "G5"] },
    });
  });

  it("explains itself in lines that fit, with every fault, flaw and invariant", () => {
    for (const line of helpText.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
    const names = [faultKinds, Object.keys(hostFlaws), Object.keys(invariantSentences)].flat();
    for (const name of names) expect(helpText).toContain(name);
  });

  it.each([
    [["--seeds", "5"]],
    [["--seeds", "7..5"]],
    [["--seed", "one"]],
    [["--seed", "99999999999999999999"]],
    [["--fresh", "3"]],
    [["--without", "rain"]],
    [["--flaw", "rust"]],
    [["--nonsense"]],
    [["42"]],
  ])("refuses %j with a sentence", (argv) => {
    expect(() => parseArguments(argv)).toThrow(UsageError);
  });
});
