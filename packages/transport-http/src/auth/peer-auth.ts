/**
 * Proof that a request or a reply comes from a node that knows the secret of the cluster.
 *
 * P1  A request carries `Counter-Peer-Auth: v2 <session> <sequence> <challenge> <names> <digest>
 *     <MAC>`. The MAC covers method, path, all of that, and the headers that `names` lists; the digest
 *     is that of the body. So who asks is known before a byte of the body is read.
 * P2  The challenge is made up by the process that is asked: what was signed for an earlier process,
 *     or for another node, proves nothing. Who does not know it is answered 401 with
 *     `Counter-Peer-Challenge`, and asks once more.
 * P3  No sequence number of a session is taken twice: what was recorded cannot be sent again.
 * P4  A reply carries `Counter-Peer-Auth: v2 <names> <MAC>`, which covers the MAC of its request, the
 *     status, the named headers and the body. It cannot be taken from another exchange.
 * P5  The first secret signs requests, any verifies, and a reply is signed with the secret of its
 *     request: secrets are changed while all nodes run.
 *
 * No clock is used: neither side has to know what time it is. Nothing is kept secret by this, and a
 * node is not told from another one that knows the secret. `docs/wire.md` §10.
 */
import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

import { ReplayGuard } from "./replay-guard.ts";
import { isSame, macOf, Secrets } from "./secrets.ts";
import type { SecretKey } from "./secrets.ts";

/** Proves who sent a request or a reply. */
export const peerAuthHeader = "counter-peer-auth";
/** With a 401: what the next request has to be signed over. */
export const peerChallengeHeader = "counter-peer-challenge";
/** Most headers that a proof covers. */
export const signedHeadersMax: number = 32;
/** Most nodes whose challenge is remembered; the longest known is forgotten first. */
export const targetsMax: number = 1024;

const sessionBytes = 16;
const noChallenge = "0".repeat(32);
const hex32 = "[0-9a-f]{32}";
const hex64 = "[0-9a-f]{64}";
const namesForm = "(?:-|[a-z0-9-]{1,64}(?:,[a-z0-9-]{1,64})*)";
const requestForm = new RegExp(
  `^v2 (${hex32}) ([1-9]\\d{0,14}) (${hex32}) (${namesForm}) (-|${hex64}) (${hex64})$`,
);
const replyForm = new RegExp(`^v2 (${namesForm}) (${hex64})$`);
const challengeForm = new RegExp(`^${hex32}$`);

export type PlainHeaders = Readonly<Record<string, string>>;

/** A request as it is sent. */
export interface PeerRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** All that matter, with small letters; others are not covered, and not believed. */
  readonly headers: PlainHeaders;
  readonly body: Uint8Array;
}

/** To be sent, and to check the reply with. */
export interface SignedRequest {
  /** To be added. */
  readonly headers: PlainHeaders;
  readonly mac: string;
  readonly key: SecretKey;
  readonly challenge: string;
  readonly session: string;
}

/** A request that was found right, but for its body. */
export interface VerifiedRequest {
  /** Those that are covered, and no others. */
  readonly headers: PlainHeaders;
  /** Of the body that belongs to it. */
  readonly digest: string;
  readonly mac: string;
  readonly key: SecretKey;
}

export interface PeerReply {
  readonly status: number;
  readonly headers: PlainHeaders;
  readonly body: Uint8Array | string;
}

/** What there is of a request before its body. */
export interface RequestHead {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Where the conversation with another node stands. */
interface Standing {
  session: string;
  sequence: number;
  challenge: string;
}

export class PeerAuth {
  readonly #secrets: Secrets;
  readonly #guard = new ReplayGuard();
  readonly #standings = new Map<string, Standing>();

  /** @throws RangeError unless there are 1 to 8 secrets of at least 16 bytes */
  constructor(secrets: readonly Uint8Array[]) {
    this.#secrets = new Secrets(secrets);
  }

  /** The secrets from now on. @throws RangeError as the constructor; the old ones stay then */
  replace(secrets: readonly Uint8Array[]): void {
    this.#secrets.replace(secrets);
  }

  /**
   * Signs a request; every attempt needs a signature of its own (P3).
   *
   * @param target - where it goes, always in the same spelling
   */
  sign(target: string, request: PeerRequest): SignedRequest {
    const standing = this.#standings.get(target) ?? this.#begin(target);
    standing.sequence += 1;
    const { session, sequence, challenge } = standing;
    const names = namesOf(request.headers);
    const proof = `v2 ${session} ${sequence} ${challenge} ${names} ${digestOf(request.body)}`;
    const key = this.#secrets.first;
    const mac = macOf(key, requestText(request, proof, linesOf(names, request.headers)));
    return { headers: { [peerAuthHeader]: `${proof} ${mac}` }, mac, key, challenge, session };
  }

  /** Whether, after a 401, the request may be signed and sent once more: what it takes is known now. */
  challenged(target: string, signed: SignedRequest, headers: IncomingHttpHeaders): boolean {
    const challenge = single(headers[peerChallengeHeader]);
    if (challenge === undefined || !challengeForm.test(challenge)) return false;
    const standing = this.#standings.get(target) ?? this.#begin(target);
    if (challenge === signed.challenge && standing.session === signed.session) {
      // Right, and refused: it came behind too many others. A new session has no others.
      this.#begin(target).challenge = challenge;
    } else {
      standing.challenge = challenge;
    }
    return true;
  }

  /** Those headers of a reply that its sender vouches for; `null` if it is not the reply to this. */
  verifyReply(
    signed: SignedRequest,
    reply: Omit<PeerReply, "headers"> & { readonly headers: IncomingHttpHeaders },
  ): PlainHeaders | null {
    const [, names, mac] = replyForm.exec(single(reply.headers[peerAuthHeader]) ?? "") ?? [];
    if (names === undefined || mac === undefined) return null;
    const headers = pick(names, reply.headers);
    const text = replyText(signed.mac, reply.status, linesOf(names, headers));
    return isSame(macOf(signed.key, text, bytesOf(reply.body)), mac) ? headers : null;
  }

  /** What is known of a request before its body is read; `null`: it proves nothing. */
  verify(head: RequestHead): VerifiedRequest | null {
    const proof = proofIn(head);
    if (proof === null) return null;
    const { challenge, session, sequence } = proof;
    if (challenge !== this.#guard.challenge) return null; // most likely not known yet: spare the rest
    const key = this.#secrets.signerOf(proof.text, proof.mac);
    if (key === null) return null;
    if (!this.#guard.admit({ challenge, session, sequence })) return null;
    return { headers: proof.headers, digest: proof.digest, mac: proof.mac, key };
  }

  /**
   * Whether a request that was not verified comes from somebody who knows the secret and only has to
   * learn the challenge: nothing is wrong then, and nobody needs to be told. It may also have been
   * recorded and sent again, so that it proves nothing.
   */
  isChallengeMissing(head: RequestHead): boolean {
    const proof = proofIn(head);
    if (proof === null || proof.challenge === this.#guard.challenge) return false;
    return this.#secrets.signerOf(proof.text, proof.mac) !== null;
  }

  /** Whether this is the body that the sender of the request meant. */
  isBodyOf({ digest }: Pick<VerifiedRequest, "digest">, body: Uint8Array): boolean {
    return isSame(digestOf(body), digest);
  }

  /** Headers to be added to a 401. */
  challenge(): PlainHeaders {
    return { [peerChallengeHeader]: this.#guard.challenge };
  }

  /** Headers to be added to a reply. */
  signReply(
    request: Pick<VerifiedRequest, "mac" | "key">,
    { status, headers, body }: PeerReply,
  ): PlainHeaders {
    const names = namesOf(headers);
    const text = replyText(request.mac, status, linesOf(names, headers));
    return { [peerAuthHeader]: `v2 ${names} ${macOf(request.key, text, bytesOf(body))}` };
  }

  #begin(target: string): Standing {
    this.#standings.delete(target);
    if (this.#standings.size >= targetsMax) {
      const [oldest] = this.#standings.keys();
      if (oldest !== undefined) this.#standings.delete(oldest);
    }
    const session = randomBytes(sessionBytes).toString("hex");
    const standing = { session, sequence: 0, challenge: noChallenge };
    this.#standings.set(target, standing);
    return standing;
  }
}

/** What a request says of its sender, who may be anybody. */
interface Proof {
  readonly session: string;
  readonly sequence: number;
  readonly challenge: string;
  /** Those that are covered. */
  readonly headers: PlainHeaders;
  readonly digest: string;
  readonly mac: string;
  /** What the MAC is of. */
  readonly text: string;
}

/** @returns `null` if there is none, or none of this form */
function proofIn({ method = "", url = "", headers }: RequestHead): Proof | null {
  const given = single(headers[peerAuthHeader]) ?? "";
  const [, session, sequence, challenge, names, digest, mac] = requestForm.exec(given) ?? [];
  if (session === undefined || challenge === undefined || names === undefined) return null;
  if (digest === undefined || mac === undefined) return null;
  const covered = pick(names, headers);
  const said = given.slice(0, -mac.length - 1);
  const text = requestText({ method, path: url }, said, linesOf(names, covered));
  return { session, sequence: Number(sequence), challenge, headers: covered, digest, mac, text };
}

/** Lines of which none can hold a line break, and which end before the body of a reply begins. */
function requestText(
  { method, path }: { readonly method: string; readonly path: string },
  proof: string,
  lines: string,
): string {
  return `counter-peer request\n${method}\n${path}\n${proof}\n${lines}\n`;
}

function replyText(request: string, status: number, lines: string): string {
  return `counter-peer reply\n${request}\n${status}\n${lines}\n`;
}

function linesOf(names: string, headers: PlainHeaders): string {
  if (names === "-") return "";
  return names
    .split(",")
    .map((name) => `${name}: ${valueOf(headers, name).trim()}\n`)
    .join("");
}

/** Empty for one that is not there, whatever every object inherits under that name. */
function valueOf(headers: IncomingHttpHeaders, name: string): string {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return Array.isArray(value) ? value.join(", ") : (value ?? "");
}

function namesOf(headers: PlainHeaders): string {
  const names = Object.keys(headers);
  return names.length === 0 ? "-" : names.join(",");
}

/** The named headers as they came in; one that is not there is not made up. */
function pick(names: string, headers: IncomingHttpHeaders): PlainHeaders {
  if (names === "-") return {};
  const picked = new Map<string, string>();
  for (const name of names.split(",").slice(0, signedHeadersMax)) {
    if (Object.hasOwn(headers, name)) picked.set(name, valueOf(headers, name));
  }
  return Object.fromEntries(picked);
}

function digestOf(body: Uint8Array): string {
  return body.length === 0 ? "-" : createHash("sha256").update(body).digest("hex");
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
