/**
 * One node in Raft mode: data directory, Raft, HTTP, put together and taken apart in the right order.
 *
 * The port is closed as soon as another node leads, so that the next process has it.
 */
import { RaftNode } from "@counter/raft";
import { CounterMachine, LogClock } from "@counter/state-machine";
import { HttpTransport, type TransportEvent } from "@counter/transport-http";

import { announce } from "./announcement.ts";
import type { RaftConfig } from "./config/node-config.ts";
import type { Autopilot } from "./autopilot/autopilot.ts";
import { raftAutopilot } from "./autopilot/raft-autopilot.ts";
import { Backups } from "./data-dir/backups.ts";
import { openDataDir, type DataDir } from "./data-dir/data-dir.ts";
import { firstMembers } from "./data-dir/identity.ts";
import type { RaftEngine } from "./engine/engine.ts";
import { RaftCounter, type BatchResults } from "./engine/raft-counter.ts";
import { Admission } from "./admission.ts";
import { FlightFiles } from "./flight-files.ts";
import type { NodeGossip } from "./gossip/node-gossip.ts";
import type { NodeTags } from "./gossip/node-tags.ts";
import { raftGossip, raftTags } from "./gossip/raft-gossip.ts";
import { Front } from "./http/front.ts";
import { createForwarder } from "./http/raft/forward.ts";
import { HeldRequests } from "./http/held.ts";
import { LeaderSeeking, type LeaderSeekingOptions } from "./http/raft/leader-seeking.ts";
import { removeRoute } from "./http/raft/member-routes.ts";
import { Leaving } from "./leaving.ts";
import { Moving } from "./moving.ts";
import { Neighbours } from "./neighbours.ts";
import { raftListener } from "./raft-listener.ts";
import { Lifecycle, type NodeParts, type RunningNode } from "./running.ts";
import { untilConfirmed } from "./until-confirmed.ts";
import { Watch } from "./watch.ts";

/** @throws StartError when a person has to change something */
export async function startRaftNode(parts: NodeParts<RaftConfig>): Promise<RunningNode> {
  const { config, log } = parts;
  const node = new CounterNode(parts);
  try {
    await node.listen();
    await node.run(await openDataDir(config, log, () => node.findCluster()));
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
  readonly #life: Lifecycle;
  readonly #front: Front<RaftEngine>;
  readonly #flight: FlightFiles;
  readonly #held = new HeldRequests();
  readonly #machine = new CounterMachine();
  readonly #clock = new LogClock();
  readonly #watch: Watch;
  readonly #neighbours: Neighbours;
  readonly #admission: Admission;
  readonly #leaving: Leaving;
  readonly #ending = new AbortController();
  readonly #forwarder;
  readonly #gossip: NodeGossip;
  #raft: RaftNode<BatchResults> | null = null;
  #dataDir: DataDir | null = null;
  #autopilot: Autopilot | null = null;
  #backups: Backups;
  #clusterId: string;
  #whenAlone: () => void = () => undefined;

  constructor(parts: NodeParts<RaftConfig>) {
    const { config, log, logContext, version: release } = parts;
    this.#parts = parts;
    this.#front = new Front(config, parts.server);
    this.#life = new Lifecycle(() => this.#shutDown(), log);
    this.ready = this.#life.ready;
    this.stopped = this.#life.stopped;
    this.left = this.#life.left;
    this.#clusterId = config.clusterId;
    this.#backups = new Backups(config.dataDir, config.clusterId);
    this.#flight = new FlightFiles({ folder: config.dataDir, release, log });
    this.#admission = new Admission({
      seeds: config.join,
      clusterName: config.clusterName,
      log,
      onRemoved: (error) => {
        if (!this.#leaving.onRemoved()) this.#life.endWith(error);
      },
    });
    parts.cancel?.addEventListener("abort", () => this.#endAsking(), { once: true });
    this.#watch = new Watch({
      log,
      context: logContext,
      // Seen on followers too, so that a new leader knows how much log time has gone by.
      onApplied: () => this.#clock.observe(performance.now(), this.#machine.logTimeMs),
      onChange: () => this.#held.release(),
      waiting: () => this.#neighbours.waiting(),
    });
    this.#neighbours = new Neighbours({
      admission: () => this.#admission.waiting,
      leadership: this.#watch,
      onHopeless: (error) => this.#life.endWith(error),
    });
    this.#gossip = raftGossip({
      config,
      log,
      status: () => this.#raft?.status() ?? null,
      clusterId: () => this.#clusterId,
    });
    this.#forwarder = createForwarder({
      own: config.address,
      timeoutMs: config.applyTimeoutMs + 500, // the leader's own answer comes first
    });
    this.#leaving = new Leaving({
      status: () => this.#front.gate.engine().status(),
      removal: removeRoute(
        () => this.#front.gate.engine(),
        () => this.#clusterId,
      ),
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
      backups: () => this.#backups,
      clusterId: () => this.#clusterId,
      directoryId: () => this.#dataDir?.identity.directoryId ?? null,
      readyAfterMs: () => this.#life.readyAfterMs,
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

  /** The cluster to join, for a data directory that is new. */
  findCluster(): Promise<string> {
    return this.#admission.findCluster();
  }

  /** Takes part with what the data directory holds. */
  async run(dataDir: DataDir): Promise<void> {
    const { config, log, tickMs } = this.#parts;
    const { identity, storage, peerDirectories } = dataDir;
    this.#dataDir = dataDir;
    this.#clusterId = identity.clusterId;
    this.#backups = new Backups(config.dataDir, identity.clusterId);
    const { signal } = this.#ending;
    const moving = new Moving({ home: dataDir, seeds: config.join, log, signal });
    const transport = new HttpTransport({
      id: identity.nodeId,
      clusterId: identity.clusterId,
      directoryId: identity.directoryId,
      knownDirectories: peerDirectories,
      address: config.address,
      label: config.label,
      // A node that is behind has to hear a leader that it does not know as a member yet (§6).
      admit: "cluster",
      onEvent: (event) => this.#onTransport(event),
    });
    transport.attach(this.#front.server);
    try {
      await moving.requireAlone();
      const tags = (): NodeTags => raftTags(config, identity, this.#raft?.status() ?? null);
      await this.#gossip.begin({ directoryId: identity.directoryId, tags });
      this.#raft = await RaftNode.start<BatchResults>({
        id: identity.nodeId,
        members: firstMembers(identity),
        stateMachine: this.#machine,
        storage,
        transport,
        observer: this.#flight.beside(this.#watch.observer),
        ...(tickMs === undefined ? {} : { tickMs }),
      });
    } catch (error) {
      await storage.close();
      throw error;
    }
    const raft = this.#raft;
    this.#neighbours.join({ status: () => raft.status(), transport, dataDir, config, log });
    this.#watch.begin(raft.status());
    await dataDir.markJoined();
    if (this.#life.stopping) return;
    this.#admission.begin(raft, dataDir);
    void this.#raft.stopped.then((error) => this.#life.endWith(error));
    const engine = this.#engine(this.#raft);
    this.#front.gate.open(engine);
    this.#held.release();
    announce(raft.status(), { identity, config, log });
    this.#autopilot = raftAutopilot({
      config,
      identity,
      raft,
      members: engine.members,
      gossip: this.#gossip,
      connected: (id) => this.#neighbours.connected(id),
      tickMs,
      log,
    });
    void this.#confirm(this.#raft);
    void moving.announce({ status: () => raft.status(), members: engine.members });
  }

  record(): Promise<void> {
    return this.#flight.save("flight");
  }

  /** Hands leadership over first, as long as there is somebody to take it. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  #engine(node: RaftNode<BatchResults>): RaftCounter {
    const parts = { node, machine: this.#machine, leadership: this.#watch, clock: this.#clock };
    const reaches = (id: string): boolean => this.#neighbours.answersAtItsAddress(id);
    return new RaftCounter({ ...this.#parts.config, ...parts, reaches });
  }

  /** Ready means that a majority has answered us, not only that the process is up. */
  async #confirm(node: RaftNode<BatchResults>): Promise<void> {
    const { log } = this.#parts;
    if (!(await untilConfirmed(node, this.#watch, log)) || this.#life.stopping) return;
    const readyAfterMs = this.#life.becomeReady();
    this.#autopilot?.begin();
    const { leaderId } = this.#watch;
    const who = this.#watch.leading ? "this node" : (leaderId ?? "being elected again");
    log.info(`ready in ${readyAfterMs} ms: leader is ${who}`);
  }

  /** Gives leadership to another node, as long as enough of them are there to elect one. */
  async #handOver(node: RaftNode<BatchResults>): Promise<void> {
    if (node.status().fatal !== null || !this.#neighbours.successorPossible()) return;
    const alone = new Promise<void>((resolve) => (this.#whenAlone = resolve));
    await Promise.race([node.stepDown(), alone]);
  }

  #onTransport(event: TransportEvent): void {
    this.#neighbours.onTransport(event);
    this.#watch.onTransport(event);
    if (event.type === "disconnected" && !this.#neighbours.successorPossible()) this.#whenAlone();
  }

  #endAsking(): void {
    this.#admission.end();
    this.#ending.abort();
  }

  async #shutDown(): Promise<void> {
    const { gate } = this.#front;
    gate.leave();
    this.#autopilot?.end();
    const goodbyeMs = this.#parts.config.shutdownTimeoutMs / 2;
    const goodbye = this.#leaving.left ? this.#gossip.leave(goodbyeMs) : null;
    // First, while every request is still let in: what comes meanwhile waits for the next leader.
    if (this.#raft !== null) await this.#handOver(this.#raft);
    gate.drain();
    this.#held.close();
    await this.#front.drain();
    await this.#raft?.stop();
    await goodbye;
    await this.#gossip.end();
    this.#watch.end();
    this.#endAsking();
    this.#forwarder.close();
    this.#front.close();
    await this.#flight.settled();
  }
}
