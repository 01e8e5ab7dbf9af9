import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import * as sim from "./index.ts";
import type { BatchResult } from "./index.ts";

const readme = readFileSync(join(__dirname, "../README.md"), "utf8");

describe("the README", () => {
  it("shows an example that runs, and whose state machine survives five seeds", async () => {
    const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
    const body = example.replace(/^import .*$/gm, "");
    const { outputText } = ts.transpileModule(
      `async function main() {${body}\nreturn failures; }`,
      {
        compilerOptions: { target: ts.ScriptTarget.ES2022 },
      },
    );
    const run = runInNewContext(`(runSeeds) => { ${outputText}; return main(); }`, {
      ...{ Uint8Array, console },
    }) as (runSeeds: typeof sim.runSeeds) => Promise<BatchResult["failures"]>;
    expect(await run(sim.runSeeds)).toEqual([]);
  });
});
