/**
 * The side of a node that clients see, the same in every mode: the port, the gate, how late the
 * loop is. The port is opened before anything else, so that every endpoint answers from the start.
 */
import type { RequestListener, Server } from "node:http";

import { LoopLag } from "../loop-lag.ts";
import { nodeMetrics } from "../metrics/node-metrics.ts";
import type { Metrics } from "../metrics/registry.ts";
import { requestMeter } from "../metrics/request-meter.ts";
import type { NodeParts } from "../running.ts";
import { accessLog } from "./access-log.ts";
import type { Route } from "./api.ts";
import { Watching } from "../watch-hub/watching.ts";
import { Gate } from "./gate.ts";
import { listen } from "./listen.ts";
import { logLevelRoutes } from "./log-level-route.ts";
import { metricsRoutes } from "./metrics-route.ts";
import { createHttpServer, type Answered } from "./server.ts";

/** How long requests that are being answered may take once the node stops, in milliseconds. */
const idlePatienceMs = 2000;

export class Front<Engine> {
  readonly gate = new Gate<Engine>();
  readonly server: Server;
  readonly watching: Watching;
  readonly metrics: Metrics;
  /** What is asked of the node itself, whatever it is for. */
  readonly routes: readonly Route[];
  readonly #config: NodeParts["config"];
  readonly #lag = new LoopLag();
  readonly #observers: readonly ((answered: Answered) => void)[];

  constructor({ config, version, commit = "unknown", log, logContext, server }: NodeParts) {
    this.#config = config;
    this.server = server ?? createHttpServer();
    const inFlight = (): number => this.gate.inFlight;
    const { loopLagMs } = this;
    this.metrics = nodeMetrics({ config, version, commit, loopLagMs, inFlight, logContext });
    this.routes = [...metricsRoutes(this.metrics), ...logLevelRoutes(log)];
    const counting = config.metrics ? [requestMeter(this.metrics, config.mode)] : [];
    this.#observers = [...counting, accessLog(log)];
    const { watchersMax } = config;
    this.watching = new Watching({ starting: () => this.gate.starting(), watchersMax });
    const { metrics, watching } = this;
    metrics.onScrape(() => metrics.set("counter_watchers", watching.desk.size));
  }

  /** To be told of every request that was answered. */
  readonly onAnswered = (answered: Answered): void => {
    for (const observe of this.#observers) observe(answered);
  };

  readonly loopLagMs = (): number => this.#lag.ms;

  /** Opens the port; from now on every request is answered. */
  async listen(listener: RequestListener): Promise<void> {
    this.server.on("request", listener);
    if (!this.server.listening) await listen(this.server, this.#config);
  }

  /** Lets nobody in any more, and waits a while for those who are in. */
  async drain(): Promise<void> {
    this.gate.drain();
    this.watching.close("this node is stopping; go on at another one");
    this.server.close(); // no new connections; those that are open go on
    await this.gate.idle(Math.min(idlePatienceMs, this.#config.shutdownTimeoutMs / 2));
  }

  close(): void {
    this.#lag.stop();
    this.server.closeAllConnections();
  }
}
