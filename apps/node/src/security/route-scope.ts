/** Which counters a route is about, for callers who may touch only some. */
import type { Route } from "../http/api.ts";
import { Problem } from "../http/problems.ts";
import { mayList, mayTouch, type Caller } from "./caller.ts";

/** Of the demo: they are about the counter `default`. */
const ofDefault: ReadonlySet<string> = new Set(["/next", "/increment", "/get", "/count"]);

const aboutCounters = /^\/v1\/(?:counters|watch|batch|snapshot)\b/;

/**
 * Whether the counters of this caller allow the route at all. What a body names, its route has to
 * check itself.
 *
 * @param params - what the path says in place of the route's `:name`s
 */
export function mayAsk(
  caller: Caller,
  { method, path, kind }: Pick<Route, "method" | "path" | "kind">,
  asked: {
    readonly params: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
  },
): boolean {
  const isAboutCounters = kind === "read" || kind === "write" || aboutCounters.test(path);
  if (caller.counters === null || !isAboutCounters) return true;
  const counter = aboutCounter({ path }, asked.params);
  if (counter !== null) return mayTouch(caller, counter);
  if (path.startsWith("/v1/sessions")) return true; // they are about no counter
  // Their bodies say which.
  if (method === "POST" && (path === "/v1/counters" || path === "/v1/batch")) return true;
  const isList = path === "/v1/counters" || path === "/v1/watch";
  return isList && mayList(caller, asked.query.get("prefix") ?? "");
}

/** The one counter that a request is about, as far as its path says so; `null`: none, or several. */
export function aboutCounter(
  { path }: Pick<Route, "path">,
  { name }: Readonly<Record<string, string>>,
): string | null {
  if (ofDefault.has(path)) return "default";
  return path.startsWith("/v1/counters/:name") && name !== undefined ? name : null;
}

/**
 * For routes whose body names counters.
 *
 * @throws Problem `forbidden`
 */
export function requireTouch(caller: Caller | undefined, counter: string): void {
  if (caller === undefined || mayTouch(caller, counter)) return;
  throw new Problem("forbidden", `the token of ${String(caller.name)} is not for ${counter}`);
}
