/** Idempotency keys: UUIDs of version 7 (RFC 9562), which say when they were made. */
import { InvalidArgumentError } from "./errors.ts";

/** Longest key that the service takes, in characters. */
export const keyMaxLength: number = 255;

const visible = /^[\x21-\x7e]+$/;

/**
 * A new key. Its first 48 bits are the time in milliseconds: an eventual cluster forgets keys by their
 * age, so a clock that is wrong by more than the window of the service (an hour) is refused there.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let rest = Date.now();
  for (let at = 5; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20)].join("-");
}

/** @throws InvalidArgumentError unless it is 1 to 255 visible ASCII characters without quotes */
export function checkedKey(key: string): string {
  if (key.length <= keyMaxLength && visible.test(key) && !/["\\]/.test(key)) return key;
  throw new InvalidArgumentError(
    `an idempotency key is 1 to ${keyMaxLength} visible ASCII characters without quotes`,
  );
}
