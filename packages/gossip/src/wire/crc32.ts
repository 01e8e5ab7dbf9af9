/** CRC-32 with the IEEE polynomial, as Go's `crc32.ChecksumIEEE`. */

const TABLE: Uint32Array = makeTable();

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    table[byte] = rest;
  }
  return table;
}

/** The checksum of `bytes` from `start` on, 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array, start: number = 0): number {
  let rest = 0xffffffff;
  for (let index = start; index < bytes.length; index += 1) {
    rest = TABLE[(rest ^ bytes[index]!) & 0xff]! ^ (rest >>> 8);
  }
  return (rest ^ 0xffffffff) >>> 0;
}
