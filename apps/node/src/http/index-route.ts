/** `GET /`: what can be called here, for whoever has just found the port. */
import { bodyMaxBytes, json, text, type Route } from "./api.ts";
import { indexDoc } from "./docs/cluster.ts";
import { prefersJson } from "./negotiation.ts";

/**
 * @param routes - all others
 * @param about.notes - what else can be said in a request, a line each
 */
export function indexRoute(
  routes: readonly Route[],
  { version, notes }: { readonly version: string; readonly notes: string },
): Route {
  const calls = routes.map(({ method, path, summary }) => ({ method, path, summary }));
  const width = Math.max(...calls.map(({ path }) => path.length));
  const lines = calls.map(({ method, path, summary }) => {
    return `${method.padEnd(6)} ${path.padEnd(width)}  ${summary}\n`;
  });
  const page = `A replicated counter, version ${version}\n\n${lines.join("")}${notes}`;
  const handle: Route["handle"] = (request) =>
    prefersJson(request.headers.accept) ? json({ version, calls }) : text(page);
  const summary = "this list";
  return {
    method: "GET",
    path: "/",
    summary,
    kind: "probe",
    scope: "none",
    operation: indexDoc,
    bodyMaxBytes,
    handle,
  };
}
