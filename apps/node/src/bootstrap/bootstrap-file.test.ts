import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { newFolder } from "../test-support/stored-node.ts";
import { BootstrapFile, formerCandidate } from "./bootstrap-file.ts";
import type { Proposal } from "./types.ts";

const address = "127.0.0.1:1";
const others = ["1", "2"].map((digit) => {
  return { directoryId: digit.repeat(32), address: `127.0.0.1:${digit}` };
});
const proposal = (clusterId: string): Proposal => ({ clusterId, expect: 2, participants: others });

describe("what a candidate keeps", () => {
  it("is its directory id, from the first moment on, and its pledge", async () => {
    const folder = await newFolder();
    const first = await BootstrapFile.open(folder, address);
    const { directoryId } = first.kept;
    expect(first.kept).toEqual({ directoryId, address, pledge: null });
    expect(directoryId).toMatch(/^[0-9a-f]{32}$/);
    expect((await BootstrapFile.open(folder, address)).kept).toEqual(first.kept);
    await first.write(proposal("c1"));
    const again = await BootstrapFile.open(folder, address);
    expect(again.kept).toEqual({ directoryId, address, pledge: proposal("c1") });
    await again.write(null);
    expect((await BootstrapFile.open(folder, address)).kept).toEqual(first.kept);
    expect(await readdir(folder)).toEqual(["bootstrap.json"]);
  });

  it("is what was asked for last, however close together", async () => {
    const folder = await newFolder();
    const file = await BootstrapFile.open(folder, address);
    const pledges = [proposal("c1"), null, proposal("c2"), null, proposal("c3")];
    await Promise.all(pledges.map((pledge) => file.write(pledge)));
    expect((await BootstrapFile.open(folder, address)).kept.pledge).toEqual(proposal("c3"));
  });

  it("moves to another address as long as nothing is promised under the old one", async () => {
    const folder = await newFolder();
    const file = await BootstrapFile.open(folder, address);
    const moved = await BootstrapFile.open(folder, "127.0.0.1:9");
    expect(moved.kept).toEqual({ ...file.kept, address: "127.0.0.1:9" });
    await moved.write(proposal("c1"));
    await expect(BootstrapFile.open(folder, address)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("pledged to a cluster as the node at 127.0.0.1:9") as string,
    });
  });

  it("is not written any more after a write that failed", async () => {
    const folder = await newFolder();
    const file = await BootstrapFile.open(folder, address);
    await rm(folder, { recursive: true });
    await expect(file.write(proposal("c1"))).rejects.toMatchObject({ code: "ENOENT" });
    await mkdir(folder);
    await expect(file.write(null)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    { what: "half a file", text: '{"formatVersion": 1, "direc' },
    { what: "another format", text: '{"formatVersion": 2}' },
    {
      what: "a pledge to nobody",
      text: JSON.stringify({
        formatVersion: 1,
        directoryId: "0".repeat(32),
        address,
        pledge: { clusterId: "c", expect: 1, participants: [] },
      }),
    },
  ])("is not guessed from $what: exit code 3", async ({ text }) => {
    const folder = await newFolder();
    await writeFile(join(folder, "bootstrap.json"), text);
    for (const open of [() => BootstrapFile.open(folder, address), () => formerCandidate(folder)]) {
      await expect(open()).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringContaining("is damaged or of a newer release") as string,
      });
    }
  });
});

describe("a directory that was a candidate and starts in another way", () => {
  it("keeps its id; one that never was has none", async () => {
    const folder = await newFolder();
    expect(await formerCandidate(folder)).toBeNull();
    const { kept } = await BootstrapFile.open(folder, address);
    expect(await formerCandidate(folder)).toBe(kept.directoryId);
  });

  it("is refused while it is pledged: the cluster may have begun", async () => {
    const folder = await newFolder();
    await (await BootstrapFile.open(folder, address)).write(proposal("c1"));
    await expect(formerCandidate(folder)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("start it with --bootstrap-expect=2") as string,
    });
  });
});
