import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inFlightMax } from "./cluster.ts";
import { scenarioCommands, scenarioSettings } from "./commands.ts";
import { replayScenario } from "./replay.ts";

const folder = join(__dirname, "../../scenarios");
const names = readdirSync(folder);
const manual = readFileSync(join(__dirname, "../../../../docs/scenarios.md"), "utf8");

/** Most lines that a scenario prints: it shows the moment that matters. */
const printedMax = 120;

function textOf(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

/** How many lines the commands of a scenario print. */
function printedLines(text: string): number {
  const printed = text.split("\n----\n").slice(1);
  return printed.reduce((sum, part) => sum + part.split("\n\n")[0]!.trim().split("\n").length, 0);
}

describe("the scenarios", () => {
  it.each(names)("%s prints what it says", (name) => {
    const text = textOf(name);
    expect(replayScenario(text)).toBe(text);
  });

  it.each(names)("%s begins with what it teaches, is short, and is in the manual", (name) => {
    const text = textOf(name);
    expect(text.startsWith("# ")).toBe(true);
    expect(printedLines(text)).toBeLessThanOrEqual(printedMax);
    expect(manual).toContain(`\`${name.replace(/\.txt$/, "")}\``);
  });
});

describe("the manual of the language", () => {
  it("explains every command and every setting", () => {
    for (const word of scenarioCommands.keys())
      expect(manual).toMatch(new RegExp(`^${word}\\b`, "m"));
    for (const [name, option] of scenarioSettings) {
      expect(manual).toContain(`\`${name}\``);
      expect(manual).toContain(`\`${option}\``);
    }
  });

  it("names only scenarios that exist", () => {
    const table = manual.slice(
      manual.indexOf("## Where to begin"),
      manual.indexOf("## How to read"),
    );
    const named = [...table.matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => `${name!}.txt`);
    expect(named.sort()).toEqual([...names].sort());
  });
});

describe("the language of scenarios", () => {
  it("replaces what was printed before", () => {
    const once = replayScenario("nodes 1\ncampaign n1\nstate\n----\nnonsense\n\n# the end\n");
    expect(once).toContain("n1  => leader  t2");
    expect(once).not.toContain("nonsense");
    expect(once).toContain("\n\n# the end\n");
    expect(replayScenario(once)).toBe(once);
  });

  it("keeps a limited number of messages in flight", () => {
    const campaigns = (count: number): string => "campaign n1 quietly\n".repeat(count);
    const full = `nodes 3\n${campaigns(inFlightMax / 2)}----\n`;
    expect(replayScenario(full)).toBe(full);
    const more = `nodes 3\n${campaigns(inFlightMax / 2 + 1)}----\n`;
    expect(() => replayScenario(more)).toThrow("too many messages");
  });

  it("lets messages to servers that do not exist get lost", () => {
    const text = "nodes 1\npass 1 quietly\nchange n1 +[n2]\npass 2 quietly\n----\n";
    expect(replayScenario(text)).toContain("n1  follows the configuration of 3: {n1} [n2]");
  });

  it("does not call a command decided before its index is", () => {
    const away =
      "nodes 3\ncampaign n1\ndeliver quietly\ncut n1\npropose n1 red\nstepDown n1\n----\n";
    expect(replayScenario(away)).not.toContain("red)");
  });

  it.each([
    { text: "tick n1\n----\n", message: "begins with" },
    { text: "nodes 3\ntick n9\n----\n", message: "no server n9" },
    { text: "nodes 3\ndance n1\n----\n", message: "dance" },
    { text: "nodes 3\nconstructor\n----\n", message: "constructor" },
    { text: "nodes 3\ntick n1 often\n----\n", message: "no number" },
    { text: "nodes 3 speed=9\n----\n", message: "no setting" },
    { text: "nodes 3\nlog n1: 2 2\n----\n", message: "configuration" },
    { text: "nodes 3\nlog n1: 1 2 term=1\n----\n", message: "below" },
    { text: "nodes 3\nstate\nlog n1: 1 2\n----\n", message: "has started already" },
    { text: "nodes 3\n\n----\n", message: "missing" },
    { text: "nodes 3\n", message: "missing" },
    { text: "nodes 3\ncrash n1\ntick n1\n----\n", message: "is down" },
    { text: "nodes 3\ncrash n1\npeers n1\n----\n", message: "is down" },
    { text: "nodes 3\nrestart n1\n----\n", message: "is up" },
    { text: "nodes 3\nsnapshot n1\n----\n", message: "nothing to snapshot" },
    { text: "nodes 3\nsnapshot n1 leave 3\n----\n", message: "keep" },
    { text: "nodes 3\nhold n1\n----\n", message: "disk n1" },
    { text: "nodes 3\nfill disk n1\npersist n1\n----\n", message: "no room" },
    { text: "nodes 3\ncopy n1 -> n2 as it\n----\n", message: "nothing of that" },
    { text: "nodes 3\ncampaign n1\ncopy n1 -> n2\n----\n", message: "name" },
    { text: "nodes 3\nreplay it\n----\n", message: "nothing was copied" },
    { text: "nodes 3\njoiner n3\n----\n", message: "already" },
    { text: "nodes 3\njoiner 4\n----\n", message: "is called" },
    { text: "nodes 3\njoiner n4\nlog n4: 1 2\n----\n", message: "configuration" },
    { text: "nodes 3\nchange n1 n4\n----\n", message: 'change "n4"' },
    { text: "nodes 3\nchange n1 +[n4\n----\n", message: 'change "+[n4"' },
    { text: "nodes 3\nchange n1 +n4+\n----\n", message: 'change "+n4+"' },
    { text: "nodes 3\nchange n1 +n4 at=x\n----\n", message: "what is the change" },
    { text: "nodes 3\npause n1\n----\n", message: "no number" },
  ])("refuses $text", ({ text, message }) => {
    expect(() => replayScenario(text)).toThrow(message);
  });
});
