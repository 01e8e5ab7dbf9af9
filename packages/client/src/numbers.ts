/** Numbers are bigints here and decimal strings on the wire: neither loses digits. */
import { InvalidArgumentError } from "./errors.ts";

/** What callers may write; a `number` must be a safe integer. */
export type Integer = bigint | number;

/** Longest number that is read, in digits; the service's largest has 309. */
export const digitsMax: number = 400;

const pattern = /^-?(?:0|[1-9][0-9]*)$/;

/** @throws InvalidArgumentError on a `number` that is fractional or beyond 2^53 - 1 */
export function toBigInt(value: Integer, what: string): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new InvalidArgumentError(`${what} must be a bigint or a safe integer, not ${value}`);
}

/** @returns the decimal string that goes over the wire */
export function wireNumber(value: Integer, what: string): string {
  return toBigInt(value, what).toString();
}

/** @returns `null` for what is no integer of at most {@link digitsMax} digits */
export function parseInteger(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string" || value.length > digitsMax) return null;
  return pattern.test(value) ? BigInt(value) : null;
}

/**
 * A value as a `number`.
 *
 * @throws {RangeError} beyond 2^53 - 1, where a `number` would have other digits
 */
export function toNumberSafe(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${value.toString()} does not fit a number without losing digits`);
}
