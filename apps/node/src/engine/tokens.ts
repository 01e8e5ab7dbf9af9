/**
 * Tokens of Raft mode: what somebody has seen, small enough for a header.
 *
 * The bytes are a mode (2), the first four bytes of a hash of the cluster id, the restore epoch and
 * the revision (as varints: seven bits a byte, the lowest first); as base64url without padding. There
 * is one token for one content. The first byte of a token of eventual mode is 1.
 */
import { createHash } from "node:crypto";

import { revisionMax, type CounterVersion } from "@counter/state-machine";

/** What the holder of a token has seen: the state of this version, or a part of it. */
export type StrongToken = CounterVersion;

const mode = 2;
const tagBytes = 4;
const textMaxLength = 32;

export class TokenCodec {
  readonly #tag: Uint8Array;

  /** @param clusterId - tokens of another cluster are recognized, with the odds of 2^32 */
  constructor(clusterId: string) {
    this.#tag = createHash("sha256").update(clusterId).digest().subarray(0, tagBytes);
  }

  encode({ epoch, revision }: StrongToken): string {
    const bytes = [mode, ...this.#tag];
    for (const number of [epoch, revision]) {
      let rest = number;
      for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
      bytes.push(rest);
    }
    return Buffer.from(bytes).toString("base64url");
  }

  /**
   * @throws TokenMalformedError if it was given by nobody
   * @throws TokenForeignError if it was given by another cluster, or in eventual mode
   */
  decode(text: string): StrongToken {
    if (text.length > textMaxLength) throw new TokenForeignError(); // such are those of other modes
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length === 0 || bytes.toString("base64url") !== text) throw new TokenMalformedError();
    if (bytes[0] !== mode) throw new TokenForeignError();
    const foreign = this.#tag.some((byte, at) => bytes[1 + at] !== byte);
    const epoch = varintAt(bytes, 1 + tagBytes);
    const revision = varintAt(bytes, epoch.end);
    if (revision.end !== bytes.length) throw new TokenMalformedError();
    if (foreign) throw new TokenForeignError();
    return { epoch: epoch.value, revision: revision.value };
  }
}

function varintAt(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let at = from; at < Math.min(bytes.length, from + 8); at += 1, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    if ((byte === 0 && at > from) || value > revisionMax) break; // longer than needed, or too much
    return { value, end: at + 1 };
  }
  throw new TokenMalformedError();
}

/** This is no token. */
export class TokenMalformedError extends Error {
  override readonly name = "TokenMalformedError";
  readonly code = "TOKEN_MALFORMED";
  readonly outcome = "not-applied";
  constructor() {
    super("this is no token: take the one of an answer as it is");
  }
}

/** The token says nothing here: another cluster gave it, or all counters were replaced since. */
export class TokenForeignError extends Error {
  override readonly name = "TokenForeignError";
  readonly code = "TOKEN_FOREIGN";
  readonly outcome = "not-applied";
  constructor() {
    super("the token is of another cluster, or from before all counters were restored");
  }
}
