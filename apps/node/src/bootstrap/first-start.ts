/** How a node in Raft mode begins whose data directory is new: named, by discovery, or joining. */
import type { Admission } from "../membership/admission.ts";
import type { RaftConfig } from "../config/node-config.ts";
import type { FirstStart } from "../data-dir/data-dir.ts";
import { formerCandidate } from "./bootstrap-file.ts";
import type { Bootstrap } from "./bootstrap.ts";

/** @throws StartError when a person has to change something */
export async function firstStart(
  { bootstrapExpect, join, dataDir }: RaftConfig,
  by: {
    readonly bootstrap: Pick<Bootstrap, "find" | "joins">;
    readonly admission: Pick<Admission, "findCluster">;
  },
): Promise<FirstStart> {
  if (bootstrapExpect !== null) return by.bootstrap.find(bootstrapExpect);
  const directoryId = await formerCandidate(dataDir);
  if (join.length === 0) return { beginning: { kind: "peers" }, directoryId };
  by.bootstrap.joins();
  const clusterId = await by.admission.findCluster();
  return { beginning: { kind: "join", clusterId }, directoryId };
}

/** The id of the cluster as far as the settings say it: if they name all first members. */
export function knownClusterId({
  bootstrapExpect,
  join,
  clusterId,
}: Pick<RaftConfig, "bootstrapExpect" | "clusterId" | "join">): string | null {
  return bootstrapExpect === null && join.length === 0 ? clusterId : null;
}
