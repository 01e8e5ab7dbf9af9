/**
 * What pages of other origins may do in a browser (Fetch, "CORS protocol"): use the API like any other
 * client, if `--cors-origin` names where they come from. There are no cookies here, so a browser adds
 * nothing to a request that the page does not know itself: `Access-Control-Allow-Credentials` is never
 * sent, and whoever may write is decided by tokens as ever.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

/** How long a browser may remember that it may ask, in seconds: Chromium allows 7200, Firefox more. */
const preflightMaxAgeSeconds = 600;

/** Headers of requests that a page may set, besides those that it always may. */
const requestHeaders: readonly string[] = [
  "Accept",
  "Authorization",
  "Content-Digest",
  "Content-Type",
  "Counter-At-Least",
  "Counter-Session",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "Last-Event-ID",
  "Prefer",
  "traceparent",
  "tracestate",
];

/** Headers of replies that a page may read, besides those that it always may. */
export const exposedHeaders: readonly string[] = [
  "Accept-Patch",
  "Allow",
  "Content-Digest",
  "Counter-Code",
  "Counter-Idempotency-Window",
  "Counter-Known-Leader",
  "Counter-Leader",
  "Counter-Outcome",
  "Counter-Served-By",
  "Counter-Session",
  "Counter-Stale",
  "Counter-Staleness-Ms",
  "Counter-Version",
  "ETag",
  "Idempotent-Replayed",
  "Link",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "Server-Timing",
  "WWW-Authenticate",
];

const exposed = exposedHeaders.join(", ");
const allowed = requestHeaders.join(", ");

export class Cors {
  readonly #any: boolean;
  readonly #origins: ReadonlySet<string>;

  /** @param origins - as browsers send them; `*` for all */
  constructor(origins: readonly string[]) {
    this.#any = origins.includes("*");
    this.#origins = new Set(origins.filter((origin) => origin !== "*"));
  }

  /** @returns `null` if no page of another origin may do anything */
  static of(origins: readonly string[]): Cors | null {
    return origins.length === 0 ? null : new Cors(origins);
  }

  /** Whether this very origin is named: `*` names nobody. */
  names(origin: string | undefined): boolean {
    return origin !== undefined && this.#origins.has(origin);
  }

  /** Whatever is replied, also that there is no such path, is to be read by the page. */
  mark({ headers: { origin } }: IncomingMessage, reply: ServerResponse): void {
    if (!this.#any) reply.setHeader("vary", "Origin"); // a cache must not give it to another page
    if (!this.#lets(origin)) return;
    reply.setHeader("access-control-allow-origin", this.#any ? "*" : origin);
    reply.setHeader("access-control-expose-headers", exposed);
  }

  /** What a browser that asks first is told besides; nothing if it does not, or may not. */
  preflight(headers: IncomingHttpHeaders, methods: string): Readonly<Record<string, string>> {
    const { origin, "access-control-request-method": method } = headers;
    if (method === undefined || !this.#lets(origin)) return {};
    return {
      "access-control-allow-methods": methods,
      "access-control-allow-headers": allowed,
      "access-control-max-age": String(preflightMaxAgeSeconds),
    };
  }

  #lets(origin: string | undefined): origin is string {
    return origin !== undefined && (this.#any || this.#origins.has(origin));
  }
}
