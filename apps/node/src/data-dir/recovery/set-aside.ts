/** Makes room for a new node where a damaged one was, without deleting anything. */
import { rename } from "node:fs/promises";
import { join } from "node:path";

import { syncFolder } from "../durable-file.ts";
import { identityFileName } from "../identity-file.ts";
import { peersFileName } from "../peer-directories.ts";
import { exists, logFolder } from "./inspection.ts";

/** Most damaged logs that are kept in one data directory; more are refused, none is removed. */
export const damagedMax: number = 9;

/**
 * The identity goes last: a directory with an identity and no log is refused by the node, and an
 * interrupted run can be repeated.
 */
const moved = [logFolder, peersFileName, identityFileName] as const;

/**
 * Renames the log, the identity and what is known of peers to `<name>.damaged-<n>`. To be called
 * under the lock of the directory. Durable when it resolves.
 *
 * @returns the new names, in the data directory
 */
export async function setAside(dataDir: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of moved) if (await exists(join(dataDir, name))) names.push(name);
  const number = await freeNumber(dataDir, names);
  const targets = names.map((name) => `${name}.damaged-${number}`);
  for (const [place, name] of names.entries()) {
    await rename(join(dataDir, name), join(dataDir, targets[place]!));
    await syncFolder(dataDir);
  }
  return targets;
}

async function freeNumber(dataDir: string, names: readonly string[]): Promise<number> {
  for (let number = 1; number <= damagedMax; number += 1) {
    const taken = await Promise.all(
      names.map((name) => exists(join(dataDir, `${name}.damaged-${number}`))),
    );
    if (!taken.includes(true)) return number;
  }
  throw new Error(
    `${dataDir} holds ${damagedMax} damaged logs already (*.damaged-<n>): move some elsewhere first`,
  );
}
