import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../../..");

/** Names of everything that can be seen: tests of any package, and scenarios. */
function known(): ReadonlySet<string> {
  const tests = readdirSync(join(root, "packages"), { recursive: true, encoding: "utf8" })
    .filter((path) => !path.includes("node_modules"))
    .map((path) => /([^/\\]+)\.test\.ts$/.exec(path)?.[1]);
  const scenarios = readdirSync(join(root, "packages/sim/scenarios"));
  return new Set([...tests, ...scenarios.map((name) => name.replace(/\.txt$/, ""))].map(String));
}

const columns = new Set(["test", "tests", "scenario", "seen in"]);

/** What the columns about tests and scenarios name, in all tables of a page. */
function named(page: string): string[] {
  const names: string[] = [];
  let asked: readonly number[] = [];
  for (const line of readFileSync(join(root, "docs", page), "utf8").split("\n")) {
    const cells = line.startsWith("|") ? line.split("|").map((cell) => cell.trim()) : [];
    const header = cells.flatMap((cell, at) => (columns.has(cell) ? [at] : []));
    if (header.length > 0 || cells.length === 0) asked = header;
    for (const at of asked) {
      names.push(...[...(cells[at] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
    }
  }
  return names;
}

describe("the documentation", () => {
  it.each(["raft.md", "divergence.md"])("%s names only tests and scenarios that exist", (page) => {
    const names = named(page);
    const exists = known();
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !exists.has(name))).toEqual([]);
  });
});
