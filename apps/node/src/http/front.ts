/**
 * The side of a node that clients see, the same in every mode: the port, the gate, how late the
 * loop is. The port is opened before anything else, so that every endpoint answers from the start.
 */
import type { RequestListener, Server } from "node:http";

import { LoopLag } from "../process/loop-lag.ts";
import { nodeMetrics } from "../metrics/node-metrics.ts";
import type { Metrics } from "../metrics/registry.ts";
import { requestMeter } from "../metrics/request-meter.ts";
import type { NodeParts } from "../process/running.ts";
import { accessLog } from "./access-log.ts";
import type { Route } from "./api.ts";
import { Watching } from "../watch-hub/watching.ts";
import { Gate } from "./gate.ts";
import { listen } from "./listen.ts";
import { RateLimits } from "../limits/rate-limits.ts";
import { connectionLimits, Connections } from "../security/connections.ts";
import type { Security } from "../security/security.ts";
import { logLevelRoutes } from "./log-level-route.ts";
import { metricsRoutes } from "./metrics-route.ts";
import type { Answered } from "./answering.ts";
import { requestListener } from "./server.ts";
import { answerUnreadable } from "./unreadable.ts";
import { Service, type Handling } from "./service.ts";

/** How long requests that are being answered may take once the node stops, in milliseconds. */
const idlePatienceMs = 2000;

export class Front<Engine> {
  readonly gate = new Gate<Engine>();
  readonly server: Server;
  readonly connections: Connections;
  readonly watching: Watching;
  readonly metrics: Metrics;
  /** What is asked of the node itself, whatever it is for. */
  readonly routes: readonly Route[];
  readonly #parts: NodeParts & { readonly security: Security };
  readonly #limits: RateLimits | null;
  readonly #lag = new LoopLag();
  readonly #observers: readonly ((answered: Answered) => void)[];

  constructor(parts: NodeParts & { readonly security: Security }) {
    const { config, version, commit = "unknown", log, logContext, security } = parts;
    this.#parts = parts;
    this.server = security.serverOf(parts.server);
    this.connections = new Connections(this.server, connectionLimits(config.connectionsMax));
    const inFlight = (): number => this.gate.inFlight;
    const worstLagMs = (): number => this.#lag.worstMs;
    this.metrics = nodeMetrics({ config, version, commit, worstLagMs, inFlight, logContext });
    this.routes = [...metricsRoutes(this.metrics), ...logLevelRoutes(log)];
    const counting = config.metrics ? [requestMeter(this.metrics, config.mode)] : [];
    this.#observers = [...counting, accessLog(log)];
    const { watchersMax } = config;
    const { stillMay } = security.access;
    const starting = (): string => this.gate.starting();
    this.watching = new Watching({ starting, watchersMax, stillMay });
    const { metrics, watching } = this;
    security.whenTokensChange(() => watching.desk.recheck());
    this.#limits = RateLimits.of(config, (policy) => {
      metrics.count("counter_rate_limited_total", { policy });
    });
    metrics.onScrape(() => metrics.set("counter_watchers", watching.desk.size));
    const { connections } = this;
    let refused = 0;
    metrics.onScrape(() => {
      metrics.set("counter_http_connections", connections.clients);
      metrics.count("counter_http_connections_refused_total", {}, connections.refused - refused);
      refused = connections.refused;
    });
  }

  /** The way of every request; what else may happen to it is the mode's. */
  service(handling: Handling): Service {
    const { config, log, security } = this.#parts;
    const { access } = security;
    const { gate, connections } = this;
    const limits = this.#limits;
    return new Service({ ...config, gate, handling, log, access, connections, limits });
  }

  /** Answers by these routes. */
  listener(routes: readonly Route[], service: Service): RequestListener {
    const { config, security } = this.#parts;
    const { cors } = security;
    const { connections } = this;
    answerUnreadable(this.server, service, this.#onAnswered);
    const strict = config.compat === "strict";
    return requestListener(routes, service, {
      ...{ strict, cors, connections },
      onAnswered: this.#onAnswered,
    });
  }

  readonly #onAnswered = (answered: Answered): void => {
    for (const observe of this.#observers) observe(answered);
  };

  readonly loopLagMs = (): number => this.#lag.ms;

  /** Opens the port; from now on every request is answered. */
  async listen(listener: RequestListener): Promise<void> {
    this.server.on("request", listener);
    if (!this.server.listening) await listen(this.server, this.#parts.config);
  }

  /** Lets nobody in any more, and waits a while for those who are in. */
  async drain(): Promise<void> {
    this.gate.drain();
    this.watching.close("this node is stopping; go on at another one");
    this.server.close(); // no new connections; those that are open go on
    await this.gate.idle(Math.min(idlePatienceMs, this.#parts.config.shutdownTimeoutMs / 2));
  }

  close(): void {
    this.#lag.stop();
    this.server.closeAllConnections();
  }
}
