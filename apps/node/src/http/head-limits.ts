/** What a request may be before anybody asks what it is about. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { Problem } from "./problems.ts";

/** Largest head of a request, in bytes; what becomes of a larger one: `unreadable.ts`. */
export const headMaxBytes: number = 16 * 1024;
/** Most headers of a request: Node.js would leave out those beyond its own limit without a word. */
export const headersMax: number = 100;
/** Longest path with its query, in characters. */
export const urlMaxLength: number = 8192;
/** Most requests of one connection that wait for the answers to those before them. */
export const pipelinedMax: number = 1024;

/** How many wait, for connections on which any does. */
const waiting = new WeakMap<Socket, number>();

/** Why a request is refused whatever it asks for; `null` if it is not. */
export function wrongWithHead(incoming: IncomingMessage, outgoing: ServerResponse): Problem | null {
  if (incoming.rawHeaders.length > 2 * headersMax) {
    return new Problem("headers-too-large", `at most ${headersMax} headers`);
  }
  if ((incoming.url ?? "").length > urlMaxLength) {
    return new Problem("uri-too-long", `at most ${urlMaxLength} characters`);
  }
  // Only the reply that is next has the socket: nobody pays for this who waits for each answer.
  return outgoing.socket === null && !mayWait(incoming.socket, outgoing)
    ? new Problem("overloaded", `${pipelinedMax} requests of this connection wait already`)
    : null;
}

function mayWait(socket: Socket, outgoing: ServerResponse): boolean {
  const count = waiting.get(socket) ?? 0;
  if (count >= pipelinedMax) return false;
  waiting.set(socket, count + 1);
  outgoing.once("close", () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
  return true;
}
