/**
 * Proof that a request or a reply comes from somebody who knows the secret of the cluster.
 *
 * A request carries `Counter-Peer-Auth: v1 <nonce> <MAC over method, path, nonce and message>`, its
 * reply `v1 <MAC over the request's MAC, the status and the body>`. So a reply cannot be taken from
 * another exchange. A request can be sent again by whoever saw it, and that is harmless: every
 * message is idempotent, since its records are known by now. Nothing is kept secret by this, and
 * nobody who knows the secret is told from another.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import type { ExchangeRoute } from "./routes.ts";

export const AUTH_HEADER = "counter-peer-auth";
/** Shorter secrets can be guessed. */
export const SECRET_MIN_BYTES = 16;

const NONCE_BYTES = 16;
const REQUEST_FORM = /^v1 ([0-9a-f]{32}) ([0-9a-f]{64})$/;
const REPLY_FORM = /^v1 ([0-9a-f]{64})$/;

/** A MAC that was made or found right, in hexadecimal; replies are bound to it. */
export type RequestMac = string;

export interface SignedRequest {
  readonly header: string;
  readonly mac: RequestMac;
}

export interface ReplyContent {
  readonly status: number;
  readonly body: Uint8Array;
}

export class PeerAuth {
  readonly #secret: Uint8Array;

  /** @throws RangeError when the secret is shorter than 16 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < SECRET_MIN_BYTES) {
      throw new RangeError(`secret has at least ${SECRET_MIN_BYTES} bytes`);
    }
    this.#secret = secret.slice();
  }

  signRequest(route: ExchangeRoute, message: Uint8Array): SignedRequest {
    const nonce = randomBytes(NONCE_BYTES).toString("hex");
    const mac = this.#macOf(requestHead(route, nonce), message);
    return { header: `v1 ${nonce} ${mac}`, mac };
  }

  /** Whether the header has the right form at all: known before a body is read. */
  isSigned(header: string | undefined): boolean {
    return header !== undefined && REQUEST_FORM.test(header);
  }

  /** The MAC of the request if it is right, else `null`. */
  verifyRequest(
    header: string | undefined,
    route: ExchangeRoute,
    message: Uint8Array,
  ): RequestMac | null {
    const [, nonce, claimed] = REQUEST_FORM.exec(header ?? "") ?? [];
    if (nonce === undefined || claimed === undefined) return null;
    const mac = this.#macOf(requestHead(route, nonce), message);
    return isSame(mac, claimed) ? mac : null;
  }

  signReply(request: RequestMac, { status, body }: ReplyContent): string {
    return `v1 ${this.#macOf(replyHead(request, status), body)}`;
  }

  verifyReply(
    header: string | undefined,
    request: RequestMac,
    { status, body }: ReplyContent,
  ): boolean {
    const [, claimed] = REPLY_FORM.exec(header ?? "") ?? [];
    return claimed !== undefined && isSame(this.#macOf(replyHead(request, status), body), claimed);
  }

  #macOf(head: string, body: Uint8Array): string {
    return createHmac("sha256", this.#secret).update(head).update(body).digest("hex");
  }
}

/** Lines that end before the message begins; none of them can hold a line break. */
function requestHead({ method, path }: ExchangeRoute, nonce: string): string {
  return `counter-peer request v1\n${method}\n${path}\n${nonce}\n`;
}

function replyHead(request: RequestMac, status: number): string {
  return `counter-peer reply v1\n${request}\n${status}\n`;
}

/** Takes as long wherever the two differ. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
