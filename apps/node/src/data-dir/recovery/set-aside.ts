/** Makes room for a new node where a former one was, without deleting anything. */
import { rename } from "node:fs/promises";
import { join } from "node:path";

import { syncFolder } from "../durable-file.ts";
import { bootstrapFileName } from "../../bootstrap/bootstrap-file.ts";
import { gossipFileName } from "../../gossip/gossip-file.ts";
import { journalFolder } from "../eventual-data-dir.ts";
import { identityFileName } from "../identity-file.ts";
import { peersFileName } from "../peer-directories.ts";
import { exists, logFolder } from "./inspection.ts";

/** Most damaged, and most former logs that are kept in one data directory; more are refused, none is removed. */
export const damagedMax: number = 9;

/**
 * The identity goes last: a directory with an identity and no log is refused by the node, and an
 * interrupted run can be repeated.
 */
const moved = {
  damaged: [logFolder, peersFileName, identityFileName],
  /** All that says who the node was, also to those who gossip. */
  former: [
    ...[logFolder, journalFolder, peersFileName],
    ...[bootstrapFileName, gossipFileName, identityFileName],
  ],
} as const;

/** What it was before: a log that was damaged, or all of a node that is to be another one. */
export type Former = keyof typeof moved;

/**
 * Renames the log, the identity and what is known of others to `<name>.<former>-<n>`. To be called
 * under the lock of the directory. Durable when it resolves.
 *
 * @returns the new names, in the data directory
 */
export async function setAside(
  dataDir: string,
  former: Former = "damaged",
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const name of moved[former]) if (await exists(join(dataDir, name))) names.push(name);
  const number = await freeNumber(dataDir, names, former);
  const targets = names.map((name) => `${name}.${former}-${number}`);
  for (const [place, name] of names.entries()) {
    await rename(join(dataDir, name), join(dataDir, targets[place]!));
    await syncFolder(dataDir);
  }
  return targets;
}

async function freeNumber(
  dataDir: string,
  names: readonly string[],
  former: Former,
): Promise<number> {
  for (let number = 1; number <= damagedMax; number += 1) {
    const taken = await Promise.all(
      names.map((name) => exists(join(dataDir, `${name}.${former}-${number}`))),
    );
    if (!taken.includes(true)) return number;
  }
  throw new Error(
    `${dataDir} holds ${damagedMax} ${former} logs already (*.${former}-<n>): move some elsewhere first`,
  );
}
