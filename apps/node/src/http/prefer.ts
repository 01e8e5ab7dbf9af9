/** `Prefer: wait=n` (RFC 7240), and the tokens that a request says it has seen, alike in both modes. */
import type { ApiRequest } from "./api.ts";
import { Problem } from "./problems.ts";

/** Longest `Prefer: wait=`, in seconds. */
export const waitMaxSeconds: number = 60;

/** How long a read waits for what it asks for unless the client says, in milliseconds. */
export const readWaitMs: number = 1000;

/** Longest token, or several of them, that is looked at; headers are not longer anyway. */
const tokenMaxLength = 32 * 1024;

/**
 * `Prefer: wait=n`, in milliseconds; `null` if the client does not say. What nobody understands in
 * that header is ignored.
 *
 * @param leastSeconds - taken where less is asked for
 * @param mostSeconds - taken where more is asked for
 */
export function waitMsOf(
  { headers }: Pick<ApiRequest, "headers">,
  leastSeconds: number = 0,
  mostSeconds: number = waitMaxSeconds,
): number | null {
  const { prefer } = headers;
  if (prefer === undefined) return null;
  const text = Array.isArray(prefer) ? prefer.join(",") : prefer;
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,4})"?\s*(?:[,;]|$)/i.exec(text)?.[1];
  if (seconds === undefined) return null;
  return Math.max(leastSeconds, Math.min(Number(seconds), mostSeconds)) * 1000;
}

/** What an answer says about the `wait` that was taken. */
export function waitHeaders(waitMs: number | null): Readonly<Record<string, string>> {
  return waitMs === null ? {} : { "preference-applied": `wait=${waitMs / 1000}` };
}

/**
 * The tokens of `Counter-At-Least` and `?atLeast=`, in both spellings, which mean all of them.
 *
 * @throws Problem `validation-failed` if they are too long together, or one is asked for and none is said
 */
export function tokensIn({
  headers,
  query,
}: Pick<ApiRequest, "query" | "headers">): readonly string[] {
  const header = headers["counter-at-least"];
  if (header === undefined && query.size === 0) return [];
  const texts = [header ?? [], query.getAll("atLeast")].flat();
  const tokens = texts.flatMap((text) => text.split(",")).map((token) => token.trim());
  const given = tokens.filter((token) => token !== "");
  if (given.length === 0 && (header !== undefined || query.has("atLeast"))) {
    const where = header === undefined ? { parameter: "atLeast" } : { header: "Counter-At-Least" };
    const detail = "a token, as Counter-Version of an answer says it";
    const extensions = { errors: [{ ...where, detail }] };
    throw new Problem("validation-failed", `${Object.values(where)[0]}: ${detail}`, { extensions });
  }
  if (given.join("").length > tokenMaxLength) {
    throw new Problem("validation-failed", "the token is too long");
  }
  return given;
}
