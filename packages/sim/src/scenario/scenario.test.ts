import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { replayScenario } from "./replay.ts";

const folder = join(__dirname, "../../scenarios");

describe("the scenarios", () => {
  it.each(readdirSync(folder))("%s prints what it says", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    expect(replayScenario(text)).toBe(text);
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

  it.each([
    { text: "tick n1\n----\n", message: "begins with" },
    { text: "nodes 3\ntick n9\n----\n", message: "no server n9" },
    { text: "nodes 3\ndance n1\n----\n", message: "dance" },
    { text: "nodes 3\ntick n1 often\n----\n", message: "no number" },
    { text: "nodes 3 speed=9\n----\n", message: "no setting" },
    { text: "nodes 3\nlog n1: 2 2\n----\n", message: "configuration" },
    { text: "nodes 3\n\n----\n", message: "missing" },
    { text: "nodes 3\n", message: "missing" },
    { text: "nodes 3\ncrash n1\ntick n1\n----\n", message: "is down" },
  ])("refuses $text", ({ text, message }) => {
    expect(() => replayScenario(text)).toThrow(message);
  });
});
