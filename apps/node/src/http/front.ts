/**
 * The side of a node that clients see, the same in every mode: the port, the gate, how late the
 * loop is. The port is opened before anything else, so that every endpoint answers from the start.
 */
import type { RequestListener, Server } from "node:http";

import type { CommonConfig } from "../config/node-config.ts";
import { LoopLag } from "../loop-lag.ts";
import { Watching } from "../watch-hub/watching.ts";
import { Gate } from "./gate.ts";
import { listen } from "./listen.ts";
import { createHttpServer } from "./server.ts";

/** How long requests that are being answered may take once the node stops, in milliseconds. */
const idlePatienceMs = 2000;

type FrontConfig = Pick<CommonConfig, "host" | "port" | "shutdownTimeoutMs" | "watchersMax">;

export class Front<Engine> {
  readonly gate = new Gate<Engine>();
  readonly server: Server;
  readonly watching: Watching;
  readonly #config: FrontConfig;
  readonly #lag = new LoopLag();

  /** @param server - one that listens already, if there is one */
  constructor(config: FrontConfig, server: Server = createHttpServer()) {
    this.#config = config;
    this.server = server;
    const { watchersMax } = config;
    this.watching = new Watching({ starting: () => this.gate.starting(), watchersMax });
  }

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
