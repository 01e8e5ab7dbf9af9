/** Opens one stream to a peer. This is the only place that connects to anybody. */
import { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { NodeId } from "@counter/raft";

import type { PeerAddress } from "./address.ts";
import { isRefusalCode } from "./refusal.ts";
import { HandshakeRefusedError } from "./handshake.ts";
import type { Handshake, Hello } from "./handshake.ts";
import { prepareSocket } from "./sockets.ts";
import type { Sockets } from "./sockets.ts";

export interface DialTarget {
  readonly peer: NodeId;
  readonly address: PeerAddress;
  readonly path: string;
  readonly timeoutMs: number;
}

/** An upgraded socket on which nothing was read yet, and bytes that came with the upgrade. */
export interface Dialled {
  readonly socket: Duplex;
  readonly head: Uint8Array;
  readonly hello: Hello;
}

interface Upgraded {
  readonly socket: Duplex;
  readonly head: Uint8Array;
  readonly answer: IncomingMessage;
}

/** A refusal is a short JSON object; whatever else is longer is not read. */
const REFUSAL_MAX_BYTES = 4096;

/**
 * Dials and shakes hands.
 *
 * @param signal - gives up; the promise rejects
 * @throws HandshakeRefusedError when one of the two ends refuses; another Error when nobody answers
 */
export async function dial(
  target: DialTarget,
  { handshake, sockets }: { handshake: Handshake; sockets: Sockets },
  signal: AbortSignal,
): Promise<Dialled> {
  const { socket, head, answer } = await upgrade(target, { handshake, sockets }, signal);
  try {
    const hello = await handshake.check(answer.headers, (id) => id === target.peer);
    return { socket, head, hello };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function upgrade(
  { peer, address, path, timeoutMs }: DialTarget,
  { handshake, sockets }: { handshake: Handshake; sockets: Sockets },
  signal: AbortSignal,
): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const dialling = request({
      host: address.host,
      port: address.port,
      path,
      method: "GET",
      headers: handshake.headersFor(peer),
      agent: false,
      signal,
    });
    const timer = setTimeout(() => {
      dialling.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    dialling.on("socket", (socket) => sockets.add(socket));
    dialling.on("error", reject);
    dialling.on("close", () => {
      clearTimeout(timer);
      // Settled already, unless the other end hung up without a word.
      reject(new Error("the connection was closed before an answer"));
    });
    dialling.on("upgrade", (answer, socket, head) => {
      clearTimeout(timer);
      prepareSocket(socket);
      resolve({ socket, head, answer });
    });
    dialling.on("response", (answer) => {
      readRefusal(answer, dialling, (error) => reject(error), peer);
    });
    dialling.end();
  });
}

function readRefusal(
  answer: IncomingMessage,
  dialling: ClientRequest,
  refuse: (error: HandshakeRefusedError) => void,
  peer: NodeId,
): void {
  let text = "";
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > REFUSAL_MAX_BYTES) dialling.destroy();
  });
  answer.on("close", () => {
    const { code, message } = parseRefusal(text);
    const why = message ?? `HTTP status ${answer.statusCode ?? 0} instead of a stream`;
    refuse(new HandshakeRefusedError({ code, by: "them", peer }, why));
    dialling.destroy();
  });
}

function parseRefusal(text: string): {
  code: HandshakeRefusedError["code"];
  message: string | null;
} {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not one of ours: some other server answers at that address.
    return { code: "unknown", message: null };
  }
  const has = (name: string): unknown =>
    typeof parsed === "object" && parsed !== null
      ? Object.getOwnPropertyDescriptor(parsed, name)?.value
      : undefined;
  const [code, message] = [has("code"), has("message")];
  return {
    code: isRefusalCode(code) ? code : "unknown",
    message: typeof message === "string" ? message : null,
  };
}
