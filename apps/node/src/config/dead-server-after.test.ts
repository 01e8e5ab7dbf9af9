import { configOf } from "../test-support/test-node.ts";
import { readConfig } from "./config.ts";

describe("--dead-server-after", () => {
  test.each<[readonly string[], number | null]>([
    [[], 86_400_000],
    [["--dead-server-after=10s"], 10_000],
    [["--dead-server-after=8760h"], 31_536_000_000],
    [["--dead-server-after=off"], null],
  ])("%j", async (args, expected) => {
    expect((await configOf(...args)).deadServerAfterMs).toBe(expected);
  });

  test.each([
    [["--dead-server-after=9s"], "10s"],
    [["--dead-server-after=8761h"], "8760h"],
    [["--dead-server-after=never"], "never"],
    [["--dead-server-after=10s", "--mode=eventual"], "raft"],
  ])("%j is refused", async (args, says) => {
    const result = await readConfig(args, {});
    if (result.kind !== "problems") throw new Error(result.kind);
    expect(result.problems.join("\n")).toContain("--dead-server-after");
    expect(result.problems.join("\n")).toContain(says);
  });
});
