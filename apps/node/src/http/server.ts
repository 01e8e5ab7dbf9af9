/**
 * One `http.Server` for clients and peers. Express serves the routes; requests that name one of them
 * outright go to the same handlers without it, because Express costs several times what all the
 * rest of a request does.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TlsOptions } from "node:tls";

import type { Admission, Asked } from "../security/access.ts";
import { limitConnections } from "../security/connections.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { limitBodyTime } from "./body-time.ts";
import { expressApp } from "./express-app.ts";
import { Problem } from "./problems.ts";
import { splitUrl } from "./request-url.ts";
import { RouteTable } from "./route-table.ts";
import { send } from "./sending.ts";
import { afterBody } from "./streamed-body.ts";
import type { Service } from "./service.ts";

/** Most open connections of clients and peers together. */
export const connectionsMax: number = 4096;

const headersTimeoutMs = 10_000;
const keepAliveTimeoutMs = 30_000;
const headerMaxBytes = 16 * 1024;
const noBody: Uint8Array = new Uint8Array(0);
/** Most headers of a request: Node.js would leave out those beyond its own limit without a word. */
export const headersMax: number = 100;
/** The longest that the beginning of a TLS connection may take, in milliseconds. */
const handshakeTimeoutMs = 10_000;

/** A request that was answered, for whoever counts them or writes them down. */
export interface Answered {
  /** `null`: there is none at this path, or it could not be told. */
  readonly route: Pick<Route, "method" | "path"> | null;
  readonly method: string;
  readonly request: Pick<ApiRequest, "headers" | "path">;
  readonly reply: ApiReply;
  /** From its head having been read until the reply was handed to the socket, in milliseconds. */
  readonly tookMs: number;
}

export interface ListenerOptions {
  /** Writes are accepted by GET as well, as the original demo does. */
  readonly strict: boolean;
  /** Told of every request; must not throw. */
  readonly onAnswered?: (answered: Answered) => void;
}

/**
 * A server that listens nowhere yet and answers nothing until it has a listener for requests.
 *
 * @param tls - with certificates it speaks nothing but TLS
 */
export function createHttpServer(tls: TlsOptions | null = null): Server {
  const options: ServerOptions = {
    connectionsCheckingInterval: 2000,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerMaxBytes,
    noDelay: true,
    requestTimeout: 0, // see body-time.ts
  };
  const handshakeTimeout = handshakeTimeoutMs;
  const server: Server =
    tls === null
      ? createServer(options)
      : createTlsServer({ ...options, ...tls, handshakeTimeout });
  server.maxConnections = connectionsMax;
  limitConnections(server);
  limitBodyTime(server);
  return server;
}

/**
 * Answers requests by the table of routes.
 */
export function requestListener(
  routes: readonly Route[],
  service: Service,
  options: ListenerOptions,
): RequestListener {
  const table = new RouteTable(routes);
  const { onAnswered = (): void => undefined } = options;
  const begun = new WeakMap<IncomingMessage, number>();
  const answered = (seen: Omit<Answered, "tookMs">, beganMs: number | undefined): void => {
    const now = performance.now();
    onAnswered({ ...seen, tookMs: now - (beganMs ?? now) });
  };
  const app = expressApp(routes, service, {
    ...options,
    onSent: (incoming, seen) => answered(seen, begun.get(incoming)),
  });

  return (incoming, outgoing) => {
    const beganMs = performance.now();
    const { path, query } = splitUrl(incoming.url ?? "");
    if (incoming.rawHeaders.length > 2 * headersMax) {
      const problem = new Problem("headers-too-large", `at most ${headersMax} headers`);
      send(outgoing, service.refuse(problem, { headers: incoming.headers, path }));
      return;
    }
    const found = table.find(incoming.method ?? "", path);
    const length = found === null ? null : lengthOf(incoming, found.route);
    if (found === null || length === null) {
      begun.set(incoming, beganMs);
      app(incoming, outgoing);
      return;
    }
    const { route, params } = found;
    const answer = (body: Uint8Array, admission: Admission): void => {
      const request: ApiRequest = {
        method: route.method,
        path,
        params,
        query,
        headers: incoming.headers,
        body,
        hungUp: () => incoming.socket.destroyed,
        onHangUp: (gone) => outgoing.once("close", gone),
        ...(route.streamed === true ? { stream: incoming } : {}),
      };
      void answerTo(service, { route, request, admission }).then((reply) => {
        send(outgoing, reply);
        answered({ route, method: route.method, request, reply }, beganMs);
      });
    };
    const admission = admitted(service, { route, incoming, asked: { params, query } });
    if ("status" in admission) send(outgoing, admission);
    else if (length === 0 || route.streamed === true) answer(noBody, admission);
    else collect(incoming, (body) => answer(body, admission));
  };
}

/** The reply, once a body that the route has read itself is out of the way. */
export async function answerTo(
  service: Service,
  asked: {
    readonly route: Route;
    readonly request: ApiRequest;
    readonly admission: Admission | undefined;
  },
): Promise<ApiReply> {
  const { route, request, admission } = asked;
  const reply = await service.answer(route, request, admission);
  return request.stream === undefined ? reply : afterBody(request.stream, reply);
}

/** What lets a request in, or the reply that says why it does not get in. */
function admitted(
  service: Service,
  request: {
    readonly route: Route;
    readonly incoming: IncomingMessage;
    readonly asked: Asked;
  },
): Admission | ApiReply {
  const { route, incoming, asked } = request;
  try {
    return service.admit(route, incoming, asked);
  } catch (error) {
    return service.refuse(error, { headers: incoming.headers, path: route.path });
  }
}

/**
 * How many bytes of body there are, if that is plainly said and within the route's limit; `null`
 * leaves the request to Express, which knows every other case and what to answer then.
 */
function lengthOf({ headers }: IncomingMessage, route: Route): number | null {
  if (headers["transfer-encoding"] !== undefined) return null;
  if (headers["content-encoding"] !== undefined || headers.expect !== undefined) return null;
  const length = Number(headers["content-length"] ?? 0);
  return length <= route.bodyMaxBytes ? length : null;
}

/** Node.js ends the stream after exactly the length that was announced, or not at all. */
function collect(incoming: IncomingMessage, whole: (body: Uint8Array) => void): void {
  const chunks: Uint8Array[] = [];
  incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  incoming.once("end", () => whole(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  incoming.once("error", () => incoming.destroy()); // hung up: there is nobody to answer
}
