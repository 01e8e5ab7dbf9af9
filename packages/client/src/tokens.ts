/**
 * Tokens of one eventual cluster grow together: who has seen two of them has seen, of each writer, the
 * later position. Merged here, a session stays as small as the token of a read. What is not known
 * to this client stays as it is, and is sent beside the others.
 *
 * The bytes: mode 1, two of the cluster, then for each writer, in order, six of its id and a position
 * in groups of seven bits, the lowest first.
 */
interface Vector {
  readonly cluster: string;
  readonly positions: ReadonlyMap<string, bigint>;
}

const eventualMode = 1;
const headLength = 3;
const tagLength = 6;
const positionMaxLength = 8;
/** Most writers of a merged token: the service takes no larger one. */
const writersMax = 1024;

/** @returns the token of whoever has seen both; `null` when they cannot be merged here */
export function mergedToken(left: string, right: string): string | null {
  const one = decode(left);
  const other = decode(right);
  if (one === null || other?.cluster !== one.cluster) return null;
  const positions = new Map(one.positions);
  for (const [tag, position] of other.positions) {
    const known = positions.get(tag) ?? 0n;
    positions.set(tag, known > position ? known : position);
  }
  return positions.size > writersMax ? null : encode({ cluster: one.cluster, positions });
}

/** Characters stand for bytes here, as `atob` has them. */
function decode(token: string): Vector | null {
  const bytes = bytesOf(token);
  if (bytes === null || bytes.length < headLength || bytes.charCodeAt(0) !== eventualMode) {
    return null;
  }
  const positions = new Map<string, bigint>();
  for (let at = headLength; at < bytes.length;) {
    const tag = bytes.slice(at, at + tagLength);
    at += tagLength;
    let position = 0n;
    let length = 0;
    for (let more = true; more; at += 1, length += 1) {
      if (at >= bytes.length || length >= positionMaxLength) return null;
      const byte = bytes.charCodeAt(at);
      position |= BigInt(byte & 0x7f) << BigInt(7 * length);
      more = byte >= 0x80;
    }
    positions.set(tag, position);
  }
  return { cluster: bytes.slice(1, headLength), positions };
}

function encode({ cluster, positions }: Vector): string {
  const parts = [String.fromCharCode(eventualMode), cluster];
  for (const [tag, position] of [...positions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(tag);
    let rest = position;
    for (; rest >= 0x80n; rest >>= 7n) parts.push(String.fromCharCode(Number(rest & 0x7fn) | 0x80));
    parts.push(String.fromCharCode(Number(rest)));
  }
  return btoa(parts.join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @returns `null` for what is no base64url: a token of another kind */
function bytesOf(token: string): string | null {
  if (!/^[A-Za-z0-9_-]*$/.test(token) || token.length % 4 === 1) return null;
  return atob(token.replaceAll("-", "+").replaceAll("_", "/"));
}
