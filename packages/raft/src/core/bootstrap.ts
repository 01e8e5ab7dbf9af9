import type { Member, PersistedState } from "../types.ts";
import { configurationOf, encodeConfiguration } from "./configuration.ts";

/**
 * What every server of a new cluster stores before its first start: the configuration as entry
 * 1@1, the same bytes everywhere, as if a leader of term 1 had replicated it. Nobody has voted in
 * term 1 and nobody will: the first election is for term 2.
 *
 * @param members - all first voters, in any order, the same list on every server
 * @throws {RangeError} on an empty list, doubled or malformed ids and addresses
 */
export function bootstrap(members: readonly Member[]): PersistedState {
  const data = encodeConfiguration(configurationOf(members));
  return {
    hardState: { term: 1, vote: null, commitIndex: 0 },
    snapshot: null,
    entries: [{ index: 1, term: 1, kind: "configuration", data }],
  };
}
