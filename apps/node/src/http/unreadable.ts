/**
 * Requests that cannot be read to their end: no HTTP, a head that is too large, or one that takes too
 * long. Node.js would answer them with a bare status; here they get a problem like all others.
 *
 * U1  A connection gets one such answer, and is closed after it: nobody knows where the next request
 *     would begin.
 * U2  Nothing is written into another answer, nor in its place: a request that was read to its end
 *     gets its own first, or the client would take "not applied" for the word on that one.
 * U3  No byte of what could not be read is sent back.
 */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { codeOf } from "../process/error-text.ts";
import type { ApiReply } from "./api.ts";
import { lateCode } from "./body-time.ts";
import { headMaxBytes } from "./head-limits.ts";
import { Problem } from "./problems.ts";
import { splitUrl } from "./request-url.ts";
import { send } from "./sending.ts";
import type { Answered } from "./answering.ts";
import type { Service } from "./service.ts";

/** How long a client may take to read the answer and hang up, in milliseconds. */
export const lingerMs: number = 2000;

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** @param onAnswered - told of every answer, as of those to requests that could be read */
export function answerUnreadable(
  server: Server,
  service: Pick<Service, "refuse">,
  onAnswered: (answered: Answered) => void,
): void {
  /** The latest of each connection. */
  const exchanges = new WeakMap<Duplex, Exchange>();
  const refused = new WeakSet<Duplex>();
  server.on("request", (incoming, outgoing) => {
    exchanges.set(incoming.socket, { incoming, outgoing });
  });
  server.on("clientError", (error, socket) => {
    if (refused.has(socket)) return; // what else he sends
    const problem = problemOf(error);
    // Hung up, or a TLS connection that did not come about: there is nobody to answer.
    if (problem === null || !(socket instanceof Socket)) return void socket.destroy();
    refused.add(socket);
    const tell = (request: Answered["request"], method: string, reply: ApiReply): void => {
      onAnswered({ route: null, method, request, reply, tookMs: 0 });
    };
    const current = exchanges.get(socket);
    if (current !== undefined && !current.incoming.complete) {
      const { incoming, outgoing } = current;
      // It was answered already, without its body: what there is of the answer is all (U2).
      if (outgoing.headersSent) return socket.destroySoon();
      const { method = "", headers } = incoming;
      const request = { headers, path: splitUrl(incoming.url ?? "").path };
      const reply = closing(service.refuse(problem, request));
      send(outgoing, reply, method);
      return tell(request, method, reply);
    }
    const answer = (): void => {
      if (!socket.writable) return; // he has gone, or it is being closed
      const request = { headers: { accept: "application/problem+json" }, path: "/" };
      const reply = closing(service.refuse(problem, request));
      socket.end(bytesOf(reply));
      closeLater(socket);
      tell(request, "", reply);
    };
    if (current === undefined || current.outgoing.closed) return answer();
    const { headersSent, writableEnded } = current.outgoing;
    if (headersSent && !writableEnded) return socket.destroySoon(); // it may never end
    current.outgoing.once("close", answer);
  });
}

/** `null`: nothing was sent that could be answered. */
function problemOf(error: unknown): Problem | null {
  const code = codeOf(error) ?? "";
  if (code === lateCode) return new Problem("request-timeout", "it was not there in time");
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Problem("headers-too-large", `at most ${headMaxBytes} bytes of headers`);
  }
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") {
    return new Problem("payload-too-large", "the extensions of its chunks are too long");
  }
  if (!code.startsWith("HPE_")) return null;
  return new Problem("validation-failed", "this is not HTTP/1.1 as RFC 9112 has it");
}

function closing(reply: ApiReply): ApiReply {
  return { ...reply, headers: { ...reply.headers, connection: "close" } };
}

function bytesOf({ status, headers, body }: ApiReply): Buffer {
  const bytes = Buffer.from(body);
  const said = { date: new Date().toUTCString(), ...headers, "content-length": bytes.length };
  const lines = Object.entries(said).map(([name, value]) => `${name}: ${value}\r\n`);
  const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  return Buffer.concat([Buffer.from(`${first}${lines.join("")}\r\n`), bytes]);
}

/**
 * Closing at once would let the answer be lost where more of the request is still coming in, since
 * that is answered with a reset.
 */
function closeLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref(); // a node that stops does not wait for it
  socket.once("close", () => clearTimeout(timer));
}
