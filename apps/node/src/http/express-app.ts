/**
 * Express, for whatever the short way (server.ts) leaves to it: methods that a path does not take,
 * bodies whose length is not plainly said, paths that lead nowhere.
 */
import type { IncomingMessage } from "node:http";

import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from "express";

import type { Admission } from "../security/access.ts";
import type { ApiRequest, Route } from "./api.ts";
import { Problem } from "./problems.ts";
import { splitUrl } from "./request-url.ts";
import { send } from "./sending.ts";
import { answerTo, type Answered, type ListenerOptions } from "./answering.ts";
import type { Service } from "./service.ts";

const noBody: Uint8Array = new Uint8Array(0);

function nothingAt(path: string): string {
  return `there is no ${path.slice(0, 128)} here; GET / lists what there is`;
}

/** @param options.onSent - told of every request that Express has answered */
export function expressApp(
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
      const { bodyMaxBytes: limit, streamed } = routeOf(request);
      if (streamed === true) return next();
      express.raw({ type: () => true, limit, inflate: false })(request, response, next);
    };
    app.options(path, (request, response) => {
      const headers = { allow, ...options.cors?.preflight(request.headers, known) };
      send(response, service.finish({ status: 204, headers, body: "" }));
    });
    app.all(path, admit, read, async (request, response) => {
      const route = routeOf(request);
      const admission = admissions.get(request);
      const asked = { route, request: apiRequest(route, request), admission };
      const reply = await answerTo(service, asked);
      send(response, reply, request.method);
      options.onSent(request, { route, method: request.method, request, reply });
    });
  }
  app.use((request) => {
    throw new Problem("not-found", nothingAt(request.path));
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
    // The demo takes any method there. What it has not keeps its promise that GET changes nothing.
    const demo = !path.startsWith("/v1/") && (route.kind === "write" || path === "/join");
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
    onHangUp: (gone) => request.res?.once("close", gone),
    ...(route.streamed === true ? { stream: request } : {}),
  };
}

function paramsOf({ params }: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}
