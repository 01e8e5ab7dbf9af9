/** CRC-32 as in zlib, gzip and PNG, in pieces: start with 0, feed, and keep the last answer. */

const table: Int32Array = makeTable();

function makeTable(): Int32Array {
  const entries = new Int32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    }
    entries[byte] = rest;
  }
  return entries;
}

/** The checksum of what gave `crc`, followed by `bytes`. From 0 to 2^32 − 1. */
export function crc32(crc: number, bytes: Uint8Array): number {
  let rest = ~crc;
  for (const byte of bytes) rest = table[(rest ^ byte) & 0xff]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

/** FNV-1a with 32 bits, beside the CRC where 32 bits are too few. Start with 0x811c9dc5. */
export function fnv1a(hash: number, bytes: Uint8Array): number {
  let rest = hash;
  for (const byte of bytes) rest = Math.imul(rest ^ byte, 0x01000193);
  return rest >>> 0;
}
