/**
 * One node: data directory, Raft, HTTP, put together and taken apart in the right order.
 *
 * The port is opened first, so that every endpoint answers from the beginning (503 until there is
 * something to say). It is closed as soon as another node leads, so that the next process has it.
 */
import type { Server } from "node:http";

import { RaftNode } from "@counter/raft";
import { CounterMachine, LogClock } from "@counter/state-machine";
import { HttpTransport, type TransportEvent } from "@counter/transport-http";
import type { Logger } from "winston";

import { announce } from "./announcement.ts";
import type { NodeConfig } from "./config/config.ts";
import { Backups } from "./data-dir/backups.ts";
import { openDataDir, type DataDir } from "./data-dir/data-dir.ts";
import { firstMembers } from "./data-dir/identity.ts";
import { RaftCounter, type BatchResults } from "./engine/raft-counter.ts";
import { Admission } from "./admission.ts";
import { FlightFiles } from "./flight-files.ts";
import { createForwarder } from "./http/forward.ts";
import { Gate } from "./http/gate.ts";
import { HeldRequests } from "./http/held.ts";
import { listen } from "./http/listen.ts";
import { createHttpServer, requestListener } from "./http/server.ts";
import { Service } from "./http/service.ts";
import { healthOf, routesOf } from "./http/routes.ts";
import type { LogContext } from "./logging.ts";
import { LoopLag } from "./loop-lag.ts";
import { Neighbours } from "./neighbours.ts";
import { untilConfirmed } from "./until-confirmed.ts";
import { Watch } from "./watch.ts";

export interface NodeParts {
  readonly config: NodeConfig;
  readonly log: Logger;
  readonly logContext: LogContext;
  readonly version: string;
  /** One that listens already, for tests on port 0; otherwise one is made. */
  readonly server?: Server;
  /** Length of a Raft tick in milliseconds; tests make it short. */
  readonly tickMs?: number;
  /** Gives up starting: a node that joins may wait for its cluster as long as it likes. */
  readonly cancel?: AbortSignal;
}

/** A node that was started; it may not know a leader yet. */
export interface RunningNode {
  /** Resolves with the time since process start when a read was confirmed by a majority. */
  readonly ready: Promise<number>;
  /** Resolves when the node has stopped: `null` after {@link stop}, the error after a failure. */
  readonly stopped: Promise<Error | null>;
  readonly flight: FlightFiles;
  /**
   * Hands leadership over, then refuses new requests, finishes those that are being answered, closes
   * everything. Idempotent.
   */
  stop(): Promise<void>;
}

/** How long requests that are being answered may take once the node stops. */
const idlePatienceMs = 2000;

/** @throws StartError when a person has to change something */
export async function startRaftNode(parts: NodeParts): Promise<RunningNode> {
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
  readonly flight: FlightFiles;
  readonly #parts: NodeParts;
  readonly #server: Server;
  readonly #gate = new Gate();
  readonly #held = new HeldRequests();
  readonly #machine = new CounterMachine();
  readonly #clock = new LogClock();
  readonly #watch: Watch;
  readonly #neighbours: Neighbours;
  readonly #admission: Admission;
  readonly #forwarder;
  readonly #lag = new LoopLag();
  #raft: RaftNode<BatchResults> | null = null;
  #backups: Backups | null = null;
  #clusterId: string;
  #startedInMs: number | null = null;
  #failure: Error | null = null;
  #stopping: Promise<void> | null = null;
  #whenAlone: () => void = () => undefined;
  #resolveReady: (ms: number) => void = () => undefined;
  #resolveStopped: (error: Error | null) => void = () => undefined;

  constructor(parts: NodeParts) {
    const { config, log, logContext, version: release } = parts;
    this.#parts = parts;
    this.#server = parts.server ?? createHttpServer();
    this.#clusterId = config.clusterId;
    this.flight = new FlightFiles({ folder: config.dataDir, release, log });
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve));
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
    this.#admission = new Admission({
      seeds: config.join,
      clusterName: config.clusterName,
      log,
      onRemoved: (error) => this.#endWith(error),
    });
    parts.cancel?.addEventListener("abort", () => this.#admission.end(), { once: true });
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
      onHopeless: (error) => this.#endWith(error),
    });
    this.#forwarder = createForwarder({
      own: config.address,
      timeoutMs: config.applyTimeoutMs + 500, // the leader's own answer comes first
    });
  }

  /** Opens the port; from now on every request is answered. */
  async listen(): Promise<void> {
    const { config, log, version } = this.#parts;
    const service = new Service({
      config,
      gate: this.#gate,
      held: this.#held,
      forwarder: this.#forwarder,
      log,
      cluster: this.#neighbours,
    });
    const routes = routesOf({
      engine: () => this.#gate.engine(),
      backups: () => this.#backups ?? new Backups(config.dataDir, config.clusterId),
      idempotencyWindowMs: config.idempotencyWindowMs,
      facts: {
        label: config.label,
        address: config.address,
        mode: config.mode,
        version,
        clusterId: () => this.#clusterId,
        startedInMs: () => this.#startedInMs,
        connected: (id) => this.#neighbours.connected(id),
      },
      health: healthOf({
        gate: this.#gate,
        loopLagMs: () => this.#lag.ms,
        confirmed: () => this.#startedInMs !== null,
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
    this.#server.on("request", requestListener(routes, service, { strict }));
    if (!this.#server.listening) await listen(this.#server, config);
  }

  /** The cluster to join, for a data directory that is new. */
  findCluster(): Promise<string> {
    return this.#admission.findCluster();
  }

  /** Takes part with what the data directory holds. */
  async run(dataDir: DataDir): Promise<void> {
    const { config, log, tickMs } = this.#parts;
    const { identity, storage, peerDirectories } = dataDir;
    this.#clusterId = identity.clusterId;
    this.#backups = new Backups(config.dataDir, identity.clusterId);
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
    transport.attach(this.#server);
    try {
      this.#raft = await RaftNode.start<BatchResults>({
        id: identity.nodeId,
        members: firstMembers(identity),
        stateMachine: this.#machine,
        storage,
        transport,
        observer: this.flight.beside(this.#watch.observer),
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
    if (this.#stopping !== null) return;
    this.#admission.begin(raft, dataDir);
    void this.#raft.stopped.then((error) => this.#endWith(error));
    this.#gate.open(this.#engine(this.#raft));
    this.#held.release();
    announce(raft.status(), { identity, config, log });
    void this.#confirm(this.#raft);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  #engine(node: RaftNode<BatchResults>): RaftCounter {
    const parts = { node, machine: this.#machine, leadership: this.#watch, clock: this.#clock };
    return new RaftCounter({ ...this.#parts.config, ...parts });
  }

  /** Ready means that a majority has answered us, not only that the process is up. */
  async #confirm(node: RaftNode<BatchResults>): Promise<void> {
    const { log } = this.#parts;
    if (!(await untilConfirmed(node, this.#watch, log)) || this.#stopping !== null) return;
    this.#startedInMs = Math.round(performance.now());
    const { leaderId } = this.#watch;
    const who = this.#watch.leading ? "this node" : (leaderId ?? "being elected again");
    log.info(`ready in ${this.#startedInMs} ms: leader is ${who}`);
    this.#resolveReady(this.#startedInMs);
  }

  #endWith(error: Error | null): void {
    if (error === null) return;
    this.#failure = error;
    this.stop().catch((closing: unknown) => {
      // The first error is the one that matters; it must be told whatever else breaks.
      this.#parts.log.error("closing failed", { error: closing });
      this.#resolveStopped(error);
    });
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
    const { config } = this.#parts;
    this.#gate.leave();
    // First, while every request is still let in: what comes meanwhile waits for the next leader.
    if (this.#raft !== null) await this.#handOver(this.#raft);
    this.#gate.drain();
    this.#held.close();
    this.#server.close(); // no new connections; those that are open go on
    await this.#gate.idle(Math.min(idlePatienceMs, config.shutdownTimeoutMs / 2));
    await this.#raft?.stop();
    this.#watch.end();
    this.#admission.end();
    this.#forwarder.close();
    this.#lag.stop();
    this.#server.closeAllConnections();
    await this.flight.settled();
    this.#resolveStopped(this.#failure);
  }
}
