import { readConfig } from "./config.ts";
import { flagSpecs } from "./flags.ts";

describe("help", () => {
  test("every flag is explained together with its variable", async () => {
    const result = await readConfig(["--help"], {});
    if (result.kind !== "text") throw new Error("no help");
    for (const flag of Object.keys(flagSpecs)) expect(result.text).toContain(`--${flag}`);
    expect(result.text).toContain("COUNTER_DATA_DIR");
    expect(result.text).toContain("Examples");
  });

  test("an example is a line that can be copied, below what it does", async () => {
    const result = await readConfig(["--help"], {});
    if (result.kind !== "text") throw new Error("no help");
    expect(result.text).toContain(`
  one of three that each count on alone when they are cut off
    node apps/node/dist/main.js --mode=eventual --port=8080 --peers=8081,8082
`);
    expect(Math.max(...result.text.split("\n").map((line) => line.length))).toBeLessThan(101);
  });

  test("--version asks for the version", async () => {
    expect(await readConfig(["--version"], {})).toEqual({ kind: "version" });
  });
});
