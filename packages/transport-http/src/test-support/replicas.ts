/** A real HTTP server with a replica transport on it, and everything that it saw. */
import { setMaxListeners } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";

import type { ExchangeKind, TransportHandler } from "@counter/eventual";

import { PeerAuth } from "../auth/peer-auth.ts";
import type { PeerTrust } from "../auth/peer-trust.ts";
import type { ReplicaEvent } from "../replica/events.ts";
import type { HttpReplicaTransportOptions } from "../replica/options.ts";
import { HttpReplicaTransport } from "../replica/replica-transport.ts";
import { Watch } from "./watch.ts";

export const secret: Uint8Array = new TextEncoder().encode("a secret of the cluster");
export const otherSecret: Uint8Array = new TextEncoder().encode("a secret of nobody else");
/** Never aborted, whoever listens to it. */
export const patient: AbortSignal = new AbortController().signal;
setMaxListeners(0, patient);

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

export type Answer = (kind: ExchangeKind, request: Uint8Array) => Promise<Uint8Array>;

/** Says what it was asked. */
export const echo: Answer = async (kind, request) => bytes(`${kind}: ${text(request)}`);

/** Options with a shortcut: a secret, or `null`, and it is trusted accordingly. */
export type ReplicaOptions = Partial<HttpReplicaTransportOptions> & {
  readonly secret?: Uint8Array | null;
};

export class TestReplica implements TransportHandler {
  readonly server: Server;
  readonly transport: HttpReplicaTransport;
  readonly asked: { readonly kind: ExchangeKind; readonly request: Uint8Array }[] = [];
  readonly events: ReplicaEvent[] = [];
  readonly watch: Watch = new Watch();
  /** Open connections to the server. */
  readonly sockets = new Set<Socket>();
  /** Connections to the server so far. */
  connections = 0;
  readonly #answer: Answer;

  constructor({ secret: shared = null, ...options }: ReplicaOptions, answer: Answer) {
    this.#answer = answer;
    const onEvent = (event: ReplicaEvent): void => {
      this.events.push(event);
      this.watch.notify();
    };
    const trust: PeerTrust =
      shared === null ? { kind: "loopback" } : { kind: "secret", auth: new PeerAuth([shared]) };
    this.transport = new HttpReplicaTransport({ trust, onEvent, ...options });
    this.server = createServer((request, response) => {
      if (this.transport.handles(request)) this.transport.handle(request, response);
      else response.end("for clients");
    });
    this.server.on("connection", (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      this.watch.notify();
      socket.on("close", () => {
        this.sockets.delete(socket);
        this.watch.notify();
      });
    });
  }

  answer(kind: ExchangeKind, request: Uint8Array): Promise<Uint8Array> {
    this.asked.push({ kind, request });
    this.watch.notify();
    return this.#answer(kind, request);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The transport first, as a node that stops does; the server ends only when nothing is open. */
  async close(): Promise<void> {
    await this.transport.close();
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** What one test opened; ended after it. */
export class Replicas {
  readonly #ends: (() => Promise<void>)[] = [];

  async listen(options: ReplicaOptions = {}, answer: Answer = echo): Promise<TestReplica> {
    const replica = new TestReplica(options, answer);
    this.#ends.push(() => replica.close());
    await new Promise<void>((resolve) => replica.server.listen(0, "127.0.0.1", resolve));
    replica.transport.start(replica);
    return replica;
  }

  /** Asks only. */
  caller(options: ReplicaOptions = {}): TestReplica {
    const replica = new TestReplica(options, echo);
    this.#ends.push(() => replica.close());
    return replica;
  }

  /** A peer made by hand: everything that is said to a connection of it is up to the test. */
  async strange(onConnection: (socket: Socket) => void): Promise<string> {
    const open = new Set<Socket>();
    const server: TcpServer = createTcpServer((socket) => {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    this.#ends.push(async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#ends.splice(0).map((end) => end()));
  }
}

export interface Said {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request made by hand. */
export function say(
  port: number,
  request: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string | number>;
    readonly body?: Uint8Array;
  },
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const { method = "POST", path, headers = {}, body } = request;
    const asking = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false });
    asking.on("error", reject);
    asking.on("response", (answer) => {
      let content = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (content += chunk));
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: content });
      });
    });
    asking.end(body);
  });
}
