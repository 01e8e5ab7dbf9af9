/**
 * Idempotency keys of one client are its own: what another one sent under the same key is another
 * request. So the client's name goes into the key under which an answer is remembered.
 *
 * A key that says when it was made (UUIDv7) says so afterwards, too, and to the millisecond: in eventual
 * mode it is that time that decides when it may be forgotten. Its random part becomes a hash.
 */
import { createHash } from "node:crypto";

import { sessionOwnerBytes } from "@counter/state-machine";

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * @param principal - `null`: nobody had to say who he is, and all share their keys
 * @returns the key itself then; otherwise one of 36 or 43 characters, always the same for the two
 */
export function scopedKey(principal: string | null, key: string): string {
  if (principal === null) return key;
  const hash = createHash("sha256").update(`${principal}\n${key}`).digest();
  if (!uuidV7.test(key)) return hash.toString("base64url");
  const random = hash.toString("hex");
  const variant = "89ab"[hash[31]! & 3]!;
  const time = key.slice(0, 13).toLowerCase();
  const last = random.slice(6, 18);
  return `${time}-7${random.slice(0, 3)}-${variant}${random.slice(3, 6)}-${last}`;
}

/** Whose a session is: 16 bytes, the same for one principal; `null`: anybody's, as with keys. */
export function sessionOwnerOf(principal: string | null): Uint8Array | null {
  if (principal === null) return null;
  const hash = createHash("sha256").update(`session\n${principal}`).digest();
  return Uint8Array.from(hash.subarray(0, sessionOwnerBytes));
}
