/**
 * Whose data directory this is in eventual mode. The node id is random and made with the directory:
 * a node whose disk was lost comes back as another one, so that nothing it once said is said again
 * with other contents. The address may change; the others learn the new one.
 */
import { randomBytes } from "node:crypto";

import { z } from "zod";

import type { EventualConfig } from "../config/node-config.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { formatVersion, readIdentityFile, writeIdentityFile } from "./identity-file.ts";

/** What `identity.json` says. */
export interface EventualIdentity {
  readonly formatVersion: number;
  readonly mode: "eventual";
  /** 128 random bits in hexadecimal. */
  readonly nodeId: string;
  readonly label: string;
  /**
   * The cluster that this node began with: its name if it has one, otherwise 128 random bits, which
   * are given up for those of the cluster that it meets. The journal knows the one in force.
   */
  readonly clusterId: string;
  /** What `--cluster-id` said; `null` if it was not given. */
  readonly clusterName: string | null;
  /** Whether the node has ever taken part: from then on an empty journal is a lost journal. */
  readonly started: boolean;
  /** Whether the cluster has removed the node: its id is used up. */
  readonly removed: boolean;
}

const hexId = z.string().regex(/^[0-9a-f]{32}$/);
const schema = z.object({
  formatVersion: z.literal(formatVersion),
  mode: z.literal("eventual"),
  nodeId: hexId,
  label: z.string().min(1),
  clusterId: z.string().min(1),
  clusterName: z.string().min(1).nullable(),
  started: z.boolean(),
  removed: z.boolean(),
});

/** The identity of a node that starts for the first time. */
export function newEventualIdentity(
  config: Pick<EventualConfig, "label" | "clusterName">,
): EventualIdentity {
  return {
    formatVersion,
    mode: "eventual",
    nodeId: randomBytes(16).toString("hex"),
    label: config.label,
    clusterId: config.clusterName ?? randomBytes(16).toString("hex"),
    clusterName: config.clusterName,
    started: false,
    removed: false,
  };
}

/**
 * @returns `null` for a directory that was never started
 * @throws StartError (exit code 3) for a file that cannot be read or understood
 */
export function readEventualIdentity(dataDir: string): Promise<EventualIdentity | null> {
  return readIdentityFile(dataDir, { mode: "eventual", schema });
}

/** Durable when it resolves. */
export function writeEventualIdentity(dataDir: string, identity: EventualIdentity): Promise<void> {
  return writeIdentityFile(dataDir, identity);
}

/**
 * Compares a directory with the settings it is started with now.
 *
 * @throws StartError with exit code 3 if it belongs to another cluster, with 4 if it was removed
 */
export function checkEventualIdentity(
  identity: EventualIdentity,
  { clusterName, dataDir }: Pick<EventualConfig, "clusterName" | "dataDir">,
): void {
  if (identity.removed) {
    throw new StartError(
      exitCodes.removed,
      `${dataDir} belongs to the node ${identity.nodeId}, which was removed from its cluster for good. To take part again, move ${dataDir} away: the node begins as a new one`,
    );
  }
  if (clusterName === null || clusterName === identity.clusterName) return;
  const own = identity.clusterName ?? "a cluster without a name";
  throw new StartError(
    exitCodes.dataDir,
    `${dataDir} belongs to ${own}, not to ${clusterName}: drop --cluster-id, or choose another --data-dir`,
  );
}
