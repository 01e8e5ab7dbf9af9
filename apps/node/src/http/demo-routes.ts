/** The calls of the original demo are short for calls of v1, say so, and can be left out. */
import type { Route } from "./api.ts";
import { keyText } from "./negotiation.ts";
import { Problem } from "./problems.ts";
import { noCondition } from "./v1/reading.ts";

/** What each path stands for. */
const standsFor: ReadonlyMap<string, string> = new Map([
  ["/next", "/v1/counters/default/next"],
  ["/increment", "/v1/counters/default/add"],
  ["/get", "/v1/counters/default"],
  ["/count", "/v1/counters/default"],
  ["/backup", "/v1/snapshot"],
  ["/restore", "/v1/snapshot"],
  ["/status", "/v1/status"],
  ["/join", "/v1/cluster/members"],
]);

export interface DemoOptions {
  /** Whether the calls of the demo are answered. */
  readonly legacy: boolean;
  /** Whether writes without a key are refused. */
  readonly keyRequired: boolean;
}

/** The table with those of the demo as they are to be; all others stay as they are. */
export function withDemo(routes: readonly Route[], options: DemoOptions): readonly Route[] {
  if (!options.legacy) return routes.filter(({ path }) => !standsFor.has(path));
  return routes.map((route) => {
    const path = standsFor.get(route.path);
    return path === undefined ? route : linked(route, path, options);
  });
}

function linked(route: Route, path: string, { keyRequired }: DemoOptions): Route {
  const link = `<${path}>; rel="alternate"`;
  const { operation } = route;
  const { 200: done } = operation.responses;
  const headers = { ...done?.headers, link: "the call of v1 that this one stands for" };
  const described = done === undefined ? {} : { 200: { ...done, headers } };
  return {
    ...route,
    operation: { ...operation, responses: { ...operation.responses, ...described } },
    handle: async (request) => {
      if (route.kind === "write") {
        noCondition(request);
        if (keyRequired) requireKey(keyText(request));
      }
      const reply = await route.handle(request);
      return { ...reply, headers: { ...reply.headers, link } };
    },
  };
}

/** @throws Problem `precondition-required` */
export function requireKey(key: string | null): void {
  if (key !== null) return;
  throw new Problem(
    "precondition-required",
    "this node takes no write without a key: send Idempotency-Key: <a new UUID>",
  );
}
