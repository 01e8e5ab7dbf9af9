/** `token`: makes a token for a client, and the entry of the `--auth-file` that knows it. */
import yargs from "yargs";

import { exitCodes } from "../process/exit-codes.ts";
import { scopes } from "./caller.ts";
import { newToken, tokenSchema } from "./token-file.ts";

const usage = `node apps/node/dist/main.js token --name=<who> --scopes=${scopes.join(",")} [--counters=<name or orders-*>]`;

/**
 * Prints the token, which is nowhere else, on standard output, and what to do with it on standard error.
 *
 * @returns the exit code
 */
export async function runTokenTool(args: readonly string[]): Promise<number> {
  const given = await yargs([...args])
    .help(false)
    .version(false)
    .exitProcess(false)
    .string(["name", "scopes", "counters"])
    .parse();
  const { name = "", counters } = given;
  const known = ["name", "scopes", "counters", "_", "$0"];
  const unknown = Object.keys(given).filter((flag) => !known.includes(flag));
  const grant = {
    name,
    scopes: listed(given.scopes),
    ...(counters === undefined ? {} : { counters: listed(counters) }),
  };
  const checked = tokenSchema.omit({ sha256: true }).safeParse(grant);
  if (!checked.success || unknown.length > 0 || given._.length > 0) {
    const issue = checked.error?.issues[0];
    const why =
      issue === undefined ? "unknown words" : `--${String(issue.path[0])}: ${issue.message}`;
    console.error(`${why}\n${usage}`);
    return exitCodes.badConfig;
  }
  const { token, entry } = newToken(checked.data);
  console.log(token);
  console.error(
    `The token is printed once and stored nowhere. Put this into "tokens" of the --auth-file of every node:\n${JSON.stringify(entry)}`,
  );
  return exitCodes.ok;
}

function listed(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}
