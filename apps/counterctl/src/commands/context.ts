/** Commands about named clusters. */
import { resolve } from "node:path";
import type { Argv } from "yargs";

import type { Command, Group } from "../command.ts";
import { contextsPath, readContexts, writeContexts } from "../contexts.ts";
import { UsageError } from "../exit-codes.ts";
import { clientOf, isSecure, tlsFilesOf, urlsOf } from "../settings.ts";
import { noTls, readTls, type TlsFiles } from "../tls.ts";

const nameOf = (yargs: Argv): Argv =>
  yargs.positional("name", { type: "string", demandOption: true, describe: "of the cluster" });

const list: Command = {
  command: "list",
  about: "Lists the clusters that have names.",
  run: async ({ env, out }) => {
    const { current, contexts } = await readContexts(contextsPath(env));
    out.show({ current, contexts }, () => {
      const rows = Object.entries(contexts).map(([name, { endpoints, tokenFile, tls }]) => [
        name === current ? `* ${name}` : `  ${name}`,
        ...[endpoints.join(","), tokenFile, tls.ca, tls.cert],
      ]);
      out.table(["name", "endpoints", "token file", "ca", "cert"], rows);
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
    ["context set prod -e 10.0.0.5:8080 --ca ca.pem --cert me.pem --cert-key me.key", "over TLS"],
  ],
  options: (yargs) => nameOf(yargs),
  run: async ({ args, env, out }) => {
    const tls = absolute(tlsFilesOf(args, {}, noTls));
    const endpoints = urlsOf(args.list("endpoints"), isSecure(tls));
    if (endpoints.length === 0) throw new UsageError("say where it is: --endpoints");
    // Refuses what is no endpoint and no certificate: better now than at the first call.
    clientOf({ endpoints, token: null, tls: await readTls(tls), timeoutMs: 1 });
    const path = contextsPath(env);
    const name = args.text("name");
    const { contexts } = await readContexts(path);
    const tokenFile = args.optional("token-file");
    const context = {
      ...{ endpoints, tls },
      tokenFile: tokenFile === undefined ? null : resolve(tokenFile),
    };
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

/** A context is used from wherever one happens to be. */
function absolute({ ca, cert, key }: TlsFiles): TlsFiles {
  const whole = (path: string | null): string | null => (path === null ? null : resolve(path));
  return { ca: whole(ca), cert: whole(cert), key: whole(key) };
}

export const contexts: Group = {
  group: "context",
  about: "Named clusters, so that nobody types endpoints.",
  commands: [list, set, use, remove],
};
