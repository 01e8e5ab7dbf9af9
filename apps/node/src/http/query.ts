/** What all requests may say in the query, and refusing what means nothing there. */
import { didYouMean } from "../config/did-you-mean.ts";
import { invalidParameter } from "./negotiation.ts";

/** Names that any request may have, whatever it asks for. */
const everywhere: readonly string[] = ["redirect", "timing"];

/**
 * Refuses what means nothing, and what is said twice: a slip of the fingers must not make a promise
 * weaker.
 *
 * @param several - names that may be given more than once
 * @throws Problem `validation-failed`
 */
export function requireKnown(
  query: URLSearchParams,
  known: readonly string[],
  several: readonly string[] = ["atLeast"],
): void {
  if (query.size === 0) return;
  for (const name of new Set(query.keys())) {
    if (everywhere.includes(name)) continue;
    if (!known.includes(name)) {
      const meant = didYouMean(name.slice(0, 64), known);
      const taken = known.length === 0 ? "nothing" : known.join(", ");
      const hint = meant === null ? `this request takes ${taken}` : `write ${meant}`;
      throw invalidParameter(name.slice(0, 64), `is unknown here: ${hint}`);
    }
    if (!several.includes(name) && query.getAll(name).length > 1) {
      throw invalidParameter(name, "is given more than once");
    }
  }
}
