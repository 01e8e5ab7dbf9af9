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
  type ServerResponse,
} from "node:http";

import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from "express";

import { messageOf } from "../error-text.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { Problem } from "./problems.ts";
import { RouteTable } from "./route-table.ts";
import type { Service } from "./service.ts";

/** Most open connections of clients and peers together. */
export const connectionsMax: number = 4096;

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const keepAliveTimeoutMs = 30_000;
const headerMaxBytes = 16 * 1024;

/** A server that listens nowhere yet and answers nothing until it has a listener for requests. */
export function createHttpServer(): Server {
  const server = createServer({
    connectionsCheckingInterval: 2000,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerMaxBytes,
    noDelay: true,
    requestTimeout: requestTimeoutMs,
  });
  server.maxConnections = connectionsMax;
  return server;
}

/**
 * Answers requests by the table of routes.
 *
 * @param options.strict - writes are accepted by GET as well, as the original demo does
 */
export function requestListener(
  routes: readonly Route[],
  service: Service,
  options: { readonly strict: boolean },
): RequestListener {
  const table = new RouteTable(routes);
  const app = expressApp(routes, service, options);

  return (incoming, outgoing) => {
    const { path, query } = splitUrl(incoming.url ?? "");
    const found = table.find(incoming.method ?? "", path);
    const length = found === null ? null : lengthOf(incoming, found.route);
    if (found === null || length === null) {
      app(incoming, outgoing);
      return;
    }
    const { route, params } = found;
    const answer = (body: Uint8Array): void => {
      const request: ApiRequest = {
        method: route.method,
        path,
        params,
        query,
        headers: incoming.headers,
        body,
        hungUp: () => incoming.socket.destroyed,
        onHangUp: (gone) => outgoing.once("close", gone),
      };
      void service.answer(route, request).then((reply) => send(outgoing, reply));
    };
    if (length === 0) answer(noBody);
    else collect(incoming, answer);
  };
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

function expressApp(
  routes: readonly Route[],
  service: Service,
  options: { readonly strict: boolean },
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
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
    const read = (request: Request, response: Response, next: NextFunction): void => {
      const limit = routeOf(request).bodyMaxBytes;
      express.raw({ type: () => true, limit, inflate: false })(request, response, next);
    };
    app.options(path, (_request, response) => {
      send(response, service.finish({ status: 204, headers: { allow }, body: "" }));
    });
    app.all(path, read, async (request, response) => {
      const reply = await service.answer(routeOf(request), apiRequest(routeOf(request), request));
      send(response, reply, request.method);
    });
  }
  app.use((request) => {
    throw new Problem("not-found", `there is no ${request.path.slice(0, 128)} here`);
  });
  const onError: ErrorRequestHandler = (error, request, response, next) => {
    if (response.headersSent) next(error);
    else send(response, service.refuse(error, request));
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
  const params = new Map<string, string>();
  for (const [name, value] of Object.entries(request.params)) params.set(name, String(value));
  return {
    method: route.method, // HEAD is GET without the body, which Node.js leaves out by itself
    path: request.path,
    params: Object.fromEntries(params),
    query: splitUrl(request.originalUrl).query,
    headers: request.headers,
    body: body instanceof Uint8Array ? body : noBody,
    hungUp: () => request.socket.destroyed,
    onHangUp: (gone) => request.res?.once("close", gone),
  };
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
  // The rest of a body that nobody reads would be taken for the next request.
  const close = reply.status === 413 ? { connection: "close" } : {};
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
