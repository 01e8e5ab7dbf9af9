/**
 * A proxy in front of one node that loses messages on purpose: some requests never arrive, of others
 * the reply is thrown away. To the client both look the same, and that is the point.
 */
import { once } from "node:events";
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { AddressInfo } from "node:net";

import type { Tls } from "../tls.ts";

export interface Losses {
  requests: number;
  replies: number;
  passed: number;
}

export interface LossyOptions {
  /** Share of messages that are lost, from 0 to 1; half of them on the way there. */
  readonly lost: number;
  /** From 0 up to 1, like `Math.random`. */
  readonly random: () => number;
  /** What connections to a node over TLS trust and show; `null`: as Node.js does it by itself. */
  readonly tls?: Tls | null;
}

/** Most connections at a time. */
export const connectionsMax: number = 1024;

export class LossyProxy {
  readonly losses: Losses = { requests: 0, replies: 0, passed: 0 };
  readonly #target: URL;
  readonly #options: LossyOptions;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  readonly #secureAgent: SecureAgent;

  private constructor(target: string, options: LossyOptions) {
    this.#target = new URL(target);
    this.#options = options;
    const kept = { keepAlive: true, maxSockets: connectionsMax };
    this.#secureAgent = new SecureAgent({ ...options.tls, ...kept });
    this.#server = createServer((incoming, response) => this.#pass(incoming, response));
    this.#server.maxConnections = connectionsMax;
  }

  /** @param target - base URL of a node */
  static async start(target: string, options: LossyOptions): Promise<LossyProxy> {
    const proxy = new LossyProxy(target, options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#secureAgent.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { lost, random } = this.#options;
    if (random() < lost / 2) {
      this.losses.requests += 1;
      response.socket?.resetAndDestroy();
      return;
    }
    const drop = random() < lost / 2;
    const { protocol, hostname, port } = this.#target;
    const path = this.#target.pathname.replace(/\/+$/, "") + (incoming.url ?? "/");
    const headers = { ...incoming.headers, host: this.#target.host };
    const options = { hostname, port, path, method: incoming.method, headers };
    const outgoing =
      protocol === "https:"
        ? secureRequest({ ...options, agent: this.#secureAgent })
        : request({ ...options, agent: this.#agent });
    outgoing.on("response", (reply) => this.#reply(reply, response, drop));
    // The node is gone: the client learns of it as it would without us.
    outgoing.on("error", () => response.socket?.resetAndDestroy());
    response.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  #reply(reply: IncomingMessage, response: ServerResponse, drop: boolean): void {
    if (drop) {
      // The whole reply has been given by then: what it answers has certainly been done.
      reply.on("end", () => {
        this.losses.replies += 1;
        response.socket?.resetAndDestroy();
      });
      reply.resume();
      return;
    }
    this.losses.passed += 1;
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.on("error", () => response.destroy());
    reply.pipe(response);
  }
}
