/** Copies of data directories, made before one is changed for good: complete, or not there at all. */
import { cp, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { messageOf } from "../../process/error-text.ts";
import { syncFolder } from "../durable-file.ts";
import { exists } from "./inspection.ts";

/** Most copies that are kept beside a data directory; more are refused, none is ever removed. */
export const copiesMax: number = 9;

/**
 * Copies a data directory that nobody uses. Durable when it resolves.
 *
 * @param to - a path at which nothing is yet; `null` means `<data directory>.before-recovery-<n>`
 * @returns where the copy is
 */
export async function copyDataDir(dataDir: string, to: string | null): Promise<string> {
  const target = to === null ? await freeName(resolve(dataDir)) : resolve(to);
  if (await exists(target)) throw new Error(`${target} is there already: give another --copy-to`);
  if (target.startsWith(`${resolve(dataDir)}/`)) {
    throw new Error(`${target} lies inside of what is copied: give another --copy-to`);
  }
  const partial = `${target}.partial`;
  try {
    await rm(partial, { recursive: true, force: true }); // of a run that was interrupted
    await cp(dataDir, partial, { recursive: true, dereference: true });
    await syncTree(partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    const message = `no copy could be made at ${target}, and nothing was changed: ${messageOf(error)}. Make room, or give a place on another disk with --copy-to=<new directory>`;
    throw new Error(message, { cause: error });
  }
  await syncFolder(dirname(target));
  return target;
}

async function freeName(dataDir: string): Promise<string> {
  for (let number = 1; number <= copiesMax; number += 1) {
    const name = `${dataDir}.before-recovery-${number}`;
    if (!(await exists(name))) return name;
  }
  throw new Error(
    `there are ${copiesMax} copies beside ${dataDir} already (….before-recovery-<n>): move some elsewhere, or give --copy-to=<new directory>`,
  );
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else await syncFile(path);
  }
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
