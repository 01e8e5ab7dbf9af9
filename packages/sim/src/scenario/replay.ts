/**
 * Scenario files: prose, commands, and what the commands printed. A scenario is right when replaying
 * it changes nothing.
 *
 * ```text
 * # Prose begins with a number sign.
 * campaign n1
 * ----
 * n1  => preCandidate  t1  (election timeout)
 * ```
 *
 * Several commands may stand above one `----`; a blank line ends what was printed.
 */
import { ScenarioSession } from "./commands.ts";

/** Replays a scenario and returns its text with what the commands print now. */
export function replayScenario(text: string): string {
  const session = new ScenarioSession();
  const result: string[] = [];
  const lines = text.split("\n");
  let commands: string[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i]!;
    result.push(line);
    if (line === "----") {
      for (const command of commands) result.push(...session.run(command));
      commands = [];
      while (i + 1 < lines.length && lines[i + 1] !== "") i += 1; // what it printed before
    } else if (line !== "" && !line.startsWith("#")) {
      commands.push(line);
    } else if (commands.length > 0) {
      throw new RangeError(
        `line ${i + 1}: ---- is missing under "${commands[commands.length - 1]!}"`,
      );
    }
  }
  if (commands.length > 0) throw new RangeError("---- is missing at the end");
  return result.join("\n");
}
