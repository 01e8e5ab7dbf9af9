import { runCounterctl } from "./cli.ts";
import { withoutDashes } from "./meant.ts";

async function noted(...words: readonly string[]): Promise<string> {
  const notes: string[] = [];
  const streams = {
    out: () => undefined,
    error: (line: string) => void notes.push(line),
    tty: false,
  };
  const signal = AbortSignal.abort();
  const code = await runCounterctl(words, { streams, env: {}, signal, version: "0" });
  return `${code} ${notes.join("\n")}`;
}

test.each([
  { words: ["add"], said: "something is missing: counterctl add <name> <delta> [usage]" },
  { words: ["-e", "8080", "add", "seats"], said: "counterctl add <name> <delta> [usage]" },
  { words: ["members", "remove"], said: "counterctl members remove <id> [usage]" },
  { words: ["drain"], said: "Did you mean node drain? [usage]" },
  { words: ["frobnicate"], said: "Unknown argument: frobnicate [usage]" },
])("$words: $said", async ({ words, said }) => {
  const all = await noted(...words);
  expect(all).toMatch(/^2 error: /);
  expect(all).toContain(said);
});

it("takes a negative number after two dashes for what it is", () => {
  expect(withoutDashes(["add", "seats", "--", "-3"])).toEqual(["add", "seats", "-3"]);
  expect(withoutDashes(["add", "--", "seats"])).toEqual(["add", "--", "seats"]);
});
