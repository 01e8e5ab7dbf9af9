import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Journal } from "@counter/eventual";

import { eventualConfigOf } from "../test-support/eventual-nodes.ts";
import { logTo } from "../test-support/log-lines.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { configOf } from "../test-support/test-node.ts";
import { openDataDir } from "./data-dir.ts";
import { openEventualDataDir, type EventualDataDir } from "./eventual-data-dir.ts";

let dir: string;
let lines: string[];
const open: EventualDataDir[] = [];

beforeEach(async () => {
  dir = join(await newFolder(), "node");
  lines = [];
});
afterEach(async () => {
  for (const { journal } of open.splice(0)) await journal.close();
});

async function opened(...args: readonly string[]): Promise<EventualDataDir> {
  const config = await eventualConfigOf(`--data-dir=${dir}`, ...args);
  const found = await openEventualDataDir(config, logTo(lines));
  open.push(found);
  return found;
}

async function entriesOf(journal: Journal): Promise<number[]> {
  const entries: number[] = [];
  for await (const entry of journal.load()) entries.push(...entry);
  return entries;
}

async function closed({ journal }: EventualDataDir): Promise<void> {
  await journal.close();
}

async function identityFile(): Promise<unknown> {
  return JSON.parse(await readFile(join(dir, "identity.json"), "utf8"));
}

/** Has taken part, and was stopped. */
async function used(...args: readonly string[]): Promise<EventualDataDir> {
  const first = await opened(...args);
  await entriesOf(first.journal);
  await first.journal.append([Uint8Array.of(1, 2)]);
  await closed(first);
  return first;
}

test("a node keeps its id, its cluster and what it wrote", async () => {
  const first = await used();
  expect(first.identity.nodeId).toMatch(/^[0-9a-f]{32}$/);
  const again = await opened();
  expect(again.identity).toEqual({ ...first.identity, started: true });
  expect(await entriesOf(again.journal)).toEqual([1, 2]);
});

test("two directories are two nodes", async () => {
  const first = await used();
  dir = join(await newFolder(), "node");
  expect((await opened()).identity.nodeId).not.toBe(first.identity.nodeId);
});

test("a named cluster is fixed, and kept when the name is not given again", async () => {
  await used("--cluster-id=blue");
  expect((await opened()).identity).toMatchObject({ clusterId: "blue", clusterName: "blue" });
});

describe("is refused with exit code 3", () => {
  const refusal = (text: string): object => ({
    exitCode: 3,
    message: expect.stringContaining(text) as string,
  });

  test("a directory of another cluster", async () => {
    await used("--cluster-id=blue");
    await expect(opened("--cluster-id=red")).rejects.toMatchObject(refusal("belongs to blue"));
  });

  test("a directory of raft mode, and the other way round", async () => {
    const raft = await configOf(`--data-dir=${dir}`);
    const none = () =>
      Promise.resolve({ beginning: { kind: "peers" }, directoryId: null } as const);
    const { storage } = await openDataDir(raft, logTo(lines), { begin: none });
    await storage.close();
    await expect(opened()).rejects.toMatchObject(refusal("was started with --mode=raft"));
    await rm(dir, { recursive: true });
    await used();
    await expect(openDataDir(raft, logTo(lines), { begin: none })).rejects.toMatchObject(
      refusal("was started with --mode=eventual"),
    );
  });

  test("a directory that another process has", async () => {
    await opened();
    await expect(opened()).rejects.toMatchObject(refusal("is in use by process"));
  });

  test("a directory without the journal it had", async () => {
    await used();
    await rm(join(dir, "journal"), { recursive: true });
    const { journal } = await opened();
    await expect(entriesOf(journal)).rejects.toMatchObject(refusal("has lost its journal"));
  });

  test("a journal whose identity is gone", async () => {
    await used();
    await rm(join(dir, "identity.json"));
    const { journal } = await opened();
    await expect(entriesOf(journal)).rejects.toMatchObject(
      refusal("has a journal but no identity"),
    );
  });

  test("an identity that cannot be read", async () => {
    await mkdir(dir);
    await writeFile(join(dir, "identity.json"), '{"mode":"eventual"}');
    await expect(opened()).rejects.toMatchObject(refusal("damaged or of a newer release"));
  });
});

test("a node that never wrote may begin again", async () => {
  await closed(await opened());
  expect(await entriesOf((await opened()).journal)).toEqual([]);
});

test("a removed node is refused with exit code 4", async () => {
  const first = await used();
  await first.markRemoved();
  expect(await identityFile()).toMatchObject({ started: true, removed: true });
  await expect(opened()).rejects.toMatchObject({ exitCode: 4 });
});

test("in memory every start is another node, leaves no file, and says what it gives up", async () => {
  const first = await opened("--storage=memory");
  await first.journal.append([Uint8Array.of(1)]);
  const second = await opened("--storage=memory");
  expect(second.identity.nodeId).not.toBe(first.identity.nodeId);
  expect([first.durable, second.durable]).toEqual([false, false]);
  expect(await entriesOf(second.journal)).toEqual([]);
  await expect(readFile(join(dir, "identity.json"))).rejects.toMatchObject({ code: "ENOENT" });
  expect(lines[0]).toMatch(/^warn: --storage=memory: .* lost when the process ends/);
});
