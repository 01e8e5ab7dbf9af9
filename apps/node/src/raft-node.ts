/**
 * One node in Raft mode: data directory, Raft, HTTP, put together and taken apart in the right order.
 *
 * The port is closed as soon as another node leads, so that the next process has it.
 */
import type { RaftNode, RaftNodeStatus } from "@counter/raft";
import type { TransportEvent } from "@counter/transport-http";

import { announce, announceReady } from "./raft/announcement.ts";
import { Bootstrap } from "./bootstrap/bootstrap.ts";
import { firstStart, knownClusterId } from "./bootstrap/first-start.ts";
import type { RaftConfig } from "./config/node-config.ts";
import type { Autopilot } from "./autopilot/autopilot.ts";
import { raftAutopilot } from "./autopilot/raft-autopilot.ts";
import { Backups } from "./data-dir/backups.ts";
import { openDataDir, type DataDir, type FirstStart } from "./data-dir/data-dir.ts";
import { AppliedCounters } from "./engine/applied-counters.ts";
import type { RaftEngine } from "./engine/engine.ts";
import type { BatchResults } from "./engine/raft-host.ts";
import { Admission } from "./membership/admission.ts";
import { FlightFiles } from "./raft/flight-files.ts";
import type { NodeGossip } from "./gossip/node-gossip.ts";
import type { NodeTags } from "./gossip/node-tags.ts";
import { raftGossip, raftTags, seedsOf } from "./gossip/raft-gossip.ts";
import { Front } from "./http/front.ts";
import { createForwarder } from "./http/raft/forward.ts";
import { HeldRequests } from "./http/held.ts";
import { LeaderSeeking, type LeaderSeekingOptions } from "./http/raft/leader-seeking.ts";
import { Handover } from "./raft/handover.ts";
import { Leaving } from "./membership/leaving.ts";
import { Moving } from "./membership/moving.ts";
import { Neighbours } from "./membership/neighbours.ts";
import { RaftMeter } from "./metrics/raft-meter.ts";
import { raftListener } from "./raft/raft-listener.ts";
import { startReplication } from "./raft/raft-replication.ts";
import { Lifecycle, type NodeParts, type RunningNode } from "./process/running.ts";
import { Security } from "./security/security.ts";
import { untilConfirmed } from "./raft/until-confirmed.ts";
import { Watch } from "./raft/raft-watch.ts";

/** @throws StartError when a person has to change something */
export async function startRaftNode(parts: NodeParts<RaftConfig>): Promise<RunningNode> {
  const { config, log } = parts;
  const node = new CounterNode(parts, await Security.open(config, log));
  try {
    await node.listen();
    const begin = (): Promise<FirstStart> => node.begin();
    await node.run(await openDataDir(config, log, { begin, ...node.meter.ofDisk }));
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

class CounterNode implements RunningNode {
  readonly ready: Promise<number>;
  readonly stopped: Promise<Error | null>;
  readonly left: Promise<void>;
  readonly #parts: NodeParts<RaftConfig>;
  readonly #security: Security;
  readonly #life: Lifecycle;
  readonly #front: Front<RaftEngine>;
  readonly #flight: FlightFiles;
  readonly #held = new HeldRequests();
  readonly #counters = new AppliedCounters(() => this.#front.watching);
  readonly #watch: Watch;
  readonly meter: RaftMeter;
  readonly #neighbours: Neighbours;
  readonly #handover: Handover;
  readonly #admission: Admission;
  readonly #leaving: Leaving;
  readonly #ending = new AbortController();
  readonly #status = (): RaftNodeStatus | null => this.#raft?.status() ?? null;
  readonly #forwarder;
  readonly #gossip: NodeGossip;
  readonly #bootstrap: Bootstrap;
  #raft: RaftNode<BatchResults> | null = null;
  #dataDir: DataDir | null = null;
  #autopilot: Autopilot | null = null;
  #backups: Backups;
  /** `null` until it is known. */
  #clusterId: string | null;

  constructor(parts: NodeParts<RaftConfig>, security: Security) {
    const { config, log, logContext, version: release } = (this.#parts = parts);
    const { ask, link } = (this.#security = security);
    const status = this.#status;
    this.#front = new Front({ ...parts, security });
    this.#life = new Lifecycle(() => this.#shutDown(), log);
    this.ready = this.#life.ready;
    this.stopped = this.#life.stopped;
    this.left = this.#life.left;
    this.#clusterId = knownClusterId(config);
    this.#backups = new Backups(config.dataDir, config.clusterId);
    this.#flight = new FlightFiles({ folder: config.dataDir, release, log });
    this.#admission = new Admission({
      seeds: () => this.#seeds(),
      clusterName: config.clusterName,
      ask,
      log,
      onRemoved: (error) => {
        if (!this.#leaving.onRemoved()) this.#life.endWith(error);
      },
      onTwin: (error) => this.#life.endWith(error),
    });
    parts.cancel?.addEventListener("abort", () => this.#cancel(), { once: true });
    this.#watch = new Watch({
      log,
      context: logContext,
      onApplied: this.#counters.applied,
      onChange: () => this.#held.release(),
      waiting: () => this.#neighbours.waiting(),
    });
    this.meter = new RaftMeter({
      metrics: this.#front.metrics,
      config,
      machine: this.#counters.machine,
      status,
      connected: (id) => this.#neighbours.connected(id),
      gossip: () => this.#gossip.summary(),
    });
    this.#neighbours = new Neighbours({
      admission: () => this.#admission.waiting,
      leadership: this.#watch,
      onHopeless: (error) => this.#life.endWith(error),
    });
    this.#handover = new Handover(this.#neighbours);
    this.#gossip = raftGossip({ ...parts, ask, status, clusterId: () => this.#clusterId });
    this.#bootstrap = new Bootstrap({ config, gossip: this.#gossip, log, ask });
    this.#front.gate.waiting = () => this.#bootstrap.waiting ?? this.#admission.waiting;
    this.#forwarder = createForwarder({
      own: config.address,
      link,
      timeoutMs: config.applyTimeoutMs + 500, // the leader's own answer comes first
    });
    this.#leaving = new Leaving({
      engine: () => this.#front.gate.engine(),
      // Whatever this node does with the requests of its clients.
      handling: this.#seeking({ ...config, forward: "forward" }),
      markRemoved: async () => this.#dataDir?.markRemoved(),
      onLeft: () => this.#life.hasLeft(),
      log,
    });
  }

  /** Opens the port; from now on every request is answered. */
  async listen(): Promise<void> {
    const { config } = this.#parts;
    const listener = raftListener({
      ...this.#parts,
      front: this.#front,
      handling: this.#seeking(config),
      neighbours: this.#neighbours,
      gossip: this.#gossip,
      bootstrap: this.#bootstrap,
      backups: () => this.#backups,
      clusterId: () => this.#clusterId,
      directoryId: () => this.#dataDir?.identity.directoryId ?? null,
      readyAfterMs: () => this.#life.readyAfterMs,
      handOver: () => this.#handover.handOver(this.#raft),
      leave: (request) => this.#leaving.leave(request),
    });
    await this.#front.listen(listener);
  }

  #seeking(config: LeaderSeekingOptions["config"]): LeaderSeeking {
    return new LeaderSeeking({
      config,
      gate: this.#front.gate,
      held: this.#held,
      forwarder: this.#forwarder,
      cluster: this.#neighbours,
    });
  }

  /** How a data directory begins that is new. */
  begin(): Promise<FirstStart> {
    const by = { bootstrap: this.#bootstrap, admission: this.#admission };
    return firstStart(this.#parts.config, by);
  }

  /** Takes part with what the data directory holds. */
  async run(dataDir: DataDir): Promise<void> {
    const { config, log, tickMs } = this.#parts;
    const { identity } = dataDir;
    this.#dataDir = dataDir;
    this.#clusterId = identity.clusterId;
    this.#bootstrap.begun(identity);
    this.#backups = new Backups(config.dataDir, identity.clusterId);
    const { signal } = this.#ending;
    const { ask, link, trust } = this.#security;
    const moving = new Moving({ home: dataDir, seeds: () => this.#seeds(), log, signal, ask });
    const tags = (): NodeTags => raftTags(config, identity, this.#status());
    const { raft, transport } = await startReplication({
      config,
      dataDir,
      server: this.#front.server,
      trust,
      tls: link.tls,
      machine: this.#counters.machine,
      observer: this.#flight.beside(this.#counters.beside(this.meter.beside(this.#watch.observer))),
      onPeer: this.#front.connections.keep,
      onTransport: (event) => this.#onTransport(event),
      tickMs,
      before: async () => {
        await moving.requireAlone();
        await this.#gossip.begin({ directoryId: identity.directoryId, tags });
      },
    });
    this.#raft = raft;
    this.#neighbours.join({ status: () => raft.status(), transport, dataDir, config, log, ask });
    this.#watch.begin(raft.status());
    await dataDir.markJoined();
    if (this.#life.stopping) return;
    this.#admission.begin(raft, dataDir);
    void raft.stopped.then((error) => this.#life.endWith(error));
    const engine = this.#counters.open({
      ...config,
      ...this.meter.host(raft),
      leadership: this.#watch,
      clusterId: identity.clusterId,
      reaches: (id) => this.#neighbours.answersAtItsAddress(id),
    });
    this.#front.gate.open(engine);
    this.#held.release();
    announce(raft.status(), { identity, config, log });
    this.#autopilot = raftAutopilot({
      ...this.#parts,
      identity,
      raft,
      members: engine.members,
      gossip: this.#gossip,
      connected: (id) => this.#neighbours.connected(id),
    });
    void this.#confirm(raft);
    void moving.announce({ status: () => raft.status(), members: engine.members });
  }

  readonly record = (): Promise<void> => this.#flight.save("flight");

  readonly withdraw = (): void => this.#front.gate.leave();

  readonly reload = (): Promise<void> => this.#security.reload();

  /** Hands leadership over first, as long as there is somebody to take it. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  #cancel(): void {
    this.#admission.end();
    this.#bootstrap.end();
    this.#ending.abort();
  }

  /** Whom to ask to be taken in. */
  #seeds(): readonly string[] {
    const { config } = this.#parts;
    const cluster = this.#clusterId;
    return seedsOf(config, { via: this.#bootstrap.via, gossip: this.#gossip.members(), cluster });
  }

  /** Ready means that a majority has answered us, not only that the process is up. */
  async #confirm(node: RaftNode<BatchResults>): Promise<void> {
    const { log } = this.#parts;
    if (!(await untilConfirmed(node, this.#watch, log)) || this.#life.stopping) return;
    this.#counters.show();
    this.#autopilot?.begin();
    announceReady(this.#life.becomeReady(), this.#watch, log);
  }

  #onTransport(event: TransportEvent): void {
    this.#neighbours.onTransport(event);
    this.#watch.onTransport(event);
    this.#handover.onTransport(event);
  }

  async #shutDown(): Promise<void> {
    const { gate } = this.#front;
    gate.leave();
    this.#autopilot?.end();
    const goodbyeMs = this.#parts.config.shutdownTimeoutMs / 2;
    const goodbye = this.#leaving.removed ? this.#gossip.leave(goodbyeMs) : null;
    // First, while every request is still let in: what comes meanwhile waits for the next leader.
    await this.#handover.handOver(this.#raft);
    gate.drain();
    this.#held.close();
    await this.#front.drain();
    await this.#raft?.stop();
    await goodbye;
    await this.#gossip.end();
    this.#watch.end();
    this.#cancel();
    this.#forwarder.close();
    this.#front.close();
    this.#security.close();
    await this.#flight.settled();
  }
}
