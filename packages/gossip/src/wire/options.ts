/** What both sides of a cluster must agree on before they understand each other. */
import type { Cipher, EncryptionVersion } from "./crypto-frame.ts";

/** How packets and streams are wrapped. */
export interface WireOptions {
  /** From `labelBytes`; empty for none. */
  readonly label: Uint8Array;
  /** Null: no keys, everything is plain. */
  readonly cipher: Cipher | null;
  readonly encryptionVersion: EncryptionVersion;
  /**
   * With a cipher: refuse what is not encrypted. False only while a plain cluster is being moved
   * to encryption, member by member.
   */
  readonly verifyIncoming: boolean;
  /** With a cipher: send encrypted. False only in the first step of such a move. */
  readonly verifyOutgoing: boolean;
}
