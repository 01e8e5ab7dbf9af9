import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { logTo } from "../test-support/log-lines.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { readConfig } from "./config.ts";
import { takeLogLevel } from "./log-level-again.ts";

test("the level of the file is taken again, and stays where the file can no more be read", async () => {
  const path = join(await newFolder(), "counter.yaml");
  const lines: string[] = [];
  const log = logTo(lines);
  const again = async (text: string): Promise<string> => {
    await writeFile(path, text);
    takeLogLevel(log, await readConfig([`--config=${path}`], {}));
    return log.level;
  };
  expect(await again("log-level: error")).toBe("error");
  expect(await again("log-level: info")).toBe("info");
  expect(lines.at(-1)).toMatch(/info from now on/);
  expect(await again("log-level: loud")).toBe("info");
  expect(lines.at(-1)).toMatch(/nothing was changed/);
  expect(await again("port: 8080")).toBe("info");
});

test("a flag wins over the file", async () => {
  const path = join(await newFolder(), "counter.yaml");
  await writeFile(path, "log-level: debug");
  const log = logTo([]);
  takeLogLevel(log, await readConfig([`--config=${path}`, "--log-level=error"], {}));
  expect(log.level).toBe("error");
});
