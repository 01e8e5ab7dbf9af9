/**
 * A request and its reply without any framework. Express and the short way around it (server.ts)
 * both end here, so that a request is answered alike whichever way it came in.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable, Writable } from "node:stream";

import type { z } from "zod";

import type { ProblemCode } from "./problem-kinds.ts";
import type { Stages } from "./stages.ts";

import type { Caller } from "../security/caller.ts";

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
  /** Of a route that is `streamed`: the body as it comes, of which nothing was read yet. */
  readonly stream?: Readable;
  /** Who sends it, and what that one may do; without it, nobody had to say. */
  readonly caller?: Caller;
  /** Who asks where the time of the request goes; without it, nobody does. */
  readonly stages?: Stages;
  /** Whether the client is gone: what was not begun need not be. */
  readonly hungUp?: () => boolean;
  /** Has its argument called when the client is gone, or answered. */
  readonly onHangUp?: (gone: () => void) => void;
}

export interface ApiReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty with {@link stream}. */
  readonly body: string | Uint8Array;
  /**
   * Writes the body piece by piece, after the head was sent; not called for HEAD. It heeds what
   * `write` returns, ends the sink, and stops when the sink closes. What it throws breaks the
   * connection off: the client must not take half a body for a whole one.
   */
  readonly stream?: (sink: Writable) => void;
}

/** What a request must prove to be let through; `none`: nothing. */
export type Scope = "read" | "write" | "admin" | "metrics" | "peer" | "none";

/** Under which heading an operation is described. */
export type RouteTag =
  | "counters"
  | "watch"
  | "batch"
  | "sessions"
  | "cluster"
  | "node"
  | "snapshot"
  | "health"
  | "about"
  | "demo";

/** A part of the path, of the query or of the head: text, of which the schema says what it may be. */
export interface ParameterDoc {
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface BodyDoc {
  /** Of the value that the JSON stands for; of other media types: of the bytes as text. */
  readonly schema: z.ZodType;
  readonly mediaTypes: readonly string[];
  /** Whether an empty body is refused. */
  readonly required: boolean;
}

export interface ResponseDoc {
  readonly description: string;
  /** By media type, what the body is; without it there is no body. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  /** Names in lower case, with what each one says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an operation takes and answers. The routes read requests by the very same schemas. */
export interface RouteDoc {
  /** Unique in the whole table, in camel case. */
  readonly id: string;
  readonly tag: RouteTag;
  /** Where the route's own line speaks of one mode only. */
  readonly summary?: string;
  /** Where it can be had, if not in both; elsewhere it answers `mode-mismatch`. */
  readonly modes?: readonly ["strong" | "eventual"];
  /** What one line cannot say, as CommonMark. */
  readonly description?: string;
  /** One for each `:name` of the path. */
  readonly params?: Readonly<Record<string, ParameterDoc>>;
  readonly query?: Readonly<Record<string, ParameterDoc>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, ParameterDoc>>;
  readonly body?: BodyDoc;
  /** Every status but those of {@link problems}. */
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  /** Those of the operation itself; what can happen to any request is not repeated. */
  readonly problems: readonly ProblemCode[];
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
  readonly scope: Scope;
  readonly operation: RouteDoc;
  readonly bodyMaxBytes: number;
  /** Reads the body itself, while it comes; {@link ApiRequest.body} is empty then. */
  readonly streamed?: true;
  readonly handle: (request: ApiRequest) => ApiReply | Promise<ApiReply>;
  /**
   * The counters that its body names, one for each operation, where requests are counted by that.
   * Throws a Problem for a body that is not as it should be.
   */
  readonly names?: (request: ApiRequest) => readonly string[];
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
