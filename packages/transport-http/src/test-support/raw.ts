/** A peer made by hand: it can say what no transport would say. */
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";

import type { NodeId } from "@counter/raft";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Only after a 101. */
  readonly socket: Duplex | null;
}

/** The headers of a right handshake of `from` with `to`. */
export function handshakeHeaders(ends: { from: NodeId; to: NodeId }): Record<string, string> {
  return {
    Connection: "Upgrade",
    Upgrade: "counter-raft/1",
    "Counter-Raft-Version": "1.0",
    "Counter-Raft-Cluster": "blue",
    "Counter-Raft-From": ends.from,
    "Counter-Raft-To": ends.to,
    "Counter-Raft-Directory": `directory-of-${ends.from}`,
  };
}

/** Sends a request that may be upgraded; resolves with whatever comes back. */
export function ask(
  port: number,
  headers: Record<string, string>,
  {
    path = "/raft/stream",
    method = "GET",
    body = "",
  }: { path?: string; method?: string; body?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
    asking.on("error", reject);
    asking.on("upgrade", (answer, socket) => {
      socket.on("error", () => socket.destroy());
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: "", socket });
    });
    asking.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => {
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: text,
          socket: null,
        });
      });
    });
    asking.end(body);
  });
}

/** Resolves when the other side has closed. */
export function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.on("close", resolve);
    socket.on("end", () => socket.destroy());
    socket.resume();
  });
}
