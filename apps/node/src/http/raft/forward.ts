/**
 * Sends a request on to the leader, once. The difficult part is to say truthfully what became of it
 * when no reply comes: before the connection stood, nothing was sent; afterwards nobody knows.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";

import { parseAddress } from "../../config/addresses.ts";
import { messageOf } from "../../error-text.ts";
import type { ApiReply, ApiRequest } from "../api.ts";
import { Problem } from "../problems.ts";

/** A leader that does not even accept a connection for this long is gone. */
const connectTimeoutMs = 1000;
/** Room for a page of counters with all the labels that they may have. */
const replyMaxBytes = 8 * 1024 * 1024;
const socketsMax = 512;

const requestHeaders = [
  "accept",
  "content-digest",
  "content-type",
  "counter-at-least",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "prefer",
  "traceparent",
  "tracestate",
] as const;
const replyHeaders = [
  "accept-patch",
  "allow",
  "cache-control",
  "content-digest",
  "content-type",
  "counter-code",
  "counter-idempotency-window",
  "counter-known-leader",
  "counter-outcome",
  "counter-served-by",
  "counter-staleness-ms",
  "counter-version",
  "etag",
  "idempotent-replayed",
  "link",
  "location",
  "preference-applied",
  "retry-after",
  "vary",
] as const;

/** Refusals that mean "not here, not now": another node, or this one in a moment, may take it. */
const sentAway: ReadonlySet<string> = new Set(["no-leader", "draining", "starting"]);

export interface Forwarder {
  /**
   * @throws Problem `no-leader` if nothing was sent or the leader certainly did nothing with it,
   *   `outcome-unknown` if it was sent and no reply came
   */
  forward(request: ApiRequest, leaderAddress: string): Promise<ApiReply>;
  close(): void;
}

/** @param options.timeoutMs - longest wait for the leader's reply, in milliseconds */
export function createForwarder(options: {
  readonly own: string;
  readonly timeoutMs: number;
}): Forwarder {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax, scheduling: "lifo" });

  async function forward(request: ApiRequest, leaderAddress: string): Promise<ApiReply> {
    const reply = await exchange(agent, request, { leaderAddress, ...options });
    const code = reply.headers["counter-code"] ?? "";
    if (reply.headers["counter-outcome"] === "not-applied" && sentAway.has(code)) {
      throw new Problem("no-leader", `the leader ${leaderAddress} answers ${code}`);
    }
    return reply;
  }

  return { forward, close: () => agent.destroy() };
}

function exchange(
  agent: Agent,
  request: ApiRequest,
  to: { readonly leaderAddress: string; readonly own: string; readonly timeoutMs: number },
): Promise<ApiReply> {
  const { host, port } = parseAddress(to.leaderAddress);
  const headers: Record<string, string | number> = {
    "content-length": request.body.length,
    "counter-forwarded": to.own,
  };
  for (const name of requestHeaders) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  const query = request.query.size === 0 ? "" : `?${request.query.toString()}`;

  return new Promise<ApiReply>((resolve, reject) => {
    let sent = false;
    const outgoing = httpRequest(
      { agent, host, port, method: request.method, path: request.path + query, headers },
      (incoming) => {
        readReply(incoming).then(finish, fail);
      },
    );
    const connectTimer = setTimeout(() => {
      if (!sent) outgoing.destroy(new Error("it does not accept connections"));
    }, connectTimeoutMs);
    const replyTimer = setTimeout(() => {
      outgoing.destroy(new Error(`no reply within ${to.timeoutMs} ms`));
    }, to.timeoutMs);

    function finish(reply: ApiReply): void {
      clearTimeout(connectTimer);
      clearTimeout(replyTimer);
      resolve(reply);
    }
    function fail(error: unknown): void {
      clearTimeout(connectTimer);
      clearTimeout(replyTimer);
      const why = `the leader ${to.leaderAddress}: ${messageOf(error)}`;
      reject(new Problem(sent ? "outcome-unknown" : "no-leader", why, { cause: error }));
    }
    outgoing.once("error", fail);
    outgoing.once("socket", (socket) => {
      if (!socket.connecting) sent = true;
      else socket.once("connect", () => (sent = true));
    });
    outgoing.end(request.body);
  });
}

async function readReply(incoming: IncomingMessage): Promise<ApiReply> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!(chunk instanceof Uint8Array)) throw new Error("a reply of text chunks");
    bytes += chunk.length;
    if (bytes > replyMaxBytes) throw new Error("its reply is too large");
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const name of replyHeaders) {
    const value = incoming.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  return { status: incoming.statusCode ?? 502, headers, body: Buffer.concat(chunks) };
}
