/** What a caller must be allowed to do for a route, and which counter it is about. */
import type { Route } from "../http/api.ts";
import { mayList, mayTouch, type Caller, type Scope } from "./caller.ts";

export type RouteScope = Scope | "peer" | "none";

type Asked = Pick<Route, "method" | "path" | "kind">;

const open: ReadonlySet<string> = new Set(["/", "/health", "/livez", "/readyz"]);
const admin: ReadonlySet<string> = new Set(["/backup", "/restore"]);
/** Of the demo: they are about the counter `default`. */
const ofDefault: ReadonlySet<string> = new Set(["/next", "/increment", "/get", "/count"]);

export function scopeOf({ method, path, kind }: Asked): RouteScope {
  if (open.has(path)) return "none";
  if (path === "/v1/cluster/bootstrap" && method === "POST") return "peer";
  if (admin.has(path) || kind === "control") return "admin";
  return kind === "write" ? "write" : "read";
}

/**
 * Whether the counters of this caller allow the route at all. What a body names, its route has to
 * check itself.
 *
 * @param params - what the path says in place of the route's `:name`s
 */
export function mayAsk(
  caller: Caller,
  { path, kind }: Asked,
  asked: {
    readonly params: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
  },
): boolean {
  if (caller.counters === null || kind === "probe" || kind === "control") return true;
  if (ofDefault.has(path)) return mayTouch(caller, "default");
  const { name } = asked.params;
  if (path.startsWith("/v1/counters/:name") && name !== undefined) return mayTouch(caller, name);
  const isList = path === "/v1/counters" || path === "/v1/watch";
  return isList && mayList(caller, asked.query.get("prefix") ?? "");
}
