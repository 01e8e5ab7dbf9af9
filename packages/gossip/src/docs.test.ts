import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defaultLimits } from "./index.ts";

const root = join(__dirname, "../../..");
const page = readFileSync(join(root, "docs/gossip.md"), "utf8");
const core = join(__dirname, "core");

/** The tables in which each row is a rule: its name, where it is and what tests it. */
const rules = [...page.matchAll(/^\| ([A-Z]\d) \| .* \| (.+) \| (.+) \|$/gm)].filter(
  ([, name]) => !name!.startsWith("G"),
);

describe("docs/gossip.md", () => {
  it("has every rule that the core states, and no other", () => {
    const stated = readdirSync(core)
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .flatMap((file) => [
        ...readFileSync(join(core, file), "utf8").matchAll(/^ \* ([A-Z]\d) [A-Z]/gm),
      ])
      .map(([, name]) => name!);
    expect(stated.length).toBeGreaterThan(10);
    expect(rules.map(([, name]) => name!).sort()).toEqual(stated.sort());
  });

  it("names sources and tests that exist", () => {
    const tests = ["packages/gossip/src/core", "packages/sim/src/gossip"].flatMap((folder) =>
      readdirSync(join(root, folder)).map((file) => `\`${file.replace(/\.test\.ts$/, "")}\``),
    );
    for (const [, , sources, tested] of rules) {
      for (const [, source] of sources!.matchAll(/`core\/([^`]+)`/g)) {
        expect(readdirSync(core)).toContain(source);
      }
      for (const test of tested!.split(", ")) expect(tests).toContain(test);
    }
  });

  it("has every limit", () => {
    for (const name of Object.keys(defaultLimits)) expect(page).toContain(`\`${name}\``);
  });
});
