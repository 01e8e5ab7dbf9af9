/**
 * Pages of strangers in a browser on this machine, or in its network, can send requests to a node as
 * well. Without tokens nothing tells them from what a person sends, except what browsers add.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** Whether a browser sends this: they add these headers, and no page can leave them out. */
export function isOfBrowser({ origin, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  return origin !== undefined || site !== undefined;
}

/** Why a page has no business here; `null` if it has, or it is none. */
export function strangePage(headers: IncomingHttpHeaders, ownHost: string): string | null {
  const { origin, host = "" } = headers;
  const site = headers["sec-fetch-site"];
  if (!isOfBrowser(headers)) return null;
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return "the page that sent this belongs to another site";
  }
  // A stranger's name can be made to stand for our address; it remains a name that is not ours.
  const name = host
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  const isOwn = isIP(name) !== 0 || name === "localhost" || name === ownHost.toLowerCase();
  if (!isOwn) return "the page that sent this calls this node by a name that is not its own";
  if (origin !== undefined && !isSameHost(origin, host)) {
    return "the page that sent this belongs to another site";
  }
  return null;
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
