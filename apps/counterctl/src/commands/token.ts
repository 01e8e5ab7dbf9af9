/** Makes bearer tokens. */
import { newToken, scopes, tokenSchema } from "@counter/node/offline";

import type { Command } from "../command.ts";
import { UsageError } from "../exit-codes.ts";

const listed = (text: string): readonly string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

export const token: Command = {
  command: "token",
  about: "Makes a bearer token, and the entry of the --auth-file that lets the nodes know it.",
  examples: [
    ["token --name shop --scopes read,write --counters 'shop.*'", "for a client"],
    ["token --name ops --scopes read,write,admin > ops.token", "the token alone is on stdout"],
  ],
  options: (yargs) =>
    yargs
      .option("name", { type: "string", demandOption: true, describe: "whose it is" })
      .option("scopes", { type: "string", demandOption: true, describe: scopes.join(",") })
      .option("counters", { type: "string", describe: "only these, like orders,shop.*" }),
  run: ({ args, out }) => {
    const counters = args.optional("counters");
    const grant = {
      name: args.text("name"),
      scopes: listed(args.text("scopes")),
      ...(counters === undefined ? {} : { counters: listed(counters) }),
    };
    const checked = tokenSchema.omit({ sha256: true }).safeParse(grant);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      throw new UsageError(`--${String(issue?.path[0])}: ${issue?.message ?? "not like that"}`);
    }
    const made = newToken(checked.data);
    out.show(made, () => {
      out.line(made.token);
      out.note(
        'Shown once, stored nowhere. Add this to "tokens" in the --auth-file of every node:',
      );
      out.note(JSON.stringify(made.entry));
    });
    return Promise.resolve(undefined);
  },
};
