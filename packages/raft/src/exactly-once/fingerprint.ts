/** Length of a fingerprint in characters, one a byte. */
export const fingerprintLength: number = 8;

/**
 * Sixty-four bits of a command, by which it is known again when its key comes back. It protects
 * clients from their own mistakes, not from people who look for collisions: whoever holds a key gets
 * the answer to it anyway. Part of the snapshot format; never change it within a version.
 */
export function fingerprintOf(bytes: Uint8Array): string {
  let high = 0xdeadbeef ^ bytes.length;
  let low = 0x41c6ce57 ^ bytes.length;
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 0x9e3779b1);
    low = Math.imul(low ^ byte, 0x5f356495);
  }
  const first = mixed(high, low);
  return textOf(first) + textOf(mixed(low, first));
}

/** The finish of MurmurHash3, with something of the other half. */
function mixed(word: number, other: number): number {
  let rest = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  rest ^= Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
  return rest ^ (rest >>> 16);
}

function textOf(word: number): string {
  return String.fromCharCode(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff);
}
