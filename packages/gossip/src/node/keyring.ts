/**
 * The keys of an encrypted cluster. Any of them opens a message; the primary one seals.
 *
 * A key is rotated in stages, each of them done at every member before the next begins: install
 * the new key everywhere, make it the primary one everywhere, remove the old one everywhere. At
 * no time does a member then receive what it cannot open.
 */
import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from "node:crypto";
import { NONCE_BYTES, TAG_BYTES, type Cipher } from "../wire/crypto-frame.ts";

/** Keys that a keyring holds at most: every one of them is tried on a forged message. */
export const KEYRING_MAX_KEYS = 16;

type Algorithm = "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";

const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map<number, Algorithm>([
  [16, "aes-128-gcm"],
  [24, "aes-192-gcm"],
  [32, "aes-256-gcm"],
]);

/** A change of the keyring that was not made. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
  readonly code:
    | "GOSSIP_KEY_LENGTH" // neither 16, 24 nor 32 bytes
    | "GOSSIP_KEY_UNKNOWN" // not installed
    | "GOSSIP_KEY_PRIMARY" // the primary key cannot be removed
    | "GOSSIP_KEYRING_FULL";
  constructor(code: KeyringError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** The keys of this member; changes hold from the next message on. */
export class Keyring implements Cipher {
  /** The primary key first. */
  #keys: Buffer[] = [];

  /**
   * @param primary - 16, 24 or 32 bytes, for AES-128, 192 or 256
   * @param others - further keys that open messages
   * @throws KeyringError
   */
  constructor(primary: Uint8Array, others: readonly Uint8Array[] = []) {
    this.install(primary);
    for (const key of others) this.install(key);
  }

  /** All keys, the primary one first; copies. */
  get keys(): readonly Uint8Array[] {
    return this.#keys.map((key) => Uint8Array.from(key));
  }

  /** Adds a key that opens messages; nothing happens if it is there. Stage one. */
  install(key: Uint8Array): void {
    if (!ALGORITHMS.has(key.length)) {
      throw new KeyringError("GOSSIP_KEY_LENGTH", "a key has 16, 24 or 32 bytes");
    }
    if (this.#indexOf(key) >= 0) return;
    if (this.#keys.length === KEYRING_MAX_KEYS) {
      throw new KeyringError("GOSSIP_KEYRING_FULL", `there are ${KEYRING_MAX_KEYS} keys already`);
    }
    this.#keys.push(Buffer.from(key));
  }

  /** Seals with this key from now on. Stage two. */
  use(key: Uint8Array): void {
    const index = this.#indexOf(key);
    if (index < 0) throw new KeyringError("GOSSIP_KEY_UNKNOWN", "the key is not installed");
    this.#keys.unshift(...this.#keys.splice(index, 1));
  }

  /** Forgets a key; nothing happens if it is not there. Stage three. */
  remove(key: Uint8Array): void {
    const index = this.#indexOf(key);
    if (index < 0) return;
    if (index === 0) {
      throw new KeyringError("GOSSIP_KEY_PRIMARY", "the primary key is in use: use another first");
    }
    this.#keys.splice(index, 1);
  }

  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array {
    const key = this.#keys[0]!;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(algorithmOf(key), key, nonce);
    cipher.setAAD(associated);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array | null {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    for (const key of this.#keys) {
      const plain = openWith(key, sealed, associated);
      if (plain !== null) return plain;
    }
    return null;
  }

  #indexOf(key: Uint8Array): number {
    return this.#keys.findIndex((own) => own.length === key.length && timingSafeEqual(own, key));
  }
}

function openWith(key: Buffer, sealed: Uint8Array, associated: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv(algorithmOf(key), key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const body = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return null; // the one thing that `final` throws for: the tag is of another key or text
  }
  return body;
}

function algorithmOf(key: Buffer): Algorithm {
  return ALGORITHMS.get(key.length)!; // checked when it was installed
}
