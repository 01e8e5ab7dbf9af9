import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readConfig, type NodeConfig } from "../config/config.ts";
import { checkIdentity, newIdentity, readIdentity, writeIdentity } from "./identity.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "identity-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function configOf(...args: string[]): Promise<NodeConfig> {
  const result = await readConfig([`--data-dir=${dir}`, ...args], {});
  if (result.kind !== "config") throw new Error(JSON.stringify(result));
  return result.config;
}

test("a directory that was never started has no identity", async () => {
  expect(await readIdentity(dir)).toBeNull();
});

test("an identity is read back as it was written, and nothing else is left behind", async () => {
  const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
  await writeIdentity(dir, identity);
  expect(await readIdentity(dir)).toEqual(identity);
  expect(await readdir(dir)).toEqual(["identity.json"]);
});

test("two directories of one address differ in their directory id", async () => {
  const config = await configOf();
  expect(newIdentity(config).directoryId).not.toBe(newIdentity(config).directoryId);
});

describe("an existing directory", () => {
  it.each([
    { now: ["--port=1", "--peers=2,3"], says: null, because: "nothing changed" },
    { now: ["--port=1", "--peers=3,2,1"], says: null, because: "the order does not matter" },
    {
      now: ["--port=1", "--peers=2,4"],
      says: /--peers is ignored/,
      because: "members are in the log",
    },
  ])("is started with $now: $because", async ({ now, says }) => {
    const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
    const warnings = checkIdentity(identity, await configOf(...now));
    if (says === null) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(says)]);
  });

  it.each([
    { now: ["--port=2", "--peers=1,3"], says: /belongs to the node at 127.0.0.1:1/ },
    { now: ["--port=1", "--cluster-id=other"], says: /belongs to the cluster/ },
  ])("is refused for $now", async ({ now, says }) => {
    const identity = newIdentity(await configOf("--port=1", "--peers=2,3"));
    const config = await configOf(...now);
    expect(() => checkIdentity(identity, config)).toThrow(says);
  });

  it.each([
    { content: "{", says: /damaged or of a newer release/ },
    { content: '{"formatVersion":2,"mode":"raft"}', says: /damaged or of a newer release/ },
    { content: '{"formatVersion":1,"mode":"eventual"}', says: /--mode=eventual/ },
  ])("with $content in it is refused", async ({ content, says }) => {
    await writeFile(join(dir, "identity.json"), content);
    await expect(readIdentity(dir)).rejects.toThrow(says);
    expect(await readFile(join(dir, "identity.json"), "utf8")).toBe(content);
  });
});
