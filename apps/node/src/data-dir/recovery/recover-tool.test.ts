import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { decodeConfiguration } from "@counter/raft";
import { openFileStorage } from "@counter/storage-file";

import { contentsOf, damageLog, goAlone, persisted, run } from "../../test-support/recover-run.ts";
import { identityOf, members, newFolder, storedNode } from "../../test-support/stored-node.ts";
import { configOf } from "../../test-support/test-node.ts";
import { newEventualIdentity, writeEventualIdentity } from "../eventual-identity.ts";
import { checkIdentity, readIdentity, writeIdentity } from "../identity.ts";
import { copiesMax } from "./copies.ts";
import { withDataDir } from "./inspection.ts";
import { recoverAlone } from "./recover-alone.ts";
import { directoriesMax } from "./recover-tool.ts";

describe("showing", () => {
  it("tells what a stopped node holds and how to go on, and changes nothing", async () => {
    const dataDir = await storedNode({ log: "1 2 2 3", commitIndex: 3 });
    const before = await contentsOf(dirname(dataDir));
    const { code, out } = await run(dataDir);
    expect(code).toBe(0);
    for (const fact of [
      "127.0.0.1:1",
      "last entry  4@3",
      "up to 3 for certain; of the last entry it is not known",
      "voters      127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3",
      "First try to bring back the others (127.0.0.1:2, 127.0.0.1:3)",
      `${dataDir} --as-single-node --confirm=c1`,
      "what follows entry 3, up to 4, becomes committed",
      "must never run again",
    ]) {
      expect(out).toContain(fact);
    }
    expect(await contentsOf(dirname(dataDir))).toEqual(before);
  });

  it("of a log that is known to be committed there is nothing to contradict", async () => {
    const { out } = await run(await storedNode({ log: "1 2", commitIndex: 2 }));
    expect(out).toContain("that is the whole log");
    expect(out).not.toContain("Contradicted");
  });

  it("warns of a survivor that was no voter", async () => {
    const { out } = await run(await storedNode({ log: "1", voters: members.slice(1) }));
    expect(out).toContain("this node is no voter");
  });

  it("refuses while the node runs", async () => {
    const dataDir = await storedNode({ log: "1" });
    const storage = await openFileStorage(join(dataDir, "raft"));
    const { code, error } = await run(dataDir);
    expect(code).toBe(1);
    expect(error).toContain(`in use by process ${process.pid}`);
    await storage.close();
  });
});

describe("which of the survivors to go on from (§5.4.1)", () => {
  const five = [...members, "127.0.0.1:4", "127.0.0.1:5"];
  it.each([
    { first: "1 2 2", second: "1 2 2 2", best: 1, because: "same last term, longer" },
    { first: "1 3", second: "1 2 2 2", best: 0, because: "a later last term, though shorter" },
    { first: "1 2 3", second: "1 2 2", best: 0, because: "same length, a later last term" },
    { first: "1 2", second: "1 2", best: 0, because: "either will do" },
  ])("$first and $second: $because", async ({ first, second, best }) => {
    const dirs = [
      await storedNode({ log: first, voters: five }),
      await storedNode({ log: second, voters: five, address: members[1]! }),
    ];
    const { code, out } = await run(...dirs);
    expect(code).toBe(0);
    expect(out).toContain(`  1. ${dirs[best]!}  `);
    expect(out).toContain(`npm run recover -- ${dirs[best]!} --as-single-node`);
  });

  it("a majority needs no recovery, and is told to start as it is", async () => {
    const dirs = [
      await storedNode({ log: "1 2" }),
      await storedNode({ log: "1", address: members[1]! }),
    ];
    const { out } = await run(...dirs);
    expect(out).toContain("No recovery is needed");
    expect(out).not.toContain("--as-single-node");
  });

  it("does not compare servers of different clusters", async () => {
    const dirs = [
      await storedNode({ log: "1" }),
      await storedNode({ log: "1", clusterId: "other" }),
    ];
    const { code, out } = await run(...dirs);
    expect(code).toBe(1);
    expect(out).toContain("not servers of one cluster");
  });

  it("goes on with those that are sound, and names the damaged one", async () => {
    const sound = await storedNode({ log: "1 2" });
    const damaged = await storedNode({ log: "1 2", address: members[1]! });
    await damageLog(damaged);
    const { code, out } = await run(damaged, sound);
    expect(code).toBe(0);
    expect(out).toContain("is damaged at byte");
    expect(out).toContain(`${sound} --as-single-node`);
    expect(out).toContain(`${damaged} cannot go on`);
  });
});

it("a node that was to join and has received nothing yet is nothing to recover from", async () => {
  const dataDir = join(await newFolder(), "node");
  const storage = await openFileStorage(join(dataDir, "raft"));
  await storage.write({
    hardState: { term: 0, vote: null, commitIndex: 0 },
    entries: [],
    chunk: null,
  });
  await storage.close();
  await writeIdentity(dataDir, { ...identityOf("127.0.0.1:4"), members: [] });
  const { out } = await run(dataDir);
  expect(out).toContain("was to join a cluster");
  expect((await goAlone(dataDir)).code).not.toBe(0);
});

describe("going on alone", () => {
  it("is the only voter behind the whole log, in a new term and under a new cluster id", async () => {
    const dataDir = await storedNode({ log: "1 2 2", commitIndex: 2 });
    await writeFile(join(dataDir, "peers.json"), "{}");
    const old = await persisted(dataDir);
    const { code, out } = await goAlone(dataDir);
    expect(code).toBe(0);
    const { hardState, entries } = await persisted(dataDir);
    expect(hardState).toEqual({ term: 3, vote: null, commitIndex: 2 });
    expect(entries.slice(0, -1)).toEqual(old.entries);
    const last = entries.at(-1)!;
    expect(last).toMatchObject({ index: 4, term: 3, kind: "configuration" });
    expect(decodeConfiguration(last.data)).toMatchObject({
      members: [{ id: members[0], address: members[0] }],
      voters: [members[0]],
      outgoing: [],
      learners: [],
    });
    const identity = (await readIdentity(dataDir))!;
    const { clusterId } = identity;
    expect(clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(identity).toEqual({ ...identityOf(members[0]!, clusterId), members: [members[0]] });
    expect(await readdir(dataDir)).not.toContain("peers.json");
    expect(out).toContain(clusterId);
    expect(out).toContain("--port=1");
  });

  it("keeps the name of a node that had joined, and forgets that it was removed", async () => {
    const name = "127.0.0.1:1~01234567";
    const dataDir = await storedNode({ log: "1 2", voters: [name, members[1]!] });
    const joined = { ...identityOf(members[0]!), nodeId: name, members: [], removed: true };
    await writeIdentity(dataDir, joined);
    expect((await goAlone(dataDir)).code).toBe(0);
    const { entries } = await persisted(dataDir);
    expect(decodeConfiguration(entries.at(-1)!.data).voters).toEqual([name]);
    const identity = (await readIdentity(dataDir))!;
    expect(identity).toMatchObject({ nodeId: name, members: [members[0]], removed: false });
    const config = await configOf("--port=1", `--data-dir=${dataDir}`);
    expect(checkIdentity(identity, config)).toEqual([]); // nothing to warn of
  });

  it("copies the directory first, byte by byte", async () => {
    const dataDir = await storedNode({ log: "1 2 2" });
    const before = await contentsOf(dataDir);
    await goAlone(dataDir);
    expect(await contentsOf(`${dataDir}.before-recovery-1`)).toEqual(before);
    expect(await contentsOf(dataDir)).not.toEqual(before);
  });

  it.each<{ what: string; args: string[]; says: string }>([
    { what: "without a confirmation", args: [], says: "say so: --confirm=c1" },
    { what: "with another cluster id", args: ["--confirm=c2"], says: "no node of the cluster c2" },
  ])("$what nothing is changed, and the warning is shown", async ({ args, says }) => {
    const dataDir = await storedNode({ log: "1 2 2" });
    const before = await contentsOf(dirname(dataDir));
    const { code, out, error } = await run(dataDir, "--as-single-node", ...args);
    expect(code).toBe(2);
    expect(error).toContain(says);
    expect(out).toContain("RECOVERY BREAKS THE PROMISE");
    expect(await contentsOf(dirname(dataDir))).toEqual(before);
  });

  it("is refused a second time: the node is a majority by itself now", async () => {
    const dataDir = await storedNode({ log: "1" });
    await goAlone(dataDir);
    const { clusterId } = (await readIdentity(dataDir))!;
    const { code, error } = await goAlone(dataDir, clusterId);
    expect(code).toBe(1);
    expect(error).toContain("a majority by itself");
  });

  it("never is a lone voter under the old cluster id, and is run again when the log fails", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    const before = await persisted(dataDir);
    const failing = withDataDir(dataDir, async ({ inspection, storage }) => {
      if (inspection.kind !== "sound" || storage === null) throw new Error("it is sound");
      const open = () => Promise.reject(new Error("EIO"));
      await recoverAlone(inspection, { ...storage, open }, { copyTo: null });
    });
    await expect(failing).rejects.toThrow(/not finished: EIO.*--confirm=[0-9a-f]{32}/);
    const { clusterId } = (await readIdentity(dataDir))!;
    expect(clusterId).not.toBe("c1");
    expect(await persisted(dataDir)).toEqual(before);
    expect((await goAlone(dataDir, clusterId)).code).toBe(0);
    expect((await persisted(dataDir)).entries).toHaveLength(3);
  });

  it("puts the copy elsewhere when told so, and nowhere over something", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    const before = await contentsOf(dataDir);
    const elsewhere = join(await newFolder(), "copy");
    await mkdir(elsewhere);
    expect(await goAlone(dataDir, "c1", `--copy-to=${elsewhere}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining("is there already") as string,
    });
    const inside = await goAlone(dataDir, "c1", `--copy-to=${join(dataDir, "copy")}`);
    expect(inside.error).toContain("lies inside of what is copied");
    expect(await contentsOf(dataDir)).toEqual(before);
    await rm(elsewhere, { recursive: true });
    expect((await goAlone(dataDir, "c1", `--copy-to=${elsewhere}`)).code).toBe(0);
    expect(await contentsOf(elsewhere)).toEqual(before);
  });

  it(`keeps at most ${copiesMax} copies, and removes none`, async () => {
    const dataDir = await storedNode({ log: "1 2" });
    const names = Array.from({ length: copiesMax }, (_, at) => `node.before-recovery-${at + 1}`);
    for (const name of names.slice(0, -1)) await mkdir(join(dirname(dataDir), name));
    const last = await storedNode({ log: "1 2" });
    const before = await contentsOf(last);
    expect((await goAlone(dataDir)).out).toContain(names.at(-1));
    await rm(dataDir, { recursive: true });
    await cp(last, dataDir, { recursive: true });
    const { code, error } = await goAlone(dataDir);
    expect(code).toBe(1);
    expect(error).toContain(`there are ${copiesMax} copies`);
    expect(await contentsOf(dataDir)).toEqual(before);
  });

  it("is refused for a damaged log", async () => {
    const dataDir = await storedNode({ log: "1 2" });
    await damageLog(dataDir);
    const { code, out, error } = await goAlone(dataDir);
    expect(code).toBe(1);
    expect(out).toContain("is damaged at byte");
    expect(error).toContain("Nothing was changed");
  });
});

describe("arguments", () => {
  it("explains itself", async () => {
    expect(await run("--help")).toMatchObject({ code: 0 });
    expect((await run("--help")).out).toContain("docs/runbooks/lost-quorum.md");
    expect(await run()).toMatchObject({ code: 2 });
  });

  it.each([
    { args: ["--wrong", "."], says: "--wrong" },
    { args: ["--as-single-node"], says: "name a data directory" },
    { args: ["/does/not/exist"], says: "there is no directory" },
    { args: [".", "--as-single-node", "--set-aside"], says: "choose one" },
    { args: [".", "..", "--set-aside"], says: "only one directory" },
    { args: [".", "--confirm=x"], says: "belong to --as-single-node" },
    { args: [".", "--set-aside", "--copy-to=x"], says: "belong to --as-single-node" },
    { args: Array.from({ length: directoriesMax + 1 }, () => "."), says: "at most 64" },
  ])("wrong ones end with 2: $says", async ({ args, says }) => {
    const { code, error } = await run(...args);
    expect(code).toBe(2);
    expect(error).toContain(says);
  });

  it("says of a directory of eventual mode that it needs no recovery, and what helps", async () => {
    const dataDir = await newFolder();
    const identity = newEventualIdentity({ label: "stored", clusterName: null });
    await writeEventualIdentity(dataDir, identity);
    const nameless = await newFolder();
    await mkdir(join(nameless, "journal"));
    const sound = await storedNode({ log: "1 2" });
    for (const args of [[dataDir], [nameless], [sound, dataDir], [dataDir, "--as-single-node"]]) {
      const { code, error } = await run(...args);
      expect(code).toBe(1);
      expect(error).toMatch(/directory of eventual mode: nothing was changed[^]*--mode=eventual/);
    }
  });

  it("says that there is no node in an empty directory", async () => {
    const { code, out } = await run(await newFolder());
    expect(code).toBe(1);
    expect(out).toContain("no node was ever started on it");
  });
});
