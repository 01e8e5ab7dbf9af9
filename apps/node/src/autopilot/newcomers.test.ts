import { account, type Account, type Sight } from "./newcomers.ts";

/** Voters, a space, those that are gone: `abcd c`. */
function sight(text: string): Sight {
  const [voters = "", gone = ""] = text.split(" ");
  return { voters: Array.from(voters), gone: new Set(gone) };
}

/** The newcomers after these looks, as `d for c`, and what is owed. */
function after(...looks: readonly string[]): { readonly newcomers: string; readonly owed: number } {
  let known: Account | null = null;
  for (const look of looks) known = account(known, sight(look));
  const newcomers = known!.newcomers.map(({ id, inPlaceOf }) => `${id} for ${inPlaceOf.join("")}`);
  return { newcomers: newcomers.join(", "), owed: known!.owed };
}

describe("who came in whose place", () => {
  test.each([
    ["N1: nobody, of those that were there at the first look", ["abc c"], "", 0],
    ["N2: a voter that came while another one was gone", ["abc c", "abcd c"], "d for c", 0],
    ["nobody, who came while all were there", ["abc", "abcd", "abcd c"], "", 0],
    ["nobody, who is gone as soon as it votes", ["abc", "abcd d"], "", 0],
    ["N2: nobody any more, once that one is back", ["abc c", "abcd c", "abcd", "abcd c"], "", 0],
    ["N2: only who is still gone", ["abcde de", "abcdef de", "abcdef e"], "f for e", 0],
    ["N3: used up by the removal", ["abc c", "abcd c", "abd"], "", 0],
    ["N3: one for one", ["abcde de", "abcdef de", "abcef de"], "", 0],
    ["two for two", ["abcde de", "abcdefg de"], "f for de, g for de", 0],
    ["N3: two for two, and one is used up", ["abcde de", "abcdefg de", "abcefg e"], "g for e", 0],
    ["N4: a dead one that was removed before is owed one", ["abc c", "ab c"], "", 1],
    ["N4: who then comes stands for that one", ["abcde de", "abce e", "abcef e"], "", 0],
    ["who was well when it was removed is owed nothing", ["abcde e", "abce e"], "", 0],
    ["a newcomer that was removed again stands for nobody", ["abc c", "abcd c", "abc c"], "", 0],
  ])("%s", (_, looks, newcomers, owed) => {
    expect(after(...looks)).toEqual({ newcomers, owed });
  });
});
