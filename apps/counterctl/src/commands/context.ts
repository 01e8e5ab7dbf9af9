/** Commands about named clusters. */
import type { Argv } from "yargs";

import type { Command, Group } from "../command.ts";
import { contextsPath, readContexts, writeContexts } from "../contexts.ts";
import { UsageError } from "../exit-codes.ts";
import { clientOf, urlOf } from "../settings.ts";

const nameOf = (yargs: Argv): Argv =>
  yargs.positional("name", { type: "string", demandOption: true, describe: "of the cluster" });

const list: Command = {
  command: "list",
  about: "Lists the clusters that have names.",
  run: async ({ env, out }) => {
    const { current, contexts } = await readContexts(contextsPath(env));
    out.show({ current, contexts }, () => {
      const rows = Object.entries(contexts).map(([name, { endpoints, tokenFile }]) => [
        name === current ? `* ${name}` : `  ${name}`,
        endpoints.join(","),
        tokenFile,
      ]);
      out.table(["name", "endpoints", "token file"], rows);
    });
    return undefined;
  },
};

const set: Command = {
  command: "set <name>",
  about: "Gives the cluster at --endpoints a name, and uses it from now on.",
  examples: [
    [
      "context set prod -e 10.0.0.5:8080,10.0.0.6:8080 --token-file ~/.counter-token",
      "then: counterctl status",
    ],
  ],
  options: (yargs) => nameOf(yargs),
  run: async ({ args, env, out }) => {
    const endpoints = args
      .list("endpoints")
      .flatMap((text) => text.split(","))
      .map(urlOf);
    if (endpoints.length === 0) throw new UsageError("say where it is: --endpoints");
    clientOf({ endpoints, token: null, timeoutMs: 1 }); // refuses what is no endpoint
    const path = contextsPath(env);
    const name = args.text("name");
    const { contexts } = await readContexts(path);
    const context = { endpoints, tokenFile: args.optional("token-file") ?? null };
    await writeContexts(path, { current: name, contexts: { ...contexts, [name]: context } });
    out.show({ current: name, context }, () => out.line(`${name} is in ${path}`));
    return undefined;
  },
};

const use: Command = {
  command: "use <name>",
  about: "Uses a named cluster from now on.",
  options: (yargs) => nameOf(yargs),
  run: async ({ args, env, out }) => {
    const path = contextsPath(env);
    const { contexts } = await readContexts(path);
    const name = args.text("name");
    if (contexts[name] === undefined) throw new UsageError(`there is no context ${name}`);
    await writeContexts(path, { current: name, contexts });
    out.show({ current: name }, () => out.line(`${name} is used from now on`));
    return undefined;
  },
};

const remove: Command = {
  command: "remove <name>",
  about: "Forgets a name.",
  options: (yargs) => nameOf(yargs),
  run: async ({ args, env, out }) => {
    const path = contextsPath(env);
    const { current, contexts } = await readContexts(path);
    const name = args.text("name");
    const { [name]: gone, ...rest } = contexts;
    if (gone === undefined) throw new UsageError(`there is no context ${name}`);
    await writeContexts(path, { current: current === name ? null : current, contexts: rest });
    out.show({ removed: name }, () => out.line(`${name} is forgotten`));
    return undefined;
  },
};

export const contexts: Group = {
  group: "context",
  about: "Named clusters, so that nobody types endpoints.",
  commands: [list, set, use, remove],
};
