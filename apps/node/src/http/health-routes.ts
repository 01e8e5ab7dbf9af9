/**
 * Is the process alive (`/livez`), should it get traffic (`/readyz`), and the demo's `/health`.
 * Machines look at the status; people add `?verbose`. As Kubernetes has it: each check has a path of
 * its own, and `?exclude=` leaves checks out.
 */
import { probeDoc } from "./docs/cluster.ts";
import { textDoc } from "./docs/parts.ts";
import { messageOf } from "../process/error-text.ts";
import { bodyMaxBytes, json, text, type ApiReply, type ApiRequest, type Route } from "./api.ts";
import { flagOf, invalidParameter, prefersJson } from "./negotiation.ts";
import { Problem } from "./problems.ts";

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
  /** `/readyz?sync`: asks a majority now, and rejects if none confirms. Left out: there is no such thing. */
  readonly sync?: () => Promise<unknown>;
}

interface Result {
  readonly name: string;
  readonly problem: string | null;
}

interface Shown extends Pick<Health, "facts" | "sync"> {
  /** What its operation is called. */
  readonly id: string;
  readonly path: string;
  /** One line for both modes. */
  readonly about: string;
  /** One line with what this mode can do. */
  readonly summary: string;
  readonly checks: readonly Check[];
  /** The text of a machine that only wants to see one. */
  readonly ok: string;
}

export function healthRoutes(health: Health): readonly Route[] {
  const { facts, live, ready, serving, sync } = health;
  const syncing = sync === undefined ? "" : ", ?sync asks a majority";
  const options = "?verbose, ?exclude=<check>,<check>";
  return [
    ...probes({
      id: "getHealth",
      path: "/health",
      about: "alive, and not on its way out",
      summary: "alive, and not on its way out",
      checks: serving,
      ok: "OK",
      ...(facts === undefined ? {} : { facts }),
    }),
    ...probes({
      id: "getLiveness",
      path: "/livez",
      about: "is the process alive",
      summary: `is the process alive; ${options}`,
      checks: live,
      ok: "ok",
    }),
    ...probes({
      id: "getReadiness",
      path: "/readyz",
      about: "should it get traffic, and if not, why",
      summary: `should it get traffic, and if not, why; ${options}${syncing}`,
      checks: ready,
      ok: "ok",
      ...(sync === undefined ? {} : { sync }),
    }),
  ];
}

/** The probe, and (but for `/health`, which is the demo's) each of its checks by itself. */
function probes(shown: Shown): readonly Route[] {
  const route = { method: "GET", kind: "probe", scope: "none", bodyMaxBytes } as const;
  const { id, about, path, summary, checks } = shown;
  const operation = probeDoc(id, about);
  const handle: Route["handle"] = (request) => report(request, shown);
  const all: Route = { ...route, path, summary, operation, handle };
  if (path === "/health") return [all];
  const one: Route = {
    ...route,
    path: `${path}/:check`,
    summary: `one of them: ${checks.map(({ name }) => name).join(", ")}`,
    operation: {
      ...probeDoc(`${id}Check`, `one of the checks of ${path}`),
      params: { check: textDoc("its name, as `?verbose` lists them") },
      problems: ["not-found"],
    },
    handle: (request) => {
      const named = request.params?.["check"] ?? "";
      const check = checks.find(({ name }) => name === named);
      if (check === undefined) throw new Problem("not-found", `there is no check of that name`);
      return report(request, { ...shown, checks: [check] });
    },
  };
  return [all, one];
}

async function report(request: ApiRequest, shown: Shown): Promise<ApiReply> {
  const results = await resultsOf(request, shown);
  const failed = results.filter(({ problem }) => problem !== null);
  const headers: Record<string, string> = failed.length > 0 ? { "retry-after": "1" } : {};
  const status = failed.length > 0 ? 503 : 200;
  if (prefersJson(request.headers.accept)) {
    const body = {
      status: failed.length > 0 ? "unavailable" : "ok",
      checks: results.map(({ name, problem }) => ({ name, ok: problem === null, problem })),
      ...shown.facts?.(),
    };
    return { ...json(body, headers), status };
  }
  const told = request.query.has("verbose") ? results : failed;
  const lines = told.map(({ name, problem }) =>
    problem === null ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  return { ...text(lines.length > 0 ? `${lines.join("\n")}\n` : shown.ok, headers), status };
}

async function resultsOf(
  { query }: ApiRequest,
  { checks, sync }: Shown,
): Promise<readonly Result[]> {
  const excluded = excludedBy(query, checks);
  const asked = checks.filter(({ name }) => !excluded.has(name));
  const results = asked.map(({ name, problem }) => ({ name, problem: problem() }));
  if (!flagOf(query, "sync")) return results;
  if (sync === undefined) throw invalidParameter("sync", "there is no majority to be asked here");
  return [...results, { name: "sync", problem: await syncProblem(sync) }];
}

/** A name that is none would exclude nothing, and whoever gave it thinks that it does. */
function excludedBy(query: URLSearchParams, checks: readonly Check[]): ReadonlySet<string> {
  const given = query.getAll("exclude").flatMap((names) => names.split(","));
  for (const name of given) {
    if (checks.some((check) => check.name === name)) continue;
    const names = checks.map((check) => check.name).join(", ");
    throw invalidParameter("exclude", `names of checks, with commas: ${names}`);
  }
  return new Set(given);
}

async function syncProblem(sync: () => Promise<unknown>): Promise<string | null> {
  try {
    await sync();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
