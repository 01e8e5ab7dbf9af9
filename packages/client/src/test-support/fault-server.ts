/** A real server that answers as badly as a test wants, and remembers what it was asked. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What becomes of one request. */
export type Fault =
  | {
      readonly status: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The request is read, and the connection reset. */
  | "reset"
  /** The request is read, and nothing comes back. */
  | "hang"
  /** A reply that ends in the middle. */
  | "truncate"
  /** Whatever else; the test writes the reply itself. */
  | ((response: ServerResponse, asked: Asked) => void);

export class FaultServer {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  /** The next replies, in order; the last one goes on for ever. */
  #faults: Fault[];
  #listeners: (() => void)[] = [];

  private constructor(faults: readonly Fault[]) {
    this.#faults = [...faults];
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(...faults: readonly Fault[]): Promise<FaultServer> {
    const server = new FaultServer(faults);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    started.push(server);
    return server;
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  get keys(): readonly unknown[] {
    return this.asked.map(({ headers }) => headers["idempotency-key"]);
  }

  answersWith(...faults: readonly Fault[]): void {
    this.#faults = [...faults];
  }

  /** Resolves once so many requests have come. */
  async wasAsked(times: number): Promise<void> {
    while (this.asked.length < times) {
      await new Promise<void>((resolve) => this.#listeners.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    const { method = "", url: path = "", headers } = request;
    const asked = { method, path, headers, body };
    this.asked.push(asked);
    const fault = this.#faults.length > 1 ? this.#faults.shift()! : this.#faults[0]!;
    play(fault, response, asked);
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

function play(fault: Fault, response: ServerResponse, asked: Asked): void {
  if (fault === "hang") return;
  if (fault === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fault === "truncate") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"name":', () => response.socket?.destroy());
    return;
  }
  if (typeof fault === "function") {
    fault(response, asked);
    return;
  }
  const { status, json, text = "", headers = {} } = fault;
  const type = json === undefined ? "text/plain" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(json === undefined ? text : JSON.stringify(json));
}

const started: FaultServer[] = [];

/** An endpoint at which nobody listens. */
export async function deadEndpoint(): Promise<string> {
  const server = await FaultServer.start("hang");
  const { url } = server;
  await server.close();
  started.splice(started.indexOf(server), 1);
  return url;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});
