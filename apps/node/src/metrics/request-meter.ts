/** Counts requests by route and operation, whatever they ended with. */
import type { Mode } from "../config/node-config.ts";
import type { Answered } from "../http/server.ts";
import type { Metrics } from "./registry.ts";

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

export function requestMeter(metrics: Metrics, mode: Mode): (answered: Answered) => void {
  // Asked for with every request, and there are as many as routes.
  const known = new Map<object, string | null>();

  return ({ route, method, request, reply, tookMs }) => {
    const labels = {
      route: route?.path ?? noRoute,
      method: methods.has(method) ? method : "other",
    };
    metrics.observe("counter_http_request_duration_seconds", labels, tookMs / 1000);
    metrics.count("counter_http_requests_total", { ...labels, code: String(reply.status) });
    if (route === null) return;
    let op = known.get(route);
    if (op === undefined) known.set(route, (op = operationOf(route.method, route.path)));
    // Who was sent here by another node is counted there: it is the one that the client asked.
    if (op === null || request.headers["counter-forwarded"] !== undefined) return;
    const outcome = outcomeOf(op, reply);
    metrics.count("counter_operations_total", { op, mode, outcome });
    if (outcome === "replayed") metrics.count("counter_idempotent_replays_total");
    if (reply.headers["counter-code"] === "idempotency-key-reused") {
      metrics.count("counter_idempotency_conflicts_total");
    }
  };
}

function outcomeOf(op: string, { status, headers }: Answered["reply"]): string {
  if (headers["idempotent-replayed"] === "true") return "replayed";
  const told = headers["counter-outcome"];
  if (told !== undefined) return told;
  if (status >= 400) return status < 500 ? "not-applied" : "unknown";
  return reads.has(op) ? "answered" : "applied";
}
