import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gossipInvariantSentences } from "../gossip/watching.ts";
import { hostFlaws } from "../host-flaws.ts";
import { invariantSentences } from "../violation.ts";
import { flawedHosts } from "./flawed-hosts.ts";
import { eventualSentences } from "../eventual/sentences.ts";
import { counterMutants } from "./mutants-of-counters.ts";
import { gossipMutants } from "./mutants-of-gossip.ts";
import { mutants } from "./mutants.ts";
import { eventualMutants } from "./mutants-of-eventual.ts";

const core = join(__dirname, "../../../raft/src/core");
const eventualCore = join(__dirname, "../../../eventual/src/core");

describe("the table of mutants", () => {
  it.each(mutants)("$name fits the text of the core exactly once", ({ file, find, replace }) => {
    const text = readFileSync(join(core, file), "utf8");
    expect(text.split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });

  it("has one mutant a name, names rules, and expects invariants that exist", () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    for (const { rule, expects } of mutants) {
      expect(rule.length).toBeGreaterThan(20);
      for (const invariant of expects) expect(Object.keys(invariantSentences)).toContain(invariant);
    }
  });

  it("removes at least twenty-five rules", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(25);
  });
});

describe("the table of mutants of eventual mode", () => {
  it.each(eventualMutants)(
    "$name fits the text of the core exactly once",
    ({ file, find, replace }) => {
      const text = readFileSync(join(eventualCore, file), "utf8");
      expect(text.split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    },
  );

  it("has one mutant a name, names rules, and expects invariants that exist", () => {
    expect(new Set(eventualMutants.map(({ name }) => name)).size).toBe(eventualMutants.length);
    for (const { rule, expects } of eventualMutants) {
      expect(rule.length).toBeGreaterThan(20);
      for (const invariant of expects) expect(Object.keys(eventualSentences)).toContain(invariant);
    }
  });

  it("removes at least twenty rules", () => {
    expect(eventualMutants.length).toBeGreaterThanOrEqual(20);
  });
});

describe("the table of mutants of the counters", () => {
  const machine = join(__dirname, "../../../state-machine/src");

  it.each(counterMutants)("$name fits the text of the machine exactly once", (mutant) => {
    const text = readFileSync(join(machine, mutant.file), "utf8");
    expect(text.split(mutant.find)).toHaveLength(2);
    expect(mutant.replace).not.toBe(mutant.find);
    for (const name of mutant.expects) expect(Object.keys(invariantSentences)).toContain(name);
  });
});

describe("the table of mutants of gossip", () => {
  const gossip = join(__dirname, "../../../gossip/src/core");

  it.each(gossipMutants)("$name fits the text of the core exactly once", (mutant) => {
    const text = readFileSync(join(gossip, mutant.file), "utf8");
    expect(text.split(mutant.find)).toHaveLength(2);
    expect(mutant.replace).not.toBe(mutant.find);
    for (const name of mutant.expects) {
      expect(Object.keys(gossipInvariantSentences)).toContain(name);
    }
  });
});

describe("the table of flawed hosts", () => {
  it("has every clause of the contract, and expects invariants that exist", () => {
    expect(Object.keys(flawedHosts).sort()).toEqual(Object.keys(hostFlaws).sort());
    for (const expects of Object.values(flawedHosts)) {
      for (const invariant of expects) expect(Object.keys(invariantSentences)).toContain(invariant);
    }
  });
});
