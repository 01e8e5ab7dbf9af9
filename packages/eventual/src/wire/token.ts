/**
 * Tokens: what somebody has seen, small enough for a header. A node that has the records named by a
 * token has everything that the holder of the token has seen.
 *
 * The bytes are a mode, 16 bits of a hash of the cluster id, and pairs of 48 bits of a writer id and
 * a position, in the order of the writers; as base64url without padding. There is one token for one
 * content.
 */
import { TokenForeignError, TokenMalformedError } from "../errors.ts";
import type { Position, Token, VersionVector, WriterId } from "../types.ts";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";

/** The first 48 bits of a writer id, as a number. */
export type WriterTag = number;

export interface TokenContent {
  /** 16 bits. */
  readonly cluster: number;
  readonly positions: ReadonlyMap<WriterTag, Position>;
}

/** Most writers in a token: it stays below the 16 KiB that all headers may take together. */
export const tokenWritersMax: number = 1024;

/** The first byte of all tokens of this mode and version. */
const mode = 1;
const tagBytes = 6;
const positionMaxBytes = 8;
const tokenMaxLength = Math.ceil(((3 + tokenWritersMax * (tagBytes + positionMaxBytes)) * 4) / 3);

export function writerTag(writer: WriterId): WriterTag {
  return Number.parseInt(writer.slice(0, tagBytes * 2), 16);
}

/** 16 bits of a hash (FNV-1a) of the cluster id. */
export function clusterTag(clusterId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < clusterId.length; at += 1) {
    hash = Math.imul(hash ^ clusterId.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & 0xffff;
}

/**
 * What a node knows, as the content of a token. Of more than {@link tokenWritersMax} writers those
 * with the fewest records are left out: of all they are the ones whose processes ended soonest.
 */
export function tokenContentOf(clusterId: string, vector: VersionVector): TokenContent {
  let known = [...vector].filter(([, position]) => position > 0);
  if (known.length > tokenWritersMax) {
    known = known.sort(([, left], [, right]) => right - left).slice(0, tokenWritersMax);
  }
  const positions = new Map(known.map(([writer, position]) => [writerTag(writer), position]));
  return { cluster: clusterTag(clusterId), positions };
}

/** @throws {RangeError} on more than {@link tokenWritersMax} writers */
export function encodeToken({ cluster, positions }: TokenContent): Token {
  if (positions.size > tokenWritersMax) throw new RangeError("too many writers for a token");
  const bytes = [mode, cluster >>> 8, cluster & 0xff];
  for (const [tag, position] of [...positions].sort(([left], [right]) => left - right)) {
    for (let byte = tagBytes - 1; byte >= 0; byte -= 1) {
      bytes.push(Math.floor(tag / 2 ** (8 * byte)) % 256);
    }
    let rest = position;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
  }
  return encodeBase64Url(bytes);
}

/**
 * @throws {TokenMalformedError}
 * @throws {TokenForeignError} when it is one of another mode, whose clusters are never this one
 */
export function decodeToken(token: Token): TokenContent {
  if (token.length > tokenMaxLength) throw new TokenMalformedError("it is too long");
  const bytes = decodeBase64Url(token);
  if (bytes === null) throw new TokenMalformedError("it is not base64url");
  if (bytes.length < 3) throw new TokenMalformedError("it is too short");
  if (bytes[0] !== mode) throw new TokenForeignError();
  const positions = new Map<WriterTag, Position>();
  for (let at = 3, previous = -1; at < bytes.length;) {
    const tag = tagAt(bytes, at);
    if (tag <= previous) throw new TokenMalformedError("its writers are not in order");
    const { position, next } = positionAt(bytes, at + tagBytes);
    positions.set(tag, position);
    previous = tag;
    at = next;
  }
  if (positions.size > tokenWritersMax) throw new TokenMalformedError("it has too many writers");
  return { cluster: bytes[1]! * 256 + bytes[2]!, positions };
}

/**
 * The token of whoever has seen what both tokens stand for.
 *
 * @throws {TokenMalformedError} when one is no token, or together they would be too large
 * @throws {TokenForeignError} when they are of different clusters
 */
export function mergeTokens(left: Token, right: Token): Token {
  const merged = decodeToken(left);
  const other = decodeToken(right);
  if (other.cluster !== merged.cluster) throw new TokenForeignError();
  const positions = new Map(merged.positions);
  for (const [tag, position] of other.positions) {
    positions.set(tag, Math.max(position, positions.get(tag) ?? 0));
  }
  if (positions.size > tokenWritersMax) throw new TokenMalformedError("it has too many writers");
  return encodeToken({ cluster: merged.cluster, positions });
}

function tagAt(bytes: Uint8Array, from: number): WriterTag {
  if (bytes.length < from + tagBytes) throw new TokenMalformedError("it ends too early");
  let tag = 0;
  for (let at = from; at < from + tagBytes; at += 1) tag = tag * 256 + bytes[at]!;
  return tag;
}

function positionAt(
  bytes: Uint8Array,
  from: number,
): { readonly position: Position; readonly next: number } {
  let position = 0;
  let scale = 1;
  for (let at = from; at < from + positionMaxBytes; at += 1, scale *= 128) {
    const byte = bytes[at];
    if (byte === undefined) throw new TokenMalformedError("it ends too early");
    position += (byte & 0x7f) * scale;
    if (byte >= 0x80) continue;
    if (byte === 0) break; // zero, or longer than it needs to be
    if (position > Number.MAX_SAFE_INTEGER) break;
    return { position, next: at + 1 };
  }
  throw new TokenMalformedError("a position is out of range");
}
