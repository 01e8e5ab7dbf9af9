/**
 * The hash that chains the records of a writer: two replicas whose hashes agree at a position have
 * the same records up to there. It finds accidents (a disk that went back, a directory that was
 * copied), not forgers: those are kept out by the authentication of peers.
 */
import type { ChainHash } from "../types.ts";

const highBits = 21;

/**
 * Hash of everything up to and with this record: two lanes of 32 bits, four bytes at a time.
 *
 * @param previous - hash before the record; 0 before the first
 * @returns a safe integer; never 0
 */
export function chainHash(previous: ChainHash, record: Uint8Array): ChainHash {
  let low = (previous | 0) ^ 0x2545f491;
  let high = ((previous / 0x1_0000_0000) | 0) ^ 0x41c6ce57 ^ record.length;
  const words = record.length & ~3;
  for (let at = 0; at < words; at += 4) {
    const word =
      record[at]! | (record[at + 1]! << 8) | (record[at + 2]! << 16) | (record[at + 3]! << 24);
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word ^ (low >>> 7), 0x5f356495);
    high ^= high >>> 13;
  }
  for (let at = words; at < record.length; at += 1) {
    low = Math.imul(low ^ record[at]!, 0x9e3779b1);
    high = Math.imul(high ^ record[at]!, 0x5f356495);
    high ^= high >>> 13;
  }
  return joined(low, high);
}

/** Hash of a text, from where another hash ended. */
export function textHash(previous: number, text: string): number {
  let low = (previous | 0) ^ 0x2545f491;
  let high = ((previous / 0x1_0000_0000) | 0) ^ 0x41c6ce57 ^ text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
    high ^= high >>> 13;
  }
  return joined(low, high);
}

/** Every bit of both lanes reaches every bit of the result. */
function joined(low: number, high: number): number {
  let one = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  let two = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  one ^= two >>> 15;
  two ^= two >>> 16;
  const hash = (two >>> (32 - highBits)) * 0x1_0000_0000 + (one >>> 0);
  return hash === 0 ? 1 : hash;
}
