/**
 * Is the process alive (`/livez`), should it get traffic (`/readyz`), and the demo's `/health`.
 * Machines look at the status; people add `?verbose`.
 */
import { probeDoc } from "./docs/cluster.ts";
import { bodyMaxBytes, json, text, type ApiReply, type ApiRequest, type Route } from "./api.ts";
import { prefersJson } from "./negotiation.ts";

/** One named question about this node. */
export interface Check {
  readonly name: string;
  /** `null` if all is well, otherwise why not, for people. */
  readonly problem: () => string | null;
}

export interface Health {
  /** Never depends on other nodes: a restart does not bring a majority back. */
  readonly live: readonly Check[];
  readonly ready: readonly Check[];
  /** `/health`: alive, and not on its way out. */
  readonly serving: readonly Check[];
  /** What the JSON form of `/health` says besides; nothing if left out. */
  readonly facts?: () => Readonly<Record<string, unknown>>;
}

export function healthRoutes(health: Health): readonly Route[] {
  const probed = { method: "GET", kind: "probe", scope: "none", bodyMaxBytes } as const;
  const probe = (route: Pick<Route, "path" | "summary" | "operation">, shown: Shown) => {
    const handle = (request: ApiRequest): ApiReply => report(request, shown);
    return { ...route, ...probed, handle };
  };
  const summaries = {
    health: "alive, and not on its way out",
    live: "is the process alive; ?verbose",
    ready: "should it get traffic, and if not, why; ?verbose",
  };
  return [
    probe(
      { path: "/health", summary: summaries.health, operation: probeDoc("getHealth") },
      { ...health, checks: health.serving, ok: "OK" },
    ),
    probe(
      { path: "/livez", summary: summaries.live, operation: probeDoc("getLiveness") },
      { checks: health.live, ok: "ok" },
    ),
    probe(
      { path: "/readyz", summary: summaries.ready, operation: probeDoc("getReadiness") },
      { checks: health.ready, ok: "ok" },
    ),
  ];
}

interface Shown extends Pick<Health, "facts"> {
  readonly checks: readonly Check[];
  /** The text of a machine that only wants to see one. */
  readonly ok: string;
}

function report(request: ApiRequest, { checks, ok, facts }: Shown): ApiReply {
  const results = checks.map(({ name, problem }) => ({ name, problem: problem() }));
  const failed = results.filter(({ problem }) => problem !== null);
  const headers: Record<string, string> = failed.length > 0 ? { "retry-after": "1" } : {};
  const status = failed.length > 0 ? 503 : 200;
  if (prefersJson(request.headers.accept)) {
    const body = {
      status: failed.length > 0 ? "unavailable" : "ok",
      checks: results.map(({ name, problem }) => ({ name, ok: problem === null, problem })),
      ...facts?.(),
    };
    return { ...json(body, headers), status };
  }
  const shown = request.query.has("verbose") ? results : failed;
  const lines = shown.map(({ name, problem }) =>
    problem === null ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  return { ...text(lines.length > 0 ? `${lines.join("\n")}\n` : ok, headers), status };
}
