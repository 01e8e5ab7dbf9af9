/**
 * Sends a request on to the leader, once. The difficult part is to say truthfully what became of it
 * when no reply comes: before the connection stood, nothing was sent; afterwards nobody knows.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import {
  KeptConnections,
  peerChallengeHeader,
  requestTo,
  type SignedRequest,
} from "@counter/transport-http";

import { parseAddress } from "../../config/addresses.ts";
import { messageOf } from "../../process/error-text.ts";
import { anybody, principalHeader, principalText } from "../../security/caller.ts";
import type { PeerLink } from "../../security/peer-link.ts";
import type { ApiReply, ApiRequest } from "../api.ts";
import { Problem } from "../problems.ts";
import { traceBegunHeader, traceOf } from "../trace.ts";

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
  "counter-session",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "prefer",
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
  "server-timing",
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

export interface ForwarderOptions {
  /** `host:port` of this node. */
  readonly own: string;
  /** Longest wait for the leader's reply, in milliseconds. */
  readonly timeoutMs: number;
  readonly link: PeerLink;
}

/** A request on its way, and its proof; `null` where nothing is signed. */
interface Sent {
  readonly reply: ApiReply;
  readonly signed: SignedRequest | null;
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { link, timeoutMs } = options;
  const pooling = { keepAlive: true, maxSockets: socketsMax, scheduling: "lifo" } as const;
  const kept = new KeptConnections(pooling, link.tls, timeoutMs);

  async function forward(request: ApiRequest, leaderAddress: string): Promise<ApiReply> {
    const to = { leaderAddress, kept, ...options };
    const first = await exchange(request, to);
    const { reply } = isChallenged(first, to) ? await exchange(request, to) : first;
    const code = reply.headers["counter-code"] ?? "";
    if (reply.headers["counter-outcome"] === "not-applied" && sentAway.has(code)) {
      throw new Problem("no-leader", `the leader ${leaderAddress} answers ${code}`);
    }
    return reply;
  }

  return { forward, close: () => kept.destroy() };
}

interface Target extends ForwarderOptions {
  readonly leaderAddress: string;
  readonly kept: KeptConnections;
}

/** Whoever is asked for the first time names what requests have to be signed over. */
function isChallenged({ reply, signed }: Sent, { link, leaderAddress }: Target): boolean {
  if (signed === null || reply.status !== 401) return false;
  return link.auth?.challenged(leaderAddress, signed, reply.headers) === true;
}

/** What the leader is told of the request; who has sent it is believed of us, because we are a peer. */
function headersFor(request: ApiRequest, own: string): Record<string, string> {
  const trace = traceOf(request.headers);
  const headers: Record<string, string> = { "counter-forwarded": own, ...trace.child() };
  if (trace.parentId === null) headers[traceBegunHeader] = own;
  for (const name of requestHeaders) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  const principal = principalText(request.caller ?? anybody);
  return principal === null ? headers : { ...headers, [principalHeader]: principal };
}

/** The stages are the leader's to tell, so it is asked for them as well. */
function queryOf({ query: asked, stages }: ApiRequest): string {
  const query = new URLSearchParams(asked);
  if (stages !== undefined) query.set("timing", "");
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function exchange(request: ApiRequest, to: Target): Promise<Sent> {
  const { link, kept, leaderAddress } = to;
  const { host, port } = parseAddress(leaderAddress);
  const query = queryOf(request);
  const { method, body } = request;
  const path = request.path + query;
  const plain = headersFor(request, to.own);
  const content = { method, path, headers: plain, body };
  const signed = link.auth?.sign(leaderAddress, content) ?? null;
  const headers = { ...plain, ...signed?.headers, "content-length": body.length };
  const { agent, tls } = kept.now();

  return new Promise<Sent>((resolve, reject) => {
    let sent = false;
    const outgoing = requestTo({ agent, host, port, method, path, headers }, tls);
    outgoing.once("response", (incoming: IncomingMessage) => {
      readReply(incoming)
        .then((whole) => ({ reply: believed(whole, incoming, signed, link), signed }))
        .then(finish, fail);
    });
    const connectTimer = setTimeout(() => {
      if (!sent) outgoing.destroy(new Error("it does not accept connections"));
    }, connectTimeoutMs);
    const replyTimer = setTimeout(() => {
      outgoing.destroy(new Error(`no reply within ${to.timeoutMs} ms`));
    }, to.timeoutMs);

    function finish(answer: Sent): void {
      clearTimeout(connectTimer);
      clearTimeout(replyTimer);
      resolve(answer);
    }
    function fail(error: unknown): void {
      clearTimeout(connectTimer);
      clearTimeout(replyTimer);
      const why = `the leader ${leaderAddress}: ${messageOf(error)}`;
      reject(new Problem(sent ? "outcome-unknown" : "no-leader", why, { cause: error }));
    }
    outgoing.once("error", fail);
    outgoing.once("socket", (socket) => {
      // Over TLS nothing is sent before the other end has shown its certificate.
      if (tls === null ? !socket.connecting : outgoing.reusedSocket) sent = true;
      else socket.once(tls === null ? "connect" : "secureConnect", () => (sent = true));
    });
    outgoing.end(body);
  });
}

/** @throws Error if the reply may come from anybody, so that it says nothing of what was done */
function believed(
  reply: ApiReply,
  incoming: IncomingMessage,
  signed: SignedRequest | null,
  { auth }: PeerLink,
): ApiReply {
  if (auth === null || signed === null) return { ...reply, headers: shown(incoming.headers) };
  const { headers } = incoming;
  const covered = auth.verifyReply(signed, { ...reply, headers });
  if (covered !== null) return { ...reply, headers: shown(covered) };
  if (reply.status === 401) return unbelieved(reply, headers);
  throw new Error("its reply does not prove that it knows the secret");
}

/** It does not take us for a peer: that is for us, not for the client. */
function unbelieved(reply: ApiReply, headers: IncomingHttpHeaders): ApiReply {
  const challenge = headers[peerChallengeHeader];
  const more = typeof challenge === "string" ? { [peerChallengeHeader]: challenge } : {};
  const code = { "counter-outcome": "not-applied", "counter-code": "no-leader" };
  return { ...reply, headers: { ...code, ...more } };
}

function shown(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of replyHeaders) {
    const value = headers[name];
    if (value !== undefined) kept[name] = String(value);
  }
  return kept;
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
  return { status: incoming.statusCode ?? 502, headers: {}, body: Buffer.concat(chunks) };
}
