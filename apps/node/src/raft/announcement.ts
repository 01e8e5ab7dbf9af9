/** What a node says of itself once it runs. */
import type { RaftNodeStatus } from "@counter/raft";
import type { Logger } from "winston";

import type { RaftConfig } from "../config/node-config.ts";
import type { Identity } from "../data-dir/identity.ts";
import type { Leadership } from "../engine/raft-host.ts";

export function announce(
  { configuration: { members } }: Pick<RaftNodeStatus, "configuration">,
  parts: {
    readonly identity: Identity;
    readonly config: Pick<RaftConfig, "dataDir">;
    readonly log: Logger;
  },
): void {
  const { identity, config, log } = parts;
  const { nodeId: id, address, clusterId } = identity;
  const takesPart = members.some((member) => member.id === id);
  const text = takesPart
    ? `member of a cluster of ${members.length}`
    : "no member of a cluster yet";
  log.info(text, { id, address, dataDir: config.dataDir, clusterId });
}

/** A majority has answered. */
export function announceReady(
  readyAfterMs: number,
  { leading, leaderId }: Leadership,
  log: Logger,
): void {
  const who = leading ? "this node" : (leaderId ?? "being elected again");
  log.info(`ready in ${readyAfterMs} ms: leader is ${who}`);
}
