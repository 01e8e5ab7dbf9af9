/** The side that answers: requests of peers on the HTTP server that the node has anyway. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

import type { TransportHandler } from "@counter/eventual";

import type { PlainHeaders, VerifiedRequest } from "../auth/peer-auth.ts";
import { authOf, distrust } from "../auth/peer-trust.ts";
import type { PeerTrust } from "../auth/peer-trust.ts";
import type { Sockets } from "../sockets.ts";
import { readBody } from "./body.ts";
import type { ReplicaLimits } from "./options.ts";
import { findRoute, HEALTH_REQUEST_MAX_BYTES, PEER_HEADER } from "./routes.ts";
import type { ExchangeRoute, Refusal } from "./routes.ts";

export interface ReplicaServerSetup {
  readonly limits: ReplicaLimits;
  readonly trust: PeerTrust;
  readonly sockets: Sockets;
  /** `null` before the start and after the end. */
  readonly handler: () => TransportHandler | null;
  /** This connection is a peer's. */
  readonly onPeer: (socket: Duplex) => void;
  /** A request was refused. */
  readonly refused: (from: string | null, refusal: Refusal) => void;
}

/** Says no; caught in one place. */
class RefusedError extends Error {
  readonly refusal: Refusal;
  /** To bind the reply to, if the request was found right. */
  readonly verified: VerifiedRequest | null;
  constructor(refusal: Refusal, verified: VerifiedRequest | null = null) {
    super(refusal.message);
    this.refusal = refusal;
    this.verified = verified;
  }
}

class ChallengeMissingError extends RefusedError {}

const CODE = /^[\w-]{1,64}$/;

export class ReplicaServer {
  readonly #setup: ReplicaServerSetup;
  #bodies = 0;

  constructor(setup: ReplicaServerSetup) {
    this.#setup = setup;
  }

  /** Answers a request for which `isExchange` holds. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { sockets, refused, handler } = this.#setup;
    request.socket.setNoDelay(true);
    sockets.add(request.socket);
    response.on("error", () => undefined); // the peer hung up: `close` follows
    if (handler() === null) response.shouldKeepAlive = false; // this connection is not for later
    const from = request.socket.remoteAddress ?? null;
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (request.socket.destroyed) return; // nobody is there to hear it
      // Who knows the secret and not yet the challenge is no stranger: all pairs of nodes begin so.
      if (!(error instanceof ChallengeMissingError)) refused(from, error.refusal);
      await this.#refuse(request, response, error);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = findRoute(request);
    if ("status" in route) throw new RefusedError(route);
    const verified = this.#admit(request);
    this.#setup.onPeer(request.socket);
    const message =
      route.method === "GET"
        ? messageOfHeader(verified?.headers ?? request.headers)
        : await this.#messageOfBody(request, response);
    const expected = route.method === "GET" ? nothing : message;
    if (verified !== null && authOf(this.#setup.trust)?.isBodyOf(verified, expected) !== true) {
      throw new RefusedError(unauthenticated("the body is not the one that was signed"));
    }
    const body = await this.#ask(route, message, verified);
    if (body.length > this.#setup.limits.messageMaxBytes) {
      const refusal = unavailable("too-large", "the answer is larger than allowed");
      throw new RefusedError(refusal, verified);
    }
    this.#writeHead(response, { status: 200, type: route.type, body, verified });
    response.end(body);
  }

  /** What can be said before a byte of the body is read. */
  #admit(request: IncomingMessage): VerifiedRequest | null {
    const { trust, handler } = this.#setup;
    if (handler() === null) throw new RefusedError(unavailable("not-ready", "not started"));
    // Browsers add these, and pages of strangers can make them send requests to this machine.
    if (request.headers.origin !== undefined || "sec-fetch-site" in request.headers) {
      throw new RefusedError(forbidden("unauthenticated", "browsers are no peers"));
    }
    const doubt = distrust(trust, request.socket);
    if (doubt !== null) throw new RefusedError(unauthenticated(doubt));
    const auth = authOf(trust);
    if (auth === null) return null;
    const verified = auth.verify(request);
    if (verified !== null) return verified;
    const refusal = unauthenticated("not signed as it has to be: compare the secrets");
    if (auth.isChallengeMissing(request)) throw new ChallengeMissingError(refusal);
    throw new RefusedError(refusal);
  }

  async #messageOfBody(request: IncomingMessage, response: ServerResponse): Promise<Uint8Array> {
    const { bodiesMax, bodyTimeoutMs, messageMaxBytes } = this.#setup.limits;
    if (this.#bodies >= bodiesMax) {
      throw new RefusedError(unavailable("busy", "too many requests of peers at once"));
    }
    this.#bodies += 1;
    response.once("close", () => (this.#bodies -= 1));
    const limits = { maxBytes: messageMaxBytes, timeoutMs: bodyTimeoutMs };
    const body = await readBody(request, limits).catch(() => null);
    switch (body) {
      case null:
        throw new RefusedError(malformed("the connection ended in the middle of the body"));
      case "too-large":
        throw new RefusedError({
          status: 413,
          code: "too-large",
          message: `a message has at most ${messageMaxBytes} bytes`,
        });
      case "too-slow":
        throw new RefusedError({
          status: 408,
          code: "too-slow",
          message: `the body was not there after ${bodyTimeoutMs} ms`,
        });
      default:
        if (body.length === 0) throw new RefusedError(malformed("the body is empty"));
        return body;
    }
  }

  async #ask(
    { kind }: ExchangeRoute,
    message: Uint8Array,
    verified: VerifiedRequest | null,
  ): Promise<Uint8Array> {
    const handler = this.#setup.handler(); // the body took time: we may be closing
    if (handler === null) {
      throw new RefusedError(unavailable("not-ready", "this node stops"), verified);
    }
    try {
      return await handler.answer(kind, message);
    } catch (error) {
      const code = codeOf(error) ?? "not-answered";
      // Whoever sends what cannot be read need not send it again.
      const refusal = code.endsWith("_MALFORMED")
        ? malformed("the message cannot be read")
        : unavailable(code, "the node has no answer");
      throw new RefusedError(refusal, verified);
    }
  }

  #writeHead(
    response: ServerResponse,
    reply: {
      readonly status: number;
      readonly type: string;
      readonly body: Uint8Array;
      readonly verified: VerifiedRequest | null;
    },
  ): void {
    const { status, type, body, verified } = reply;
    const auth = authOf(this.#setup.trust);
    const headers = { "content-type": type };
    const proof = (): PlainHeaders => {
      if (auth === null) return {};
      if (verified === null) return status === 401 ? auth.challenge() : {};
      return auth.signReply(verified, { status, headers, body });
    };
    response.writeHead(status, {
      ...headers,
      "content-length": body.length,
      "cache-control": "no-store",
      ...proof(),
    });
  }

  /**
   * The whole answer leaves at once. What is still to come of the request is thrown away for a
   * while: a connection that is closed with unread bytes takes the answer with it.
   */
  async #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { refusal, verified }: RefusedError,
  ): Promise<void> {
    const { status, code, message, allow } = refusal;
    const body = new TextEncoder().encode(JSON.stringify({ code, message }));
    if (allow !== undefined) response.setHeader("Allow", allow);
    this.#writeHead(response, { status, type: "application/json; charset=utf-8", body, verified });
    response.write(body);
    if (!request.complete && status !== 408) await drained(request, this.#setup.limits.lingerMs);
    response.end(() => {
      if (!request.complete) request.destroy();
    });
  }
}

const nothing = new Uint8Array(0);

function messageOfHeader(headers: IncomingMessage["headers"]): Uint8Array {
  const text = headers[PEER_HEADER];
  if (typeof text !== "string" || text === "") throw new RefusedError(malformed("no message"));
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length > HEALTH_REQUEST_MAX_BYTES || bytes.toString("base64url") !== text) {
    throw new RefusedError(malformed(`the message is no base64url of at most 1024 bytes`));
  }
  return new Uint8Array(bytes);
}

/** Resolves when the request is over, or after so long. */
function drained(request: IncomingMessage, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      request.off("end", done).off("close", done);
      resolve();
    };
    const timer = setTimeout(done, withinMs);
    request
      .on("error", () => undefined)
      .on("end", done)
      .on("close", done);
    request.resume();
  });
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" && CODE.test(error.code) ? error.code : null;
}

function malformed(message: string): Refusal {
  return { status: 400, code: "malformed", message };
}

function unauthenticated(message: string): Refusal {
  return { status: 401, code: "unauthenticated", message };
}

function forbidden(code: string, message: string): Refusal {
  return { status: 403, code, message };
}

function unavailable(code: string, message: string): Refusal {
  return { status: 503, code, message };
}
