/**
 * The frame around encrypted bytes: a version byte, then nonce, ciphertext and tag. Version 0
 * pads the text to blocks of 16 first (PKCS#7), version 1 does not.
 *
 * AES itself is a port: a core has no `crypto`.
 */
import { WireError } from "./refusal.ts";

/** Bytes of the nonce before the ciphertext. */
export const NONCE_BYTES = 12;
/** Bytes of the tag after it. */
export const TAG_BYTES = 16;
const BLOCK_BYTES = 16;

/** How the text is laid out before it is encrypted: 0 padded, for protocol 1; 1 as it is. */
export type EncryptionVersion = 0 | 1;

/** AES in Galois/counter mode with the keys of this member. */
export interface Cipher {
  /** A fresh random nonce, the ciphertext and the tag, under the primary key. */
  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array;
  /** The text, if any of the keys opens it, else null. */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array | null;
}

/** Bytes that encryption may add to a message: what a packet has to leave free. */
export function encryptionOverhead(version: EncryptionVersion): number {
  return 1 + NONCE_BYTES + TAG_BYTES + (version === 0 ? BLOCK_BYTES : 0);
}

/** Bytes of the frame around `plainBytes` bytes of text. */
export function frameBytes(version: EncryptionVersion, plainBytes: number): number {
  const padding = version === 0 ? BLOCK_BYTES - (plainBytes % BLOCK_BYTES) : 0;
  return 1 + NONCE_BYTES + plainBytes + padding + TAG_BYTES;
}

/** Encrypts `plain`; whoever opens it must give the same `associated` bytes. */
export function sealFrame(
  cipher: Cipher,
  version: EncryptionVersion,
  { plain, associated }: { plain: Uint8Array; associated: Uint8Array },
): Uint8Array {
  const sealed = cipher.seal(version === 0 ? padded(plain) : plain, associated);
  const frame = new Uint8Array(1 + sealed.length);
  frame[0] = version;
  frame.set(sealed, 1);
  return frame;
}

/**
 * Opens a frame of either version.
 *
 * @throws WireError `unknown` for another version, `encryption` if no key of ours opens it
 */
export function openFrame(cipher: Cipher, frame: Uint8Array, associated: Uint8Array): Uint8Array {
  const version = frame[0];
  if (version !== 0 && version !== 1) throw new WireError("unknown", "unknown encryption version");
  if (frame.length <= 1 + NONCE_BYTES + TAG_BYTES) {
    throw new WireError("truncated", "too short for an encrypted message");
  }
  const plain = cipher.open(frame.subarray(1), associated);
  if (plain === null) throw new WireError("encryption", "no key of ours opens the message");
  return version === 0 ? unpadded(plain) : plain;
}

function padded(plain: Uint8Array): Uint8Array {
  const more = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  const block = new Uint8Array(plain.length + more).fill(more);
  block.set(plain);
  return block;
}

function unpadded(block: Uint8Array): Uint8Array {
  const more = block.at(-1) ?? 0;
  if (more === 0 || more > BLOCK_BYTES || more >= block.length) {
    throw new WireError("encryption", "the padding is wrong");
  }
  return block.subarray(0, block.length - more);
}
