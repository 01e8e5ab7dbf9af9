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
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TlsOptions } from "node:tls";

import type { Admission, Asked } from "../security/access.ts";
import { ambiguityOf } from "./ambiguity.ts";
import { answerTo, type Answered, type ListenerOptions } from "./answering.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { limitBodyTime } from "./body-time.ts";
import { expressApp } from "./express-app.ts";
import { headMaxBytes, wrongWithHead } from "./head-limits.ts";
import { splitUrl } from "./request-url.ts";
import { RouteTable, type Found } from "./route-table.ts";
import { send } from "./sending.ts";
import type { Service } from "./service.ts";

/** How long others may take, in milliseconds. */
export interface ServerTimes {
  /** Until the head of a request is there. */
  readonly headMs: number;
  /** Until all of it is. */
  readonly requestMs: number;
  /** Between two requests of one connection. */
  readonly idleMs: number;
  /** How often connections are looked at. */
  readonly lookEveryMs: number;
}

export const serverTimes: ServerTimes = {
  headMs: 10_000,
  requestMs: 30_000,
  idleMs: 30_000,
  lookEveryMs: 2000,
};

const noBody: Uint8Array = new Uint8Array(0);
/** The longest that the beginning of a TLS connection may take, in milliseconds. */
const handshakeTimeoutMs = 10_000;

/**
 * A server that listens nowhere yet and answers nothing until it has a listener for requests.
 *
 * @param tls - with certificates it speaks nothing but TLS
 */
export function createHttpServer(
  tls: TlsOptions | null = null,
  { headMs, requestMs, idleMs, lookEveryMs }: ServerTimes = serverTimes,
): Server {
  const options: ServerOptions = {
    connectionsCheckingInterval: lookEveryMs,
    headersTimeout: headMs,
    keepAliveTimeout: idleMs,
    maxHeaderSize: headMaxBytes,
    noDelay: true,
    requestTimeout: 0, // see body-time.ts
  };
  const handshakeTimeout = handshakeTimeoutMs;
  const server: Server =
    tls === null
      ? createServer(options)
      : createTlsServer({ ...options, ...tls, handshakeTimeout });
  limitBodyTime(server, requestMs);
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
  const { onAnswered = (): void => undefined, connections = null, cors = null } = options;
  const isGuest = ({ socket }: IncomingMessage): boolean => connections?.isGuest(socket) ?? false;
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
    cors?.mark(incoming, outgoing);
    // One answer, and no more, unless it turns out to be a peer's.
    if (isGuest(incoming)) outgoing.setHeader("connection", "close");
    const { path, query } = splitUrl(incoming.url ?? "");
    const { headers } = incoming;
    const refuse = (reply: ApiReply, route: Route | null): void => {
      const { method = "" } = incoming;
      send(outgoing, reply, method);
      answered({ route, method, request: { headers, path }, reply }, beganMs);
    };
    const problem = wrongWithHead(incoming, outgoing) ?? ambiguityOf(incoming);
    if (problem !== null) return refuse(service.refuse(problem, { headers, path }), null);
    const found = table.find(incoming.method ?? "", path);
    const length = found === null ? null : lengthOf(incoming, found.route);
    if (found === null || length === null) {
      begun.set(incoming, beganMs);
      app(incoming, outgoing);
      return;
    }
    const { route, params } = found;
    const answer = (body: Uint8Array, admission: Admission): void => {
      const request = requestOf({ path, query, body, ...found }, incoming, outgoing);
      void answerTo(service, { route, request, admission }).then((reply) => {
        send(outgoing, reply);
        answered({ route, method: route.method, request, reply }, beganMs);
      });
    };
    const admission = admitted(service, { route, path, incoming, asked: { params, query } });
    if (outgoing.hasHeader("connection") && !isGuest(incoming)) outgoing.removeHeader("connection");
    if ("status" in admission) refuse(admission, route);
    else if (length === 0 || route.streamed === true) answer(noBody, admission);
    else collect(incoming, (body) => answer(body, admission));
  };
}

function requestOf(
  { route, path, params, query, body }: Found & Pick<ApiRequest, "path" | "query" | "body">,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): ApiRequest {
  const { headers, socket } = incoming;
  const hungUp = (): boolean => socket.destroyed;
  const onHangUp = (gone: () => void): void => void outgoing.once("close", gone);
  const plain = { method: route.method, path, params, query, headers, body, hungUp, onHangUp };
  return route.streamed === true ? { ...plain, stream: incoming } : plain;
}

/** What lets a request in, or the reply that says why it does not get in. */
function admitted(
  service: Service,
  request: {
    readonly route: Route;
    readonly path: string;
    readonly incoming: IncomingMessage;
    readonly asked: Asked;
  },
): Admission | ApiReply {
  const { route, path, incoming, asked } = request;
  try {
    return service.admit(route, incoming, asked);
  } catch (error) {
    return service.refuse(error, { headers: incoming.headers, path });
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
