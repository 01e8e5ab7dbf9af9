/** The recovery tool as a person runs it, and what it left on the disk. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { PersistedState } from "@counter/raft";
import { openFileStorage } from "@counter/storage-file";

import { runRecoverTool } from "../data-dir/recovery/recover-tool.ts";

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export async function run(...args: readonly string[]): Promise<Run> {
  const out: string[] = [];
  const error: string[] = [];
  const code = await runRecoverTool(args, {
    out: (line) => out.push(line),
    error: (line) => error.push(line),
  });
  return { code, out: out.join("\n"), error: error.join("\n") };
}

/** With the confirmation that the tool wants. */
export function goAlone(
  dataDir: string,
  clusterId: string = "c1",
  ...more: readonly string[]
): Promise<Run> {
  return run(dataDir, "--as-single-node", `--confirm=${clusterId}`, ...more);
}

/** What its node would start from. */
export async function persisted(dataDir: string): Promise<PersistedState> {
  const storage = await openFileStorage(join(dataDir, "raft"));
  const state = await storage.load();
  await storage.close();
  return state!;
}

/** Every file below a folder with its bytes, the note of who holds the lock apart. */
export async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile() && name.name !== "lock");
  const read = files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    return [path.slice(folder.length), (await readFile(path)).toString("hex")] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** Flips bits in the middle of its log. */
export async function damageLog(dataDir: string): Promise<void> {
  const path = join(dataDir, "raft", "wal-0000000000000001.log");
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0xff, 300, 301));
}
