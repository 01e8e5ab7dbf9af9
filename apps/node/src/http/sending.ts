/** A reply on its way out: whole, piece by piece, or without a body. */
import type { IncomingMessage, ServerResponse } from "node:http";

import { messageOf } from "../process/error-text.ts";
import { bodyMaxBytes, type ApiReply } from "./api.ts";

/** What is answered before a byte of the body is read. */
const refusedUnread: ReadonlySet<number> = new Set([401, 403, 429]);

/** @param method - of the request: HEAD gets no body */
export function send(response: ServerResponse, given: ApiReply, method: string = ""): void {
  if (response.headersSent) return; // its body could not be read to the end, and that was answered
  const reply = withVary(response, given);
  if (reply.stream !== undefined) {
    stream(response, reply, method);
    return;
  }
  if (reply.status === 204 || reply.status === 304) {
    response.writeHead(reply.status, reply.headers);
    response.end();
    return;
  }
  const length = typeof reply.body === "string" ? Buffer.byteLength(reply.body) : reply.body.length;
  // The rest of a body that nobody reads would be taken for the next request, or be read for nothing.
  const unread = reply.status === 413 || (refusedUnread.has(reply.status) && isLong(response.req));
  const close = unread ? { connection: "close" } : {};
  response.writeHead(reply.status, { ...reply.headers, ...close, "content-length": length });
  response.end(reply.body);
}

/** What was said already of what replies differ by stays true. */
function withVary(response: ServerResponse, reply: ApiReply): ApiReply {
  const { vary } = reply.headers;
  if (vary === undefined) return reply;
  const before = response.getHeader("vary");
  if (before === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, vary: `${String(before)}, ${vary}` } };
}

/** What fails after the head was sent can only break off; the client sees that something is missing. */
function stream(response: ServerResponse, reply: ApiReply, method: string): void {
  response.writeHead(reply.status, reply.headers);
  if (method === "HEAD") {
    response.end();
    return;
  }
  try {
    reply.stream?.(response);
  } catch (error) {
    response.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}

/** Whether a body that nobody wants is better cut off than read to its end. */
function isLong({ headers }: IncomingMessage): boolean {
  const length = Number(headers["content-length"] ?? 0);
  return headers["transfer-encoding"] !== undefined || length > bodyMaxBytes;
}
