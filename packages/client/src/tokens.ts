/**
 * Two tokens of one cluster grow together, so that a session stays as small as the token of a read.
 * What is not known to this client stays as it is, and is sent beside the others.
 *
 * - Eventual mode: mode 1, two bytes of the cluster, then for each writer, in order, six of its id and
 *   a position. Who has seen both has seen, of each writer, the later position.
 * - Strong mode: mode 2, four bytes of the cluster, how often it was restored, and a revision. Who has
 *   seen the later revision has seen both; revisions of different epochs cannot be compared.
 *
 * Numbers are in groups of seven bits, the lowest first.
 */
interface Vector {
  readonly cluster: string;
  readonly positions: ReadonlyMap<string, bigint>;
}

const eventualMode = 1;
const strongMode = 2;
const headLength = 3;
const strongHeadLength = 5;
const tagLength = 6;
const numberMaxLength = 8;
/** Most writers of a merged token: the service takes no larger one. */
const writersMax = 1024;

/** @returns the token of whoever has seen both; `null` when they cannot be merged here */
export function mergedToken(left: string, right: string): string | null {
  return mergedStrong(left, right) ?? mergedEventual(left, right);
}

function mergedStrong(left: string, right: string): string | null {
  const one = revisionOf(left);
  const other = revisionOf(right);
  if (one === null || other?.place !== one.place) return null;
  return other.revision > one.revision ? right : left;
}

/** `place`: the cluster and how often it was restored, as they stand in the token. */
function revisionOf(token: string): { readonly place: string; readonly revision: bigint } | null {
  const bytes = bytesOf(token);
  if (bytes?.charCodeAt(0) !== strongMode) return null;
  const epoch = numberAt(bytes, strongHeadLength);
  const revision = epoch === null ? null : numberAt(bytes, epoch.end);
  if (epoch === null || revision?.end !== bytes.length) return null;
  return { place: bytes.slice(0, epoch.end), revision: revision.value };
}

function mergedEventual(left: string, right: string): string | null {
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
    const position = numberAt(bytes, at);
    if (position === null) return null;
    at = position.end;
    positions.set(tag, position.value);
  }
  return { cluster: bytes.slice(1, headLength), positions };
}

function numberAt(
  bytes: string,
  from: number,
): { readonly value: bigint; readonly end: number } | null {
  let value = 0n;
  for (let length = 0; length < numberMaxLength && from + length < bytes.length; length += 1) {
    const byte = bytes.charCodeAt(from + length);
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    if (byte < 0x80) return { value, end: from + length + 1 };
  }
  return null;
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
