/** One line for every call of an administrator that has changed something: who, what, and what came of it. */
import type { Logger } from "winston";

import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { traceOf } from "./trace.ts";

/** Longest part of a path that is shown, in characters. */
const pathMax = 256;

/**
 * Writes it, at the node that has carried the call out: one that only passed it on to the leader says
 * nothing. Neither the query nor a header or the body is shown, where secrets may be.
 *
 * @param own - `host:port` of this node
 */
export function logAdminCall(
  log: Logger,
  { route, request, reply, own }: AdminCall & { readonly own: string },
): void {
  if (route.scope !== "admin" || route.method === "GET") return;
  if (reply.headers["counter-served-by"] !== own || !mayHaveChanged(reply)) return;
  const what = `${route.method} ${request.path.slice(0, pathMax)}`;
  const { traceId } = traceOf(request.headers);
  log.info(`${what} by ${whoIs(request)}: ${reply.status}`, { trace_id: traceId });
}

interface AdminCall {
  readonly route: Pick<Route, "method" | "scope">;
  readonly request: Pick<ApiRequest, "path" | "headers" | "caller">;
  readonly reply: ApiReply;
}

/** Also where nobody knows: then it may have. */
function mayHaveChanged({ status, headers }: ApiReply): boolean {
  return status < 300 || headers["counter-outcome"] === "unknown";
}

function whoIs({ caller }: Pick<ApiRequest, "caller">): string {
  if (caller?.isPeer === true) return "a node";
  return caller?.name ?? "somebody without a token";
}
