import type { RaftNode } from "@counter/raft";
import type { Logger } from "winston";

import { codeOf, messageOf } from "../process/error-text.ts";

/** Waits until a majority has answered us once; `false` if the node stops before. */
export async function untilConfirmed(
  node: Pick<RaftNode<unknown>, "read">,
  leadership: { untilLeader(): Promise<void> },
  log: Logger,
): Promise<boolean> {
  for (;;) {
    await leadership.untilLeader();
    try {
      await node.read(() => undefined);
      return true;
    } catch (error) {
      if (codeOf(error) === "RAFT_STOPPED") return false;
      log.debug("no majority has confirmed a read yet", { reason: messageOf(error) });
    }
  }
}
