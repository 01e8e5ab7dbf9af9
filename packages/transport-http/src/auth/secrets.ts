/** The secrets that nodes share: the first one signs, any of them verifies (as Serf's keyring does). */
import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Shorter secrets can be guessed. */
export const secretMinBytes: number = 16;
/** Two are needed while one takes the place of another; more than these are a mistake. */
export const secretsMax: number = 8;

/** One secret, ready to be used. */
export type SecretKey = KeyObject;

export class Secrets {
  #keys: readonly SecretKey[];

  /** @throws RangeError when there is none, too many, or one that is too short */
  constructor(secrets: readonly Uint8Array[]) {
    this.#keys = keysOf(secrets);
  }

  /** Those from now on. @throws RangeError as the constructor; the old ones stay then */
  replace(secrets: readonly Uint8Array[]): void {
    this.#keys = keysOf(secrets);
  }

  /** What we sign with. */
  get first(): SecretKey {
    return this.#keys[0]!;
  }

  /** The secret with which this text was signed; `null`: none of ours. */
  signerOf(text: string, mac: string): SecretKey | null {
    return this.#keys.find((key) => isSame(macOf(key, text), mac)) ?? null;
  }
}

/** HMAC-SHA-256 in hexadecimal, over the text and then the bytes. */
export function macOf(key: SecretKey, text: string, bytes: Uint8Array = nothing): string {
  const hmac = createHmac("sha256", key).update(text);
  return (bytes.length === 0 ? hmac : hmac.update(bytes)).digest("hex");
}

/** Takes as long wherever the two differ; both are as long as a MAC. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const nothing = new Uint8Array(0);

function keysOf(secrets: readonly Uint8Array[]): readonly SecretKey[] {
  if (secrets.length === 0 || secrets.length > secretsMax) {
    throw new RangeError(`1 to ${secretsMax} secrets are needed`);
  }
  if (secrets.some(({ length }) => length < secretMinBytes)) {
    throw new RangeError(`a secret has at least ${secretMinBytes} bytes`);
  }
  return secrets.map((secret) => createSecretKey(secret));
}
