/** What every request carries. */
import { InvalidArgumentError } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { Call } from "./call.ts";

/** @throws InvalidArgumentError for a token that no header can carry */
export async function requestOf(
  settings: Settings,
  call: Pick<Call, "method" | "headers" | "body" | "key" | "number">,
): Promise<RequestInit> {
  const { method, headers, body, key, number } = call;
  const all: Record<string, string> = { accept: "application/json", ...settings.headers };
  if (typeof body === "string") all["content-type"] = "application/json";
  Object.assign(all, headers);
  if (key !== null) all["idempotency-key"] = key;
  if (number !== null) all["counter-session"] = number;
  const token = await tokenOf(settings);
  if (token !== null) all["authorization"] = `Bearer ${token}`;
  return { method, headers: all, body, cache: "no-store" };
}

async function tokenOf({ token }: Settings): Promise<string | null> {
  const given = typeof token === "function" ? await token() : (token ?? null);
  if (given === null || /^[\x21-\x7e]+$/.test(given)) return given;
  throw new InvalidArgumentError("the token must be visible ASCII characters");
}
