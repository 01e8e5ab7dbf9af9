/**
 * Decides who may send which request, before a byte of its body is read: by a token, by the proof of a
 * peer, by a certificate, or by where it comes from.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import {
  authOf,
  distrust,
  peerAuthHeader,
  type PeerTrust,
  type VerifiedRequest,
} from "@counter/transport-http";

import type { ApiReply, ApiRequest, Route } from "../http/api.ts";
import { Problem } from "../http/problems.ts";
import { isOfBrowser, strangePage } from "./browsers.ts";
import { anybody, peer, principalHeader, principalIn, type Caller } from "./caller.ts";
import type { Cors } from "./cors.ts";
import { mayAsk } from "./route-scope.ts";
import type { Tokens } from "./token-file.ts";

/** A request that was let in. */
export interface Admission {
  readonly caller: Caller;
  /** Those that count: of a peer's, the ones that it has signed. */
  readonly headers: IncomingHttpHeaders;
  /** Whether the body is the one that belongs to it. */
  readonly isBody: (body: Uint8Array) => boolean;
  /** Whether it proves to come from another node, for itself or for a client of its own. */
  readonly isProven: boolean;
  /**
   * Counts what only the body tells; before anything is done.
   *
   * @throws Problem `quota-exceeded`, or what is wrong with the body
   */
  readonly charge?: (request: ApiRequest) => void;
  /** What every reply has, such as the proof that it comes from us, where the request had one. */
  readonly seal: (reply: ApiReply) => ApiReply;
}

export interface AccessParts {
  /** `null`: clients need no tokens. */
  readonly tokens: () => Tokens | null;
  readonly trust: PeerTrust;
  /** The host under which this node is known. */
  readonly host: string;
  /** `null`: pages of other origins may do nothing but read, and see nothing of it. */
  readonly cors: Cors | null;
}

type Head = Pick<IncomingMessage, "method" | "url" | "headers" | "socket">;

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

const realm = 'Bearer realm="counter"';

export class Access {
  readonly #parts: AccessParts;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** @throws Problem `unauthenticated` or `forbidden` */
  admit(route: Route, head: Head, asked: Asked): Admission {
    const admission = this.#identify(head);
    const { caller } = admission;
    const { scope } = route;
    if (scope === "none") return admission;
    if (scope === "peer") {
      const doubt = caller.isPeer ? null : this.#doubt(head);
      if (doubt !== null)
        throw new Problem("unauthenticated", doubt, { headers: this.#challenge() });
      // Where it is enough to run on this machine, a page in a browser on it is not enough.
      if (!admission.isProven && isOfBrowser(head.headers)) {
        throw new Problem("forbidden", "browsers are no peers");
      }
      return admission;
    }
    const { tokens } = this.#parts;
    if (tokens() === null && !caller.isPeer) {
      const stranger = scope === "read" ? null : this.#strangePage(head);
      if (stranger !== null) throw new Problem("forbidden", stranger);
      return admission;
    }
    if (!caller.isPeer && caller.name === null) throw unauthenticated("a token is needed", realm);
    if (!caller.scopes.includes(scope)) throw lacking(caller, scope);
    if (!mayAsk(caller, route, asked)) {
      const detail = `the token of ${String(caller.name)} is for certain counters only`;
      throw new Problem("forbidden", detail);
    }
    return admission;
  }

  /** Whether somebody who was let in would be let in now: tokens are taken back while all runs. */
  readonly stillMay = (
    caller: Caller,
    route: Pick<Route, "method" | "path" | "kind" | "scope">,
    asked: Asked,
  ): boolean => {
    const tokens = this.#parts.tokens();
    if (tokens === null || route.scope === "none" || route.scope === "peer") return true;
    const now = tokens.renewed(caller);
    return now !== null && now.scopes.includes(route.scope) && mayAsk(now, route, asked);
  };

  #strangePage({ headers }: Head): string | null {
    const { cors, host } = this.#parts;
    return cors?.names(headers.origin) === true ? null : strangePage(headers, host);
  }

  /** Who sends this, as far as it says so in a way that can be believed. */
  #identify(head: Head): Admission {
    const { trust, tokens } = this.#parts;
    const { headers } = head;
    if (trust.kind === "certificate" && trust.isPeer(head.socket)) {
      return { ...plain(speakingFor(headers), headers), isProven: true };
    }
    if (trust.kind === "secret" && headers[peerAuthHeader] !== undefined) {
      const verified = trust.auth.verify(head);
      if (verified !== null) return this.#signed(verified);
      const detail = "the proof of a peer is wrong, or not over this challenge";
      throw new Problem("unauthenticated", detail, { headers: trust.auth.challenge() });
    }
    const known = tokens();
    if (known === null || headers.authorization === undefined) return plain(anybody, headers);
    const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization) ?? [];
    const holder = token === undefined ? null : known.holderOf(token);
    if (holder !== null) return plain(holder, headers);
    throw unauthenticated("the token is not known here", `${realm}, error="invalid_token"`);
  }

  #signed(verified: VerifiedRequest): Admission {
    const auth = authOf(this.#parts.trust);
    return {
      caller: speakingFor(verified.headers),
      headers: verified.headers,
      isBody: (body) => auth?.isBodyOf(verified, body) === true,
      isProven: true,
      seal: (reply) => {
        const proof = auth?.signReply(verified, reply);
        return { ...reply, headers: { ...reply.headers, ...proof } };
      },
    };
  }

  /** Why who is there is no peer, where no proof is asked for; or that one is. */
  #doubt({ socket }: Head): string | null {
    const { trust } = this.#parts;
    return trust.kind === "secret" ? "only peers may ask that" : distrust(trust, socket);
  }

  #challenge(): Readonly<Record<string, string>> {
    return authOf(this.#parts.trust)?.challenge() ?? {};
  }
}

/** A peer speaks for itself, or for the client whose request it passes on. */
function speakingFor(headers: IncomingHttpHeaders): Caller {
  const principal = headers[principalHeader];
  if (principal === undefined) return peer;
  const found = typeof principal === "string" ? principalIn(principal) : null;
  if (found !== null) return found;
  throw new Problem("unauthenticated", `${principalHeader} names nobody`);
}

function plain(caller: Caller, headers: IncomingHttpHeaders): Admission {
  return { caller, headers, isBody: () => true, isProven: false, seal: (reply) => reply };
}

function unauthenticated(detail: string, challenge: string): Problem {
  return new Problem("unauthenticated", detail, { headers: { "www-authenticate": challenge } });
}

function lacking({ name }: Caller, scope: string): Problem {
  const challenge = `${realm}, error="insufficient_scope", scope="${scope}"`;
  return new Problem("forbidden", `the token of ${String(name)} lacks the scope "${scope}"`, {
    extensions: { scope },
    headers: { "www-authenticate": challenge },
  });
}
