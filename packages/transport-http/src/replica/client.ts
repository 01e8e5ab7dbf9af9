/** The side that asks: one HTTP request an exchange, on connections that stay open. */
import type { ClientRequest, IncomingMessage } from "node:http";

import type { Address, ExchangeKind } from "@counter/eventual";

import { AddressError, parseAddress } from "../address.ts";
import type { PeerAddress } from "../address.ts";
import { authOf } from "../auth/peer-trust.ts";
import type { PeerTrust } from "../auth/peer-trust.ts";
import type { PeerAuth, SignedRequest } from "../auth/peer-auth.ts";
import { KeptConnections, requestTo } from "../tls.ts";
import type { TlsSource } from "../tls.ts";
import { readBody } from "./body.ts";
import { ReplicaExchangeError } from "./errors.ts";
import type { ReplicaErrorCode } from "./errors.ts";
import type { ReplicaLimits } from "./options.ts";
import {
  FROM_HEADER,
  HEALTH_REQUEST_MAX_BYTES,
  mediaType,
  PEER_HEADER,
  routeOf,
} from "./routes.ts";
import type { ExchangeRoute } from "./routes.ts";

/** An error answer is a short JSON object; what is longer is none of ours. */
const REFUSAL_MAX_BYTES = 4096;
const REASON = /^[\w-]{1,64}$/;

interface Call {
  readonly peer: Address;
  readonly kind: ExchangeKind;
  readonly address: PeerAddress;
  readonly route: ExchangeRoute;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted with a {@link ReplicaExchangeError} as its reason. */
  readonly signal: AbortSignal;
}

/** Ends one exchange. */
type End = (code: ReplicaErrorCode, why: string) => void;

interface Answer {
  readonly incoming: IncomingMessage;
  readonly body: Uint8Array;
  /** `null` when nothing has to be proven. */
  readonly signed: SignedRequest | null;
}

export class ReplicaClient {
  readonly #limits: ReplicaLimits;
  readonly #auth: PeerAuth | null;
  readonly #from: string | null;
  readonly #kept: KeptConnections;
  /** What ends each exchange that is under way, by peer. */
  readonly #running = new Map<Address, Set<End>>();
  #closed = false;

  constructor(
    limits: ReplicaLimits,
    by: { readonly trust: PeerTrust; readonly from: string | null; readonly tls: TlsSource },
  ) {
    this.#limits = limits;
    this.#from = by.from;
    this.#auth = authOf(by.trust);
    const { exchangesMax, idleSocketsMax, idleTimeoutMs, exchangeTimeoutMs } = limits;
    const options = {
      keepAlive: true,
      noDelay: true,
      maxSockets: exchangesMax, // for one peer; as many as there may be exchanges: none waits
      maxFreeSockets: idleSocketsMax,
      timeout: idleTimeoutMs,
    };
    this.#kept = new KeptConnections(options, by.tls, exchangeTimeoutMs);
  }

  /** @throws ReplicaExchangeError whatever goes wrong */
  async exchange(
    peer: Address,
    kind: ExchangeKind,
    message: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const at = { peer, kind };
    const ending = new AbortController();
    const end: End = (code, why) => {
      ending.abort(new ReplicaExchangeError(at, { code, why }));
    };
    const onAbort = (): void => end("REPLICA_ABORTED", "given up");
    const call = this.#prepare(at, message, ending.signal);
    const running = this.#enter(at, end);
    const { exchangeTimeoutMs } = this.#limits;
    const timer = setTimeout(() => {
      end("REPLICA_TIMEOUT", `no answer within ${exchangeTimeoutMs} ms`);
    }, exchangeTimeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return this.#check(call, await this.#ask(call));
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(timer);
      running.delete(end);
      if (running.size === 0) this.#running.delete(peer);
    }
  }

  /** Ends what is under way and every connection. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const running of this.#running.values()) {
      for (const end of running) end("REPLICA_CLOSED", "this node stops");
    }
    this.#kept.destroy();
  }

  #prepare(
    at: { readonly peer: Address; readonly kind: ExchangeKind },
    message: Uint8Array,
    signal: AbortSignal,
  ): Call {
    const route = routeOf(at.kind);
    const most = route.method === "GET" ? HEALTH_REQUEST_MAX_BYTES : this.#limits.messageMaxBytes;
    if (message.length > most) {
      const why = `the request has ${message.length} bytes, at most ${most} are allowed`;
      throw new ReplicaExchangeError(at, { code: "REPLICA_TOO_LARGE", why });
    }
    const headers = {
      ...(route.method === "GET"
        ? { accept: route.type, [PEER_HEADER]: Buffer.from(message).toString("base64url") }
        : { "content-type": route.type }),
      ...(this.#from === null ? {} : { [FROM_HEADER]: this.#from }),
    };
    return { ...at, address: addressOf(at), route, message, headers, signal };
  }

  #enter(at: { readonly peer: Address; readonly kind: ExchangeKind }, end: End): Set<End> {
    if (this.#closed) {
      throw new ReplicaExchangeError(at, { code: "REPLICA_CLOSED", why: "this node stops" });
    }
    const running = this.#running.get(at.peer) ?? new Set<End>();
    if (running.size >= this.#limits.exchangesMax) {
      const why = `${running.size} exchanges are under way`;
      throw new ReplicaExchangeError(at, { code: "REPLICA_BUSY", why });
    }
    this.#running.set(at.peer, running.add(end));
    return running;
  }

  /** Once more to who names another challenge than the one that the request was signed over. */
  async #ask(call: Call): Promise<Answer> {
    const first = await this.#askOnce(call);
    const { incoming, signed } = first;
    if (signed === null || incoming.statusCode !== 401) return first;
    const isKnownNow = this.#auth?.challenged(call.peer, signed, incoming.headers) ?? false;
    return isKnownNow ? this.#askOnce(call) : first;
  }

  /**
   * An idle connection may have been closed by the other end just when we take it. That says nothing
   * about the peer, so the request is sent once more on a new one: it is idempotent.
   */
  async #askOnce(call: Call): Promise<Answer> {
    try {
      return await this.#roundTrip(call, "kept");
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
    }
    return this.#roundTrip(call, "new");
  }

  async #roundTrip(call: Call, connection: "kept" | "new"): Promise<Answer> {
    const { address, route, signal, message } = call;
    signal.throwIfAborted();
    const { method, path } = route;
    const body = method === "GET" ? new Uint8Array(0) : message;
    const content = { method, path, headers: call.headers, body };
    const signed = this.#auth?.sign(call.peer, content) ?? null;
    const length = method === "GET" ? {} : { "content-length": message.length };
    const headers = { ...call.headers, ...length, ...signed?.headers };
    const { host, port } = address;
    const { agent, tls } = this.#kept.now();
    const by = connection === "kept" ? agent : false;
    const outgoing = requestTo({ host, port, path, method, headers, agent: by, signal }, tls);
    try {
      const incoming = await responseTo(outgoing, message, route);
      return { incoming, body: await this.#bodyOf(call, incoming), signed };
    } catch (error) {
      outgoing.destroy();
      signal.throwIfAborted();
      if (error instanceof StaleConnectionError || error instanceof ReplicaExchangeError) {
        throw error;
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new ReplicaExchangeError(call, { code: "REPLICA_UNREACHABLE", why, cause: error });
    }
  }

  async #bodyOf(call: Call, incoming: IncomingMessage): Promise<Uint8Array> {
    const maxBytes = incoming.statusCode === 200 ? this.#limits.messageMaxBytes : REFUSAL_MAX_BYTES;
    const timeoutMs = this.#limits.exchangeTimeoutMs;
    const body = await readBody(incoming, { maxBytes, timeoutMs });
    if (typeof body !== "string") return body;
    const why = `an answer with more than ${maxBytes} bytes (status ${incoming.statusCode ?? 0})`;
    throw new ReplicaExchangeError(call, { code: "REPLICA_BAD_REPLY", why });
  }

  #check(call: Call, { incoming, body, signed }: Answer): Uint8Array {
    const status = incoming.statusCode ?? 0;
    if (status !== 200) {
      const { reason, message } = readRefusal(body);
      const why = `answered ${status}${message === null ? "" : `: ${message}`}`;
      throw new ReplicaExchangeError(call, { code: "REPLICA_REFUSED", why, status, reason });
    }
    const type = mediaType(incoming.headers["content-type"]);
    if (type !== call.route.type) {
      const why = `answered ${type === "" ? "no content type" : type}`;
      throw new ReplicaExchangeError(call, { code: "REPLICA_BAD_REPLY", why });
    }
    if (this.#auth === null || signed === null) return body;
    const reply = { status, headers: incoming.headers, body };
    if (this.#auth.verifyReply(signed, reply) !== null) return body;
    const why = "the answer does not prove that its sender knows the secret";
    throw new ReplicaExchangeError(call, { code: "REPLICA_UNVERIFIED", why });
  }
}

/** The connection was an idle one, and broke before anything came back. */
class StaleConnectionError extends Error {}

function addressOf(at: { readonly peer: Address; readonly kind: ExchangeKind }): PeerAddress {
  try {
    return parseAddress(at.peer);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const facts = { code: "REPLICA_BAD_ADDRESS", why: error.message, cause: error } as const;
    throw new ReplicaExchangeError(at, facts);
  }
}

function responseTo(
  outgoing: ClientRequest,
  message: Uint8Array,
  { method }: ExchangeRoute,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(outgoing.reusedSocket ? new StaleConnectionError("", { cause }) : cause);
    };
    outgoing.on("response", resolve);
    outgoing.on("error", fail);
    outgoing.on("close", () => fail(new Error("the connection ended without an answer")));
    outgoing.end(method === "GET" ? undefined : message);
  });
}

/** What an answer that is not 200 says for itself; it is not believed, only shown. */
function readRefusal(body: Uint8Array): { reason: string | null; message: string | null } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return { reason: null, message: null }; // not one of ours: some other program is there
  }
  const field = (name: string): unknown =>
    typeof parsed === "object" && parsed !== null
      ? Object.getOwnPropertyDescriptor(parsed, name)?.value
      : undefined;
  const [code, message] = [field("code"), field("message")];
  return {
    reason: typeof code === "string" && REASON.test(code) ? code : null,
    message: typeof message === "string" ? message.slice(0, 200) : null,
  };
}
