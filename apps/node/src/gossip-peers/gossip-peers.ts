/** Follows up what gossip says of nodes of eventual mode, as `hints.ts` decides. */
import { setTimeout as pause } from "node:timers/promises";

import type { EventualNode } from "@counter/eventual";
import { defaultEventualLimits } from "@counter/eventual";
import type { Logger } from "winston";

import type { EventualConfig } from "../config/node-config.ts";
import type { GossipService } from "../gossip/gossip-service.ts";
import { hintsOf, type Hints } from "./hints.ts";

/** Least time between two looks at a gossip that changes all the time, in milliseconds. */
const restMs = 250;
/** Between two looks at one in which nothing changes, in milliseconds. */
const everyMs = 5000;
/** Foreign clusters that are told of; a network with more has been told enough. */
export const foreignToldMax: number = 16;

export interface GossipPeersParts {
  readonly config: Pick<EventualConfig, "address">;
  /** The name that the data directory belongs to, and with which the node gossips. */
  readonly clusterName: string | null;
  readonly gossip: Pick<GossipService, "members" | "changes">;
  readonly node: Pick<EventualNode, "status" | "probe">;
  readonly log: Logger;
}

export class GossipPeers {
  readonly #parts: GossipPeersParts;
  /** Of addresses that gossip still tells of. */
  #askedAt: ReadonlyMap<string, number> = new Map();
  readonly #foreignTold = new Set<string>();

  constructor(parts: GossipPeersParts) {
    this.#parts = parts;
  }

  /** Looks whenever the gossip changes, and now and then, until the signal or the gossip ends. */
  async run(signal: AbortSignal): Promise<void> {
    const timer = setInterval(() => this.#look(), everyMs);
    try {
      const changes = this.#parts.gossip.changes(signal);
      while ((await changes.next()).done !== true) {
        this.#look();
        // What changes meanwhile is one change; an abort is seen by the loop.
        await pause(restMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      clearInterval(timer);
    }
  }

  #look(): void {
    const { config, clusterName, gossip, node } = this.#parts;
    const view = gossip.members();
    const standing = node.status();
    const own = {
      ...standing,
      address: config.address,
      clusterName,
      peersMax: defaultEventualLimits.membersMax,
    };
    const nowMs = performance.now();
    const hints = hintsOf(view, own, { askedAt: this.#askedAt, nowMs });
    const told = new Set(view.flatMap(({ node: tags }) => (tags === null ? [] : [tags.http])));
    this.#askedAt = new Map([
      ...[...this.#askedAt].filter(([address]) => told.has(address)),
      ...hints.ask.map((address) => [address, nowMs] as const),
    ]);
    for (const address of hints.ask) node.probe(address);
    this.#tellOf(hints, standing.clusterId);
  }

  #tellOf({ ask, foreign }: Hints, clusterId: string): void {
    const { log } = this.#parts;
    if (ask.length > 0) log.debug(`gossip knows of ${ask.join(", ")}: asked`);
    for (const { cluster, address } of foreign) {
      if (this.#foreignTold.has(cluster) || this.#foreignTold.size >= foreignToldMax) continue;
      this.#foreignTold.add(cluster);
      log.warn(
        `gossip brings two clusters together: this node belongs to ${clusterId}, and ${address} to ${cluster}. They stay apart; give each a --cluster-id of its own, or start those nodes whose counts are not needed with an empty --data-dir`,
      );
    }
  }
}
