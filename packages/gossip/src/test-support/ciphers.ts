import type { Cipher } from "../wire/crypto-frame.ts";
import type { WireOptions } from "../wire/options.ts";

/** Options of a plain cluster without a label. */
export const plain: WireOptions = {
  label: new Uint8Array(0),
  cipher: null,
  encryptionVersion: 1,
  verifyIncoming: true,
  verifyOutgoing: true,
};

/** Options of an encrypted cluster. */
export function encryptedWith(cipher: Cipher): WireOptions {
  return { ...plain, cipher };
}
