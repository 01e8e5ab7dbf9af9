/**
 * How long the body of a request may take. Node.js has one such limit for all requests of a server;
 * a snapshot of a large cluster needs longer than anything else, and must not be slow all the same.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Readable } from "node:stream";

/** Longest time for the body of an ordinary request, in milliseconds. */
export const bodyTimeoutMs: number = 30_000;

/** As Node.js says it of a head that is late. */
export const lateCode = "ERR_HTTP_REQUEST_TIMEOUT";

/** By request, until its body is there. */
const timers = new WeakMap<Readable, NodeJS.Timeout>();

/**
 * Cuts off whoever has not sent the whole body in time. Whoever listens for `clientError` answers, as
 * when a head is late.
 */
export function limitBodyTime(server: Server, timeoutMs: number = bodyTimeoutMs): void {
  server.on("request", (incoming) => {
    if (!hasBody(incoming)) return;
    const timer = setTimeout(() => {
      const late = Object.assign(new Error("the body is late"), { code: lateCode });
      if (!server.emit("clientError", late, incoming.socket)) incoming.destroy();
    }, timeoutMs);
    timer.unref(); // a node that stops does not wait for it
    timers.set(incoming, timer);
    incoming.once("close", () => clearTimeout(timer));
    incoming.once("end", () => clearTimeout(timer));
  });
}

/** From now on the time of this body is looked after by whoever reads it. */
export function takeOverTime(body: Readable): void {
  clearTimeout(timers.get(body));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
