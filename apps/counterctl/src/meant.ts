/** What somebody may have meant by a command line that makes no sense as it is. */
import type { Command, Group } from "./command.ts";

export interface Known {
  readonly commands: readonly Command[];
  readonly groups: readonly Group[];
}

function firstWord({ command }: Command): string {
  return command.split(" ")[0]!;
}

/** A command of a group that was typed without it; yargs would guess at something else. */
export function otherPlace(words: readonly string[], { commands, groups }: Known): string | null {
  const known = [...groups.map(({ group }) => group), ...commands.map(firstWord)];
  if (known.some((word) => words.includes(word))) return null;
  const names = groups.flatMap(({ group, commands: inside }) => {
    return inside
      .map(firstWord)
      .filter((name) => words.includes(name))
      .map((name) => `${group} ${name}`);
  });
  return names.length === 0
    ? null
    : `There is no such command. Did you mean ${names.join(" or ")}?`;
}

/** The command with all that it wants, where something is missing. */
export function fullCommand(words: readonly string[], { commands, groups }: Known): string | null {
  for (const [at, word] of words.entries()) {
    const group = groups.find((each) => each.group === word);
    const inside = group?.commands.find((each) => words.indexOf(firstWord(each), at + 1) > at);
    if (inside !== undefined) return `something is missing: counterctl ${word} ${inside.command}`;
    const command = commands.find((each) => firstWord(each) === word);
    if (command !== undefined) return `something is missing: counterctl ${command.command}`;
  }
  return null;
}

/** `add seats -- -3`: who is used to it writes it, and yargs loses what follows. */
export function withoutDashes(words: readonly string[]): readonly string[] {
  return words.filter((word, at) => word !== "--" || !/^-\d/.test(words[at + 1] ?? ""));
}
