/**
 * Where the exchanges of eventual mode are on an HTTP server. `docs/wire.md` §9 has the table.
 *
 * A push is the replica form of `POST /increment`, told from a client's by its content type. Whatever
 * carries that type is ours on any path: a push that went astray must never count as an increment.
 */
import type { IncomingHttpHeaders } from "node:http";

import type { ExchangeKind } from "@counter/eventual";

export const RECORDS_TYPE = "application/vnd.counter.records";
export const HEALTH_TYPE = "application/vnd.counter.health";
/** Carries the request of a health check in base64url: a GET has no body. */
export const PEER_HEADER = "counter-peer";
/** Largest request that fits into that header, in bytes before base64url. */
export const HEALTH_REQUEST_MAX_BYTES = 1024;
/** Who asks, for proxies between the nodes: `from` of the options. */
export const FROM_HEADER = "counter-peer-from";

export interface ExchangeRoute {
  readonly kind: ExchangeKind;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Content type of the reply and, where there is a body, of the request. */
  readonly type: string;
}

const ROUTES: Readonly<Record<ExchangeKind, ExchangeRoute>> = {
  push: { kind: "push", method: "POST", path: "/increment", type: RECORDS_TYPE },
  health: { kind: "health", method: "GET", path: "/health", type: HEALTH_TYPE },
  sync: { kind: "sync", method: "POST", path: "/v1/internal/sync", type: RECORDS_TYPE },
  fill: { kind: "fill", method: "POST", path: "/v1/internal/fill", type: RECORDS_TYPE },
  fetch: { kind: "fetch", method: "POST", path: "/v1/internal/fetch", type: RECORDS_TYPE },
};
const BY_PATH: ReadonlyMap<string, ExchangeRoute> = new Map(
  Object.values(ROUTES).map((route) => [route.path, route]),
);

export function routeOf(kind: ExchangeKind): ExchangeRoute {
  return ROUTES[kind];
}

/** The part of a request that says where it belongs. */
export interface RequestLine {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Whether a request is a peer's, well-formed or not. */
export function isExchange({ method, url, headers }: RequestLine): boolean {
  const path = (url ?? "").split("?", 1)[0] ?? "";
  if (mediaType(headers["content-type"]) === RECORDS_TYPE) return true;
  if (path === ROUTES.health.path) return method === "GET" && accepts(headers, HEALTH_TYPE);
  return path !== ROUTES.push.path && BY_PATH.has(path);
}

/** A refusal: HTTP status, a code for programs, a sentence for people. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The method that would be right. */
  readonly allow?: string;
}

/** The route of a request for which {@link isExchange} holds, or what is wrong with it. */
export function findRoute({ method, url, headers }: RequestLine): ExchangeRoute | Refusal {
  const route = BY_PATH.get(url ?? "");
  if (route === undefined) {
    return { status: 404, code: "not-found", message: "no exchange has this address" };
  }
  if (method !== route.method) {
    const message = `use ${route.method}`;
    return { status: 405, code: "method-not-allowed", message, allow: route.method };
  }
  if (route.method === "POST" && mediaType(headers["content-type"]) !== route.type) {
    return { status: 415, code: "unsupported-type", message: `send ${route.type}` };
  }
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    return { status: 415, code: "unsupported-type", message: "send it without an encoding" };
  }
  return route;
}

/** A media type without its parameters, in small letters. */
export function mediaType(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

function accepts({ accept }: IncomingHttpHeaders, type: string): boolean {
  return (accept ?? "").split(",").some((range) => mediaType(range) === type);
}
