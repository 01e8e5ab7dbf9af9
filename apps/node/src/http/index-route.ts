/** `GET /`: what can be called here, for whoever has just found the port. */
import { bodyMaxBytes, json, text, type Route } from "./api.ts";
import { prefersJson } from "./negotiation.ts";

const notes = `
?consistency=  linearizable (default), leader, or local with &maxStaleness=2s
Idempotency-Key: on a write makes it count once, however often it is sent
Accept: application/json has answers and errors as JSON
`;

/** @param routes - all others */
export function indexRoute(routes: readonly Route[], version: string): Route {
  const calls = routes.map(({ method, path, summary }) => ({ method, path, summary }));
  const width = Math.max(...calls.map(({ path }) => path.length));
  const lines = calls.map(({ method, path, summary }) => {
    return `${method.padEnd(6)} ${path.padEnd(width)}  ${summary}\n`;
  });
  const page = `A replicated counter, version ${version}\n\n${lines.join("")}${notes}`;
  const handle: Route["handle"] = (request) =>
    prefersJson(request.headers.accept) ? json({ version, calls }) : text(page);
  const summary = "this list";
  return { method: "GET", path: "/", summary, kind: "probe", bodyMaxBytes, handle };
}
