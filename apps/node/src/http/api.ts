/**
 * A request and its reply without any framework. Express and the short way around it (server.ts)
 * both end here, so that a request is answered alike whichever way it came in.
 */
import type { IncomingHttpHeaders } from "node:http";

export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** What the path says in place of the route's `:name`s, decoded. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Complete and within the route's limit; empty if there was none. */
  readonly body: Uint8Array;
  /** Whether the client is gone: what was not begun need not be. */
  readonly hungUp?: () => boolean;
}

export interface ApiReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` for a part that may be anything. */
  readonly path: string;
  /** One line for people, as `GET /` shows it. */
  readonly summary: string;
  /**
   * Probes are answered by this node whatever happens. All others are refused while draining, and
   * are sent on if only the leader can answer; of those, writes count once with a key.
   */
  readonly kind: "read" | "write" | "control" | "probe";
  readonly bodyMaxBytes: number;
  readonly handle: (request: ApiRequest) => ApiReply | Promise<ApiReply>;
  /** What goes to the leader instead of the request itself, where that would mean another thing there. */
  readonly forwardAs?: (request: ApiRequest) => Promise<ApiRequest>;
}

/** The largest body of ordinary requests. */
export const bodyMaxBytes: number = 64 * 1024;

export function text(body: string, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body,
  };
}

export function json(body: unknown, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return jsonText(`${JSON.stringify(body)}\n`, headers);
}

/** For JSON that `JSON.stringify` cannot write, such as numbers beyond 2^53. */
export function jsonText(body: string, headers: Readonly<Record<string, string>> = {}): ApiReply {
  return { status: 200, headers: { "content-type": "application/json", ...headers }, body };
}
