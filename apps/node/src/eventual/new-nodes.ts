/** What `--newnode` says goes to all nodes, as soon as this one may write. */
import { setTimeout as pause } from "node:timers/promises";

import type { EventualNode } from "@counter/eventual";
import type { Logger } from "winston";

import { messageOf } from "../process/error-text.ts";

/** Between two attempts, in milliseconds. */
const announceAgainMs = 1000;

/** Tries until it has worked, or until `signal` is aborted. */
export async function announceNewNodes(
  node: Pick<EventualNode, "registerPeers">,
  parts: {
    readonly newNodes: readonly string[];
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { newNodes, log, signal } = parts;
  for (;;) {
    try {
      await node.registerPeers(newNodes, { signal });
      log.info(`announced to all: ${newNodes.join(", ")}`);
      return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn("--newnode is not announced yet; trying on", { reason: messageOf(error) });
    }
    // An abort is seen by the next attempt.
    await pause(announceAgainMs, undefined, { signal }).catch(() => undefined);
  }
}
