/**
 * One node in Raft mode: data directory, Raft, HTTP, put together and taken apart in the right order.
 *
 * The port is closed as soon as another node leads, so that the next process has it.
 */
import { RaftNode } from "@counter/raft";
import { CounterMachine, LogClock } from "@counter/state-machine";
import { HttpTransport, type TransportEvent } from "@counter/transport-http";

import { announce } from "./announcement.ts";
import { Bootstrap } from "./bootstrap/bootstrap.ts";
import { firstStart } from "./bootstrap/first-start.ts";
import type { RaftConfig } from "./config/node-config.ts";
import { Backups } from "./data-dir/backups.ts";
import { openDataDir, type DataDir, type FirstStart } from "./data-dir/data-dir.ts";
import { firstMembers } from "./data-dir/identity.ts";
import type { RaftEngine } from "./engine/engine.ts";
import { RaftCounter, type BatchResults } from "./engine/raft-counter.ts";
import { Admission } from "./admission.ts";
import { FlightFiles } from "./flight-files.ts";
import { addressesOf } from "./gossip/gossip-member.ts";
import type { NodeGossip } from "./gossip/node-gossip.ts";
import type { NodeTags } from "./gossip/node-tags.ts";
import { raftGossip, raftTags } from "./gossip/raft-gossip.ts";
import { Front } from "./http/front.ts";
import { createForwarder } from "./http/raft/forward.ts";
import { HeldRequests } from "./http/held.ts";
import { LeaderSeeking } from "./http/raft/leader-seeking.ts";
import { raftHealth, raftRoutes, replicaRows } from "./http/raft/routes.ts";
import { requestListener } from "./http/server.ts";
import { Service } from "./http/service.ts";
import { Neighbours } from "./neighbours.ts";
import { Lifecycle, type NodeParts, type RunningNode } from "./running.ts";
import { untilConfirmed } from "./until-confirmed.ts";
import { Watch } from "./watch.ts";

/** @throws StartError when a person has to change something */
export async function startRaftNode(parts: NodeParts<RaftConfig>): Promise<RunningNode> {
  const { config, log } = parts;
  const node = new CounterNode(parts);
  try {
    await node.listen();
    await node.run(await openDataDir(config, log, () => node.begin()));
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

class CounterNode implements RunningNode {
  readonly ready: Promise<number>;
  readonly stopped: Promise<Error | null>;
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
  readonly #forwarder;
  readonly #gossip: NodeGossip;
  readonly #bootstrap: Bootstrap;
  #raft: RaftNode<BatchResults> | null = null;
  #backups: Backups;
  /** `null` until it is known. */
  #clusterId: string | null;
  #whenAlone: () => void = () => undefined;

  constructor(parts: NodeParts<RaftConfig>) {
    const { config, log, logContext, version: release } = parts;
    this.#parts = parts;
    this.#front = new Front(config, parts.server);
    this.#life = new Lifecycle(() => this.#shutDown(), log);
    this.ready = this.#life.ready;
    this.stopped = this.#life.stopped;
    const named = config.bootstrapExpect === null && config.join.length === 0;
    this.#clusterId = named ? config.clusterId : null;
    this.#backups = new Backups(config.dataDir, config.clusterId);
    this.#flight = new FlightFiles({ folder: config.dataDir, release, log });
    this.#admission = new Admission({
      seeds: () => this.#seeds(),
      clusterName: config.clusterName,
      log,
      onRemoved: (error) => this.#life.endWith(error),
    });
    parts.cancel?.addEventListener("abort", () => this.#cancel(), { once: true });
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
    this.#bootstrap = new Bootstrap({ config, gossip: this.#gossip, log });
    this.#front.gate.starting = () => {
      const waiting = this.#bootstrap.waiting ?? this.#admission.waiting;
      return waiting ?? "the node reads its data directory";
    };
    this.#forwarder = createForwarder({
      own: config.address,
      timeoutMs: config.applyTimeoutMs + 500, // the leader's own answer comes first
    });
  }

  /** Opens the port; from now on every request is answered. */
  async listen(): Promise<void> {
    const { config, log, version } = this.#parts;
    const { gate, loopLagMs } = this.#front;
    const handling = new LeaderSeeking({
      config,
      gate,
      held: this.#held,
      forwarder: this.#forwarder,
      cluster: this.#neighbours,
    });
    const service = new Service({ address: config.address, gate, handling, log });
    const routes = raftRoutes({
      engine: () => gate.engine(),
      backups: () => {
        gate.engine(); // until there is one, nobody knows whose backups those are
        return this.#backups;
      },
      idempotencyWindowMs: config.idempotencyWindowMs,
      facts: {
        label: config.label,
        address: config.address,
        mode: config.mode,
        version,
        clusterId: () => this.#clusterId,
        startedInMs: () => this.#life.readyAfterMs,
      },
      connected: (id) => this.#neighbours.connected(id),
      bootstrap: this.#bootstrap,
      replicas: () => (gate.started ? replicaRows(gate.engine()) : []),
      gossip: this.#gossip,
      health: raftHealth({
        gate,
        loopLagMs,
        confirmed: () => this.#life.readyAfterMs !== null,
        waiting: () => this.#neighbours.waiting(),
      }),
      onRestored: (restored) => {
        log.info("all counters were replaced by those of a backup", {
          ...restored,
          epoch: String(restored.epoch),
        });
      },
    });
    const strict = config.compat === "strict";
    await this.#front.listen(requestListener(routes, service, { strict }));
  }

  /** How a data directory begins that is new. */
  begin(): Promise<FirstStart> {
    const by = { bootstrap: this.#bootstrap, admission: this.#admission };
    return firstStart(this.#parts.config, by);
  }

  /** Takes part with what the data directory holds. */
  async run(dataDir: DataDir): Promise<void> {
    const { config, log, tickMs } = this.#parts;
    const { identity, storage, peerDirectories } = dataDir;
    this.#clusterId = identity.clusterId;
    this.#bootstrap.begun(identity);
    this.#backups = new Backups(config.dataDir, identity.clusterId);
    await this.#beginGossip(dataDir);
    const transport = new HttpTransport({
      id: identity.nodeId,
      clusterId: identity.clusterId,
      directoryId: identity.directoryId,
      knownDirectories: peerDirectories,
      label: config.label,
      // A node that is behind has to hear a leader that it does not know as a member yet (§6).
      admit: "cluster",
      onEvent: (event) => this.#onTransport(event),
    });
    transport.attach(this.#front.server);
    try {
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
    this.#front.gate.open(this.#engine(this.#raft));
    this.#held.release();
    announce(raft.status(), { identity, config, log });
    void this.#confirm(this.#raft);
  }

  /** Before Raft begins: a port that is taken is told before anything is promised. */
  async #beginGossip({ identity, storage }: DataDir): Promise<void> {
    const { config } = this.#parts;
    const tags = (): NodeTags => raftTags(config, identity, this.#raft?.status() ?? null);
    try {
      await this.#gossip.begin({ directoryId: identity.directoryId, tags });
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  record(): Promise<void> {
    return this.#flight.save("flight");
  }

  /** Hands leadership over first, as long as there is somebody to take it. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  #cancel(): void {
    this.#admission.end();
    this.#bootstrap.end();
  }

  /** Whom to ask to be taken in: whoever was named, and whoever is known to be of the cluster. */
  #seeds(): readonly string[] {
    const { join, address } = this.#parts.config;
    const members = addressesOf(this.#clusterId, this.#gossip.members());
    const all = new Set([...join, ...this.#bootstrap.via, ...members]);
    return [...all].filter((seed) => seed !== address);
  }

  #engine(node: RaftNode<BatchResults>): RaftCounter {
    const parts = { node, machine: this.#machine, leadership: this.#watch, clock: this.#clock };
    return new RaftCounter({ ...this.#parts.config, ...parts });
  }

  /** Ready means that a majority has answered us, not only that the process is up. */
  async #confirm(node: RaftNode<BatchResults>): Promise<void> {
    const { log } = this.#parts;
    if (!(await untilConfirmed(node, this.#watch, log)) || this.#life.stopping) return;
    const readyAfterMs = this.#life.becomeReady();
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

  async #shutDown(): Promise<void> {
    const { gate } = this.#front;
    gate.leave();
    // First, while every request is still let in: what comes meanwhile waits for the next leader.
    if (this.#raft !== null) await this.#handOver(this.#raft);
    gate.drain();
    this.#held.close();
    await this.#front.drain();
    await this.#raft?.stop();
    await this.#gossip.end();
    this.#watch.end();
    this.#cancel();
    this.#forwarder.close();
    this.#front.close();
    await this.#flight.settled();
  }
}
