/** How nodes tell clusters apart. */
import { createHash } from "node:crypto";

/**
 * The same for all nodes that were told of the same cluster, another for any other list of members:
 * nodes that were started with different `--peers` refuse each other instead of beginning with
 * different first entries and electing two leaders. A name keeps apart clusters that have, or once
 * had, the same addresses; it does not replace the list.
 *
 * @param name - `null` if there is none
 * @param members - all addresses, sorted
 * @returns 32 hexadecimal digits; with a name, the name, `~` and 16 digits
 */
export function clusterIdOf(name: string | null, members: readonly string[]): string {
  const digest = createHash("sha256").update(members.join("\n")).digest("hex");
  return name === null ? digest.slice(0, 32) : `${name}~${digest.slice(0, 16)}`;
}

/** Whether a cluster has this name. Directories of earlier releases hold the bare name. */
export function isNamed(clusterId: string, name: string): boolean {
  return clusterId === name || clusterId.startsWith(`${name}~`);
}
