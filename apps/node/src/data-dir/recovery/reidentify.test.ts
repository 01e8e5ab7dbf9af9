import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openFileJournal, openFileStorage } from "@counter/storage-file";

import { contentsOf, type Run } from "../../test-support/recover-run.ts";
import { members, newFolder, storedNode } from "../../test-support/stored-node.ts";
import { newEventualIdentity, writeEventualIdentity } from "../eventual-identity.ts";
import { runReidentifyTool } from "./reidentify.ts";

async function run(dataDir: string, confirm: string | null = null): Promise<Run> {
  const out: string[] = [];
  const error: string[] = [];
  const streams = {
    out: (line: string) => out.push(line),
    error: (line: string) => error.push(line),
  };
  const code = await runReidentifyTool({ dataDir, confirm }, streams);
  return { code, out: out.join("\n"), error: error.join("\n") };
}

async function eventualNode(): Promise<{ readonly dataDir: string; readonly id: string }> {
  const dataDir = await newFolder();
  const identity = newEventualIdentity({ label: "stored", clusterName: null });
  await writeEventualIdentity(dataDir, identity);
  const journal = await openFileJournal(join(dataDir, "journal"));
  await journal.append([Uint8Array.of(1)]);
  await journal.close();
  return { dataDir, id: identity.nodeId };
}

describe("making another node of a directory", () => {
  it("says whose it is, and changes nothing before that node is named", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    const before = await contentsOf(dataDir);
    for (const confirm of [null, members[2]!]) {
      const { code, out, error } = await run(dataDir, confirm);
      expect(code).toBe(2);
      expect(out).toContain("in raft mode");
      expect(error).toContain(`--confirm=${members[0]!}`);
    }
    expect(await contentsOf(dataDir)).toEqual(before);
  });

  it("sets all aside that makes up a node of Raft mode, and deletes nothing", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    for (const name of ["peers.json", "gossip.json", "bootstrap.json"]) {
      await writeFile(join(dataDir, name), "{}");
    }
    const before = await contentsOf(dataDir);
    expect(await run(dataDir, members[0])).toMatchObject({ code: 0, error: "" });
    expect((await readdir(dataDir)).sort()).toEqual([
      ...["bootstrap.json.former-1", "gossip.json.former-1", "identity.json.former-1"],
      ...["peers.json.former-1", "raft.former-1"],
    ]);
    expect(Object.values(await contentsOf(dataDir)).sort()).toEqual(Object.values(before).sort());
    expect((await run(dataDir, members[0])).error).toContain("nobody's yet");
  });

  it("does so with a node of eventual mode", async () => {
    const { dataDir, id } = await eventualNode();
    expect((await run(dataDir)).out).toContain("in no sum");
    expect((await run(dataDir, id)).code).toBe(0);
    expect((await readdir(dataDir)).sort()).toEqual(["identity.json.former-1", "journal.former-1"]);
  });

  it("is refused while the node runs, whatever its mode", async () => {
    const raft = await storedNode({ log: "1" });
    const storage = await openFileStorage(join(raft, "raft"));
    expect((await run(raft, members[0])).code).toBe(1);
    await storage.close();
    const { dataDir, id } = await eventualNode();
    const journal = await openFileJournal(join(dataDir, "journal"));
    expect((await run(dataDir, id)).code).toBe(1);
    await journal.close();
    expect((await run(dataDir, id)).code).toBe(0);
  });

  it("is refused where nothing is, and where nobody was", async () => {
    const dataDir = await newFolder();
    expect((await run(join(dataDir, "missing"))).code).toBe(2);
    expect((await run(dataDir)).code).toBe(1);
    await mkdir(join(dataDir, "raft"));
    expect((await run(dataDir)).code).toBe(1);
  });
});
