/** Reading what was thrown. Nothing here relies on `instanceof`: realms and package copies differ. */

/** The `code` of an error, as Node and our packages set it; `null` if there is none. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** The message of an error, for people. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("message" in error)) return String(error);
  return String(error.message);
}
