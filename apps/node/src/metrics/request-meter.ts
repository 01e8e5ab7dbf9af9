/** Counts requests by route and operation, whatever they ended with. */
import type { Mode } from "../config/node-config.ts";
import type { Answered } from "../http/answering.ts";
import type { Metrics } from "./registry.ts";
import type { Tally } from "./tally.ts";

/** Any other method is told as `other`: a client can write what it likes there. */
const methods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Of requests that no route answers. */
const noRoute = "other";

/** Which operation on counters a route is, by its method and path; no other route is one. */
const operations: ReadonlyMap<string, string> = new Map([
  ["POST /next", "next"],
  ["POST /increment", "add"],
  ["GET /get", "get"],
  ["GET /count", "get"],
  ["POST /restore", "restore"],
  ["GET /v1/counters", "list"],
  ["POST /v1/counters", "create"],
  ["GET /v1/counters/:name", "get"],
  ["PATCH /v1/counters/:name", "configure"],
  ["DELETE /v1/counters/:name", "delete"],
  ["POST /v1/counters/:name/add", "add"],
  ["POST /v1/counters/:name/increment", "add"],
  ["POST /v1/counters/:name/decrement", "add"],
  ["POST /v1/counters/:name/next", "next"],
  ["POST /v1/counters/:name/cas", "cas"],
  ["PUT /v1/counters/:name/value", "set"],
  ["POST /v1/counters/:name/reset", "reset"],
  ["POST /v1/batch", "batch"],
  ["PUT /v1/snapshot", "restore"],
]);

const reads: ReadonlySet<string> = new Set(["get", "list"]);

/** What a request is counted as besides its route; `null`: no operation. */
export function operationOf(method: string, path: string): string | null {
  return operations.get(`${method} ${path.replace(/:[^/]+/, ":name")}`) ?? null;
}

/** What is kept for one route and method: numbers, which become metrics when somebody scrapes. */
interface Kept {
  readonly labels: { readonly route: string; readonly method: string };
  readonly durations: Tally;
  readonly op: string | null;
  /** By status, and by outcome of the operation, since the last scrape. */
  readonly codes: Map<number, number>;
  readonly outcomes: Map<string, number>;
}

export function requestMeter(metrics: Metrics, mode: Mode): (answered: Answered) => void {
  // As many as there are routes and methods.
  const byRoute = new Map<object | null, Map<string, Kept>>();
  let conflicts = 0;
  let replays = 0;

  const keep = (route: Answered["route"], given: string): Kept => {
    const method = methods.has(given) ? given : "other";
    let byMethod = byRoute.get(route);
    if (byMethod === undefined) byRoute.set(route, (byMethod = new Map<string, Kept>()));
    let kept = byMethod.get(method);
    if (kept !== undefined) return kept;
    const labels = { route: route?.path ?? noRoute, method };
    const durations = metrics.tally("counter_http_request_duration_seconds", labels);
    const op = route === null ? null : operationOf(route.method, route.path);
    kept = { labels, durations, op, codes: new Map(), outcomes: new Map() };
    byMethod.set(method, kept);
    return kept;
  };

  const flush = ({ labels, op, codes, outcomes }: Kept): void => {
    for (const [code, count] of codes) {
      metrics.count("counter_http_requests_total", { ...labels, code: String(code) }, count);
    }
    for (const [outcome, count] of outcomes) {
      metrics.count("counter_operations_total", { op: op ?? "none", mode, outcome }, count);
    }
    codes.clear();
    outcomes.clear();
  };

  metrics.onScrape(() => {
    for (const byMethod of byRoute.values()) for (const kept of byMethod.values()) flush(kept);
    metrics.count("counter_idempotent_replays_total", {}, replays);
    metrics.count("counter_idempotency_conflicts_total", {}, conflicts);
    replays = conflicts = 0;
  });

  return ({ route, method, request, reply, tookMs }) => {
    const { durations, codes, op, outcomes } = keep(route, method);
    durations.observe(tookMs / 1000);
    increase(codes, reply.status);
    // Who was sent here by another node is counted there: it is the one that the client asked.
    if (op === null || request.headers["counter-forwarded"] !== undefined) return;
    const outcome = outcomeOf(op, reply);
    increase(outcomes, outcome);
    if (outcome === "replayed") replays += 1;
    if (conflictCodes.has(reply.headers["counter-code"] ?? "")) conflicts += 1;
  };
}

const conflictCodes: ReadonlySet<string> = new Set([
  "idempotency-key-reused",
  "session-number-reused",
]);

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function outcomeOf(op: string, { status, headers }: Answered["reply"]): string {
  if (headers["idempotent-replayed"] === "true") return "replayed";
  const told = headers["counter-outcome"];
  if (told !== undefined) return told;
  if (status >= 400) return status < 500 ? "not-applied" : "unknown";
  return reads.has(op) ? "answered" : "applied";
}
