/**
 * Requests that offer an upgrade that nobody wants.
 *
 * Some clients offer `h2c` with every request, and a server ignores an offer that it does not
 * take. Node gives such requests to `upgrade` listeners as soon as there is one: so they are handed
 * back to the ordinary listeners here.
 */
import { ServerResponse } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { answer } from "./refusal.ts";
import { leaveErrorsToClose } from "./sockets.ts";

/** Serves a request as if it had not offered an upgrade; the connection ends with the answer. */
export function serveWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
): void {
  leaveErrorsToClose(socket);
  if (!(socket instanceof Socket) || hasBody(request)) {
    // The parser stopped at the end of the head: a body cannot be read any more.
    const message = "this server does not upgrade; send the request without an Upgrade header";
    answer(socket, { status: 501, code: "upgrade-unsupported", message });
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on("finish", () => {
    response.detachSocket(socket);
    socket.end(() => socket.destroy());
  });
  // What Node does for ordinary requests: handlers hear that the client is gone.
  socket.on("close", () => request.destroy());
  server.emit("request", request, response);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
