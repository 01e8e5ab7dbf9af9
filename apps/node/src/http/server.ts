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

import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from "express";

import { messageOf } from "../error-text.ts";
import type { Admission, Asked } from "../security/access.ts";
import { limitConnections } from "../security/connections.ts";
import { bodyMaxBytes, type ApiReply, type ApiRequest, type Route } from "./api.ts";
import { Problem } from "./problems.ts";
import { RouteTable } from "./route-table.ts";
import type { Service } from "./service.ts";

/** Most open connections of clients and peers together. */
export const connectionsMax: number = 4096;

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const keepAliveTimeoutMs = 30_000;
const headerMaxBytes = 16 * 1024;
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
    requestTimeout: requestTimeoutMs,
  };
  const handshakeTimeout = handshakeTimeoutMs;
  const server: Server =
    tls === null
      ? createServer(options)
      : createTlsServer({ ...options, ...tls, handshakeTimeout });
  server.maxConnections = connectionsMax;
  limitConnections(server);
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
      };
      void service.answer(route, request, admission).then((reply) => {
        send(outgoing, reply);
        answered({ route, method: route.method, request, reply }, beganMs);
      });
    };
    const admission = admitted(service, { route, incoming, asked: { params, query } });
    if ("status" in admission) send(outgoing, admission);
    else if (length === 0) answer(noBody, admission);
    else collect(incoming, (body) => answer(body, admission));
  };
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

const noQuery: URLSearchParams = new URLSearchParams();
const noBody: Uint8Array = new Uint8Array(0);

function splitUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: noQuery };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** Whether a body that nobody wants is better cut off than read to its end. */
function isLong({ headers }: IncomingMessage): boolean {
  const length = Number(headers["content-length"] ?? 0);
  return headers["transfer-encoding"] !== undefined || length > bodyMaxBytes;
}

function expressApp(
  routes: readonly Route[],
  service: Service,
  options: ListenerOptions & {
    readonly onSent: (incoming: IncomingMessage, seen: Omit<Answered, "tookMs">) => void;
  },
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  const admissions = new WeakMap<IncomingMessage, Admission>();
  app.set("case sensitive routing", true);
  app.set("strict routing", true);

  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = methodsAt(path, routes, options);
    const known = [...methods.keys()].join(", ");
    const allow = `${known}, OPTIONS`;
    const routeOf = ({ method }: Request): Route => {
      const route = methods.get(method);
      if (route !== undefined) return route;
      throw new Problem("method-not-allowed", `use ${known}`, { headers: { allow } });
    };
    // Before a byte of the body is read: who may not send it must not cost memory.
    const admit = (request: Request, _response: Response, next: NextFunction): void => {
      const asked = { params: paramsOf(request), query: splitUrl(request.originalUrl).query };
      admissions.set(request, service.admit(routeOf(request), request, asked));
      next();
    };
    const read = (request: Request, response: Response, next: NextFunction): void => {
      const limit = routeOf(request).bodyMaxBytes;
      express.raw({ type: () => true, limit, inflate: false })(request, response, next);
    };
    app.options(path, (_request, response) => {
      send(response, service.finish({ status: 204, headers: { allow }, body: "" }));
    });
    app.all(path, admit, read, async (request, response) => {
      const route = routeOf(request);
      const admission = admissions.get(request);
      const reply = await service.answer(route, apiRequest(route, request), admission);
      send(response, reply, request.method);
      options.onSent(request, { route, method: request.method, request, reply });
    });
  }
  app.use((request) => {
    throw new Problem("not-found", `there is no ${request.path.slice(0, 128)} here`);
  });
  const onError: ErrorRequestHandler = (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const refused = service.refuse(error, request);
    const reply = admissions.get(request)?.seal(refused) ?? refused;
    send(response, reply);
    options.onSent(request, { route: null, method: request.method, request, reply });
  };
  app.use(onError);
  return app;
}

/** Which route answers which method of a path; whoever can be asked by GET can be asked by HEAD. */
function methodsAt(
  path: string,
  routes: readonly Route[],
  options: { readonly strict: boolean },
): ReadonlyMap<string, Route> {
  const methods = new Map<string, Route>();
  for (const route of routes.filter((other) => other.path === path)) {
    methods.set(route.method, route);
    if (route.method === "GET") methods.set("HEAD", route);
    const demo = route.kind === "write" || path === "/join"; // the demo takes any method there
    if (options.strict && demo && route.method === "POST") methods.set("GET", route);
  }
  return methods;
}

function apiRequest(route: Route, request: Request): ApiRequest {
  const body: unknown = request.body;
  return {
    method: route.method, // HEAD is GET without the body, which Node.js leaves out by itself
    path: request.path,
    params: paramsOf(request),
    query: splitUrl(request.originalUrl).query,
    headers: request.headers,
    body: body instanceof Uint8Array ? body : noBody,
    hungUp: () => request.socket.destroyed,
  };
}

function paramsOf({ params }: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}

function send(response: ServerResponse, reply: ApiReply, method: string = ""): void {
  if (reply.stream !== undefined) {
    stream(response, reply, method);
    return;
  }
  if (reply.status === 204 || reply.status === 304) {
    response.writeHead(reply.status, reply.headers);
    response.end();
    return;
  }
  const length = typeof reply.body === "string" ? Buffer.byteLength(reply.body) : reply.body.length;
  // The rest of a body that nobody reads would be taken for the next request, or be read for nothing.
  const unread = reply.status === 413 || (reply.status === 401 && isLong(response.req));
  const close = unread ? { connection: "close" } : {};
  response.writeHead(reply.status, { ...reply.headers, ...close, "content-length": length });
  response.end(reply.body);
}

/** What fails after the head was sent can only break off; the client sees that something is missing. */
function stream(response: ServerResponse, reply: ApiReply, method: string): void {
  response.writeHead(reply.status, reply.headers);
  if (method === "HEAD") {
    response.end();
    return;
  }
  try {
    reply.stream?.(response);
  } catch (error) {
    response.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}
