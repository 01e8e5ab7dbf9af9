/**
 * One node in eventual mode: data directory, replication, HTTP, put together and taken apart in the
 * right order. Clients and the other nodes come through one port.
 */
import { EventualNode, type EventualNodeOptions } from "@counter/eventual";
import { HttpReplicaTransport, type ReplicaEvent } from "@counter/transport-http";

import type { EventualConfig } from "./config/node-config.ts";
import { Backups } from "./data-dir/backups.ts";
import {
  asStartError,
  openEventualDataDir,
  type EventualDataDir,
} from "./data-dir/eventual-data-dir.ts";
import { codeOf, messageOf } from "./process/error-text.ts";
import { EventualWatch } from "./eventual/eventual-watch.ts";
import { exitCodes, StartError } from "./process/exit-codes.ts";
import { eventualGossip, eventualTags } from "./gossip/eventual-gossip.ts";
import type { NodeGossip } from "./gossip/node-gossip.ts";
import type { NodeTags } from "./gossip/node-tags.ts";
import { GossipPeers } from "./gossip-peers/gossip-peers.ts";
import { EventualHandling } from "./http/eventual/handling.ts";
import { eventualHealth, eventualRoutes } from "./http/eventual/routes.ts";
import { eventualStatus } from "./http/eventual/status.ts";
import { leaveCluster } from "./http/eventual/leaving.ts";
import { Front } from "./http/front.ts";
import { HeldRequests } from "./http/held.ts";
import { EventualMeter } from "./metrics/eventual-meter.ts";
import { sampleReadiness } from "./metrics/node-metrics.ts";
import { announceNewNodes } from "./eventual/new-nodes.ts";
import { Lifecycle, type NodeParts, type RunningNode } from "./process/running.ts";
import { Security } from "./security/security.ts";
import { watchFeed } from "./watch-hub/eventual-source.ts";

/** Longest wait, at the end, for others to have what this node has, in milliseconds. */
const drainMaxMs = 2000;

/** @throws StartError when a person has to change something */
export async function startEventualNode(parts: NodeParts<EventualConfig>): Promise<RunningNode> {
  const { config, log } = parts;
  const node = new EventualServer(parts, await Security.open(config, log));
  try {
    await node.listen();
    await node.run(await openEventualDataDir(config, log, node.meter));
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

class EventualServer implements RunningNode {
  readonly ready: Promise<number>;
  readonly stopped: Promise<Error | null>;
  readonly left: Promise<void>;
  readonly #parts: NodeParts<EventualConfig>;
  readonly #security: Security;
  readonly #life: Lifecycle;
  readonly #front: Front<EventualNode>;
  readonly #transport: HttpReplicaTransport;
  readonly #watch: EventualWatch;
  readonly meter: EventualMeter;
  readonly #held = new HeldRequests();
  readonly #gossip: NodeGossip;
  readonly #ending = new AbortController();
  #node: EventualNode | null = null;
  /** Whether somebody has asked it to leave. */
  #leaving = false;
  /** It will not come back: the others need not wait for it. */
  #gone = false;

  constructor(parts: NodeParts<EventualConfig>, security: Security) {
    const { config, log } = parts;
    this.#parts = parts;
    this.#security = security;
    this.#front = new Front({ ...parts, security });
    this.#life = new Lifecycle(() => this.#shutDown(), log);
    this.ready = this.#life.ready;
    this.stopped = this.#life.stopped;
    this.left = this.#life.left;
    this.#watch = new EventualWatch({ log, dataDir: config.dataDir });
    const onEvent = (event: ReplicaEvent): void => this.#watch.onTransport(event);
    const { ask, trust, link } = security;
    this.#transport = new HttpReplicaTransport({
      ...{ trust, tls: link.tls, onEvent },
      onPeer: this.#front.connections.keep,
    });
    this.meter = new EventualMeter({
      metrics: this.#front.metrics,
      config,
      node: () => this.#node,
      gossip: () => this.#gossip.summary(),
    });
    this.#gossip = eventualGossip({ config, log, ask, status: () => this.#node?.status() ?? null });
  }

  /** Opens the port; from now on every request is answered. */
  async listen(): Promise<void> {
    const { config, log, version } = this.#parts;
    const { gate, loopLagMs, routes: nodeRoutes } = this.#front;
    const { address } = config;
    const handling = new EventualHandling({
      ready: () => gate.started && gate.engine().status().ready,
      held: this.#held,
      applyTimeoutMs: config.applyTimeoutMs,
    });
    const service = this.#front.service(handling);
    const health = eventualHealth({ gate, loopLagMs });
    sampleReadiness(this.#front.metrics, health.ready);
    const routes = eventualRoutes({
      config,
      gate,
      backups: () => new Backups(config.dataDir, gate.engine().status().clusterId),
      facts: {
        label: config.label,
        address,
        mode: config.mode,
        version,
        clusterId: () => gate.engine().status().clusterId,
        startedInMs: () => this.#life.readyAfterMs,
      },
      gossip: this.#gossip,
      watching: this.#front.watching,
      nodeRoutes,
      health,
      leave: (request) => {
        const { applyTimeoutMs: timeoutMs } = config;
        return leaveCluster(gate.engine(), { ...request, timeoutMs }, () => (this.#leaving = true));
      },
      onRestored: (restored) => log.info("all counters were set to those of a backup", restored),
    });
    const clients = this.#front.listener(routes, service);
    const transport = this.#transport;
    await this.#front.listen((incoming, outgoing) => {
      if (transport.handles(incoming)) transport.handle(incoming, outgoing);
      else clients(incoming, outgoing);
    });
  }

  /** Takes part with what the data directory holds. */
  async run(dataDir: EventualDataDir): Promise<void> {
    const { config } = this.#parts;
    this.#watch.begin(dataDir.identity.nodeId);
    const node = await this.#startNode(dataDir);
    this.#node = node;
    if (this.#life.stopping) return node.stop();
    void node.stopped.then((error) => this.#onStopped(error, dataDir));
    void this.#follow(node);
    this.#front.gate.open(node);
    this.#held.release();
    this.#announce(node);
    void node.ready.then(
      () => this.#becomeReady(),
      () => undefined, // it stops, and `stopped` tells why
    );
    if (config.newNodes.length > 0) {
      void announceNewNodes(node, { ...this.#parts, ...config, signal: this.#ending.signal });
    }
    void this.#askWhomGossipKnows(node, dataDir);
  }

  /** Ends with the node, and at once if it does not gossip. */
  async #askWhomGossipKnows(node: EventualNode, { identity }: EventualDataDir): Promise<void> {
    const { config, log } = this.#parts;
    const { service: gossip } = this.#gossip;
    const { clusterName } = identity;
    if (gossip === null) return;
    await new GossipPeers({ config, clusterName, gossip, node, log }).run(this.#ending.signal);
  }

  async #startNode({ identity, journal, durable }: EventualDataDir): Promise<EventualNode> {
    const { config, tickMs } = this.#parts;
    const options: EventualNodeOptions = {
      node: identity.nodeId,
      address: config.address,
      label: config.label,
      peers: config.peers,
      seeds: config.join,
      cluster: { id: identity.clusterId, fixed: identity.clusterName !== null },
      journal,
      transport: this.#transport,
      durable,
      ...(tickMs === undefined ? {} : { tickMs }),
      limits: {
        retainedMaxBytes: config.peerLogCapBytes,
        keysMax: config.idempotencyMax,
        countersMax: config.maxCounters,
      },
      timing: {
        heartbeatMs: config.heartbeatMs,
        antiEntropyMs: config.antiEntropyMs,
        resumeMs: Math.max(1, config.resumeWaitMs),
        keyWindowMs: config.idempotencyWindowMs,
        drainMs: Math.min(drainMaxMs, Math.floor(config.shutdownTimeoutMs / 2)),
      },
      observer: this.meter.beside(this.#watch.observer),
    };
    try {
      const tags = (): NodeTags => eventualTags(config, identity, this.#node?.status() ?? null);
      await this.#gossip.begin({ directoryId: identity.nodeId, tags });
    } catch (error) {
      await journal.close();
      throw error;
    }
    try {
      return await EventualNode.start(options);
    } catch (error) {
      if (codeOf(error) !== "EVENTUAL_MALFORMED") throw error;
      throw asStartError(error, config.dataDir);
    }
  }

  withdraw(): void {
    this.#front.gate.leave();
  }

  readonly reload = (): Promise<void> => this.#security.reload();

  stop(): Promise<void> {
    return this.#life.stop();
  }

  /** There is no recorder in this mode yet: what the node knows of itself goes to its log. */
  record(): Promise<void> {
    const { config, log } = this.#parts;
    const status = this.#node === null ? {} : eventualStatus(this.#node.status(), config).more;
    log.info("status, as asked for by SIGUSR2", status);
    return Promise.resolve();
  }

  #announce(node: EventualNode): void {
    const { config, log } = this.#parts;
    const { node: id, clusterId, counters } = node.status();
    const named = [...config.peers, ...config.join];
    const others = named.length === 0 ? "nobody yet" : named.join(", ");
    log.info(`counts by itself, and with ${others}`, {
      id,
      address: config.address,
      dataDir: config.storage === "file" ? config.dataDir : "none",
      clusterId,
      counters,
    });
  }

  #becomeReady(): void {
    if (this.#node === null || this.#life.stopping) return;
    const ms = this.#life.becomeReady();
    watchFeed(this.#front.watching, this.#node.feed);
    this.#held.release();
    const { peers, writer } = this.#node.status();
    const up = peers.filter((peer) => peer.up).length;
    this.#parts.log.info(`ready in ${ms} ms: ${up} of ${peers.length} peers are up`, { writer });
  }

  async #follow(node: EventualNode): Promise<void> {
    for await (const event of node.events({ signal: this.#ending.signal })) {
      this.#watch.onEvent(event);
    }
  }

  async #onStopped(error: Error | null, dataDir: EventualDataDir): Promise<void> {
    const code = codeOf(error);
    if (code === "EVENTUAL_DUPLICATE_IDENTITY") {
      const text =
        "another process runs as this very node and began later: this one stops. If one of two data directories is a copy, empty it: that node then begins as a new one";
      this.#life.endWith(new StartError(exitCodes.removed, text, { cause: error }));
    } else if (code === "EVENTUAL_REMOVED" || (error === null && !this.#life.stopping)) {
      this.#gone = true;
      await dataDir.markRemoved().catch((failure: unknown) => {
        this.#parts.log.error("the removal could not be written down", {
          reason: messageOf(failure),
        });
      });
      if (this.#leaving) return this.#life.hasLeft();
      const text =
        "this node was removed from its cluster: it stops. To take part again, start it with an empty --data-dir: it begins as a new node";
      this.#life.endWith(new StartError(exitCodes.removed, text, { cause: error }));
    } else {
      this.#life.endWith(error);
    }
  }

  async #shutDown(): Promise<void> {
    const goodbyeMs = this.#parts.config.shutdownTimeoutMs / 2;
    const goodbye = this.#gone ? this.#gossip.leave(goodbyeMs) : null;
    this.#front.gate.drain();
    this.#held.close();
    await this.#front.drain();
    this.#ending.abort();
    await this.#node?.stop();
    await goodbye;
    await this.#gossip.end();
    this.#watch.end();
    this.meter.end();
    await this.#transport.close();
    this.#front.close();
    this.#security.close();
  }
}
