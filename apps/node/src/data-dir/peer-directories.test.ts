import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PeerDirectories, peersMax } from "./peer-directories.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "peers-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test("what was remembered is there after a restart", async () => {
  const before = await PeerDirectories.open(dir);
  expect(before.get("a:1")).toBeNull();
  await Promise.all([before.remember("a:1", "x"), before.remember("b:1", "y")]);
  const after = await PeerDirectories.open(dir);
  expect([after.get("a:1"), after.get("b:1"), after.get("c:1")]).toEqual(["x", "y", null]);
});

test("more peers than any cluster has are refused", async () => {
  const peers = await PeerDirectories.open(dir);
  const ids = Array.from({ length: peersMax }, (_, place) => `n${place}:1`);
  await Promise.all(ids.map((id) => peers.remember(id, "x")));
  await expect(peers.remember("one-more:1", "x")).rejects.toThrow(/peers were seen/);
});

test("a damaged file stops the start", async () => {
  await writeFile(join(dir, "peers.json"), "{}");
  await expect(PeerDirectories.open(dir)).rejects.toThrow(/damaged/);
});
