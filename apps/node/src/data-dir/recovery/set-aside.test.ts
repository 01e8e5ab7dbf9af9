import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { contentsOf, damageLog, run } from "../../test-support/recover-run.ts";
import { members, storedNode, type StoredNode } from "../../test-support/stored-node.ts";
import { damagedMax } from "./set-aside.ts";

describe("setting a damaged log aside", () => {
  it("renames log, peers and identity, and deletes nothing", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    await writeFile(join(dataDir, "peers.json"), "{}");
    await damageLog(dataDir);
    const before = await contentsOf(dataDir);
    const { code, out } = await run(dataDir, "--set-aside");
    expect(code).toBe(0);
    expect(out).toContain("NEW server");
    expect((await readdir(dataDir)).sort()).toEqual([
      "identity.json.damaged-1",
      "peers.json.damaged-1",
      "raft.damaged-1",
    ]);
    expect(Object.values(await contentsOf(dataDir)).sort()).toEqual(Object.values(before).sort());
  });

  it("is finished by a second run when it was interrupted", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    await cp(join(dataDir, "raft"), join(dataDir, "raft.damaged-1"), { recursive: true });
    await rm(join(dataDir, "raft"), { recursive: true });
    const { code, out } = await run(dataDir, "--set-aside");
    expect(code).toBe(0);
    expect(out).toContain("has lost its log");
    expect(await readdir(dataDir)).toEqual(["identity.json.damaged-1", "raft.damaged-1"]);
  });

  it(`keeps at most ${damagedMax} damaged logs`, async () => {
    const dataDir = await storedNode({ log: "1 2" });
    const names = Array.from({ length: damagedMax }, (_, at) => `raft.damaged-${at + 1}`);
    for (const name of names) await mkdir(join(dataDir, name));
    await damageLog(dataDir);
    const refused = await run(dataDir, "--set-aside");
    expect(refused.code).toBe(1);
    expect(refused.error).toContain(`holds ${damagedMax} damaged logs`);
    await rm(join(dataDir, names.at(-1)!), { recursive: true });
    expect((await run(dataDir, "--set-aside")).out).toContain(names.at(-1));
  });

  it.each<{ what: string; node: StoredNode }>([
    { what: "a sound log", node: { log: "1 2" } },
    { what: "the log of a lone node", node: { log: "1", voters: [members[0]!] } },
  ])("is refused for $what", async ({ node }) => {
    const dataDir = await storedNode(node);
    const before = await contentsOf(dataDir);
    const { code, error } = await run(dataDir, "--set-aside");
    expect(code).toBe(1);
    expect(error).toContain("there is no damage");
    expect(await contentsOf(dataDir)).toEqual(before);
  });

  it("is refused for a log that has only lost its identity", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    await rm(join(dataDir, "identity.json"));
    const { code, out } = await run(dataDir, "--set-aside");
    expect(code).toBe(1);
    expect(out).toContain("bring that file back");
    expect(await readdir(dataDir)).toEqual(["raft"]);
  });
});
