/** Commands about one node: the first that --endpoints names. */
import type { Counters, Json } from "@counter/client";

import type { Command, Ctl, Group } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

async function only({ client }: Ctl): Promise<Counters> {
  const all = await client();
  return all.at(all.endpoints[0]!);
}

const health: Command = {
  command: "health",
  about: "Whether the node should get traffic, and what each of its checks says.",
  examples: [["-e 10.0.0.5:8080 node health", "ends with 5 when it is not ready"]],
  run: async (ctl) => {
    const one = await only(ctl);
    const { ready, text } = await one.cluster.ready({ signal: ctl.signal });
    ctl.out.show({ endpoint: one.endpoints[0], ready, checks: text.split("\n") }, () => {
      ctl.out.line(text);
    });
    return ready ? exitCodes.ok : exitCodes.unavailable;
  },
};

function acting(
  command: "drain" | "undrain",
  about: string,
  parts: { readonly done: string; readonly act: (one: Counters, ctl: Ctl) => Promise<Json> },
): Command {
  return {
    ...{ command, about },
    run: async (ctl) => {
      const one = await only(ctl);
      const said = await parts.act(one, ctl);
      ctl.out.show(said, () => ctl.out.line(`${one.endpoints[0]} ${parts.done}`));
      return undefined;
    },
  };
}

const drain = acting("drain", "The node hands leadership over, and takes no more writes.", {
  done: "is drained",
  act: (one, { signal }) => one.cluster.drain({ signal }),
});

const undrain = acting("undrain", "The node takes writes again.", {
  done: "takes writes",
  act: (one, { signal }) => one.cluster.undrain({ signal }),
});

const status: Command = {
  command: "status",
  about: "All that the node says of itself.",
  run: async (ctl) => {
    const said = await (await only(ctl)).cluster.status({ signal: ctl.signal });
    ctl.out.show(said, () => {
      const texts = Object.entries(said).map(([name, value]) => {
        return [name, typeof value === "string" ? value : JSON.stringify(value)] as const;
      });
      ctl.out.facts(Object.fromEntries(texts));
    });
    return undefined;
  },
};

const logLevel: Command = {
  command: "log-level [level]",
  about: "Shows what the node logs, or changes it until the node is restarted.",
  examples: [["-e 10.0.0.5:8080 node log-level debug", "more, of that node alone"]],
  options: (yargs) =>
    yargs.positional("level", {
      choices: ["error", "warn", "info", "debug"] as const,
      describe: "from now on",
    }),
  run: async (ctl) => {
    const one = await only(ctl);
    const level = ctl.args.optional("level");
    const options = { signal: ctl.signal, ...(level === undefined ? {} : { level }) };
    const said = await one.cluster.logLevel(options);
    ctl.out.show({ level: said }, () => ctl.out.line(said));
    return undefined;
  },
};

const leave: Command = {
  command: "leave",
  about: "The node leaves its cluster for good, and ends.",
  options: (yargs) =>
    yargs.option("force", { type: "boolean", describe: "even if the cluster might stop" }),
  run: async (ctl) => {
    const one = await only(ctl);
    const said = await one.cluster.leave({ signal: ctl.signal, force: ctl.args.flag("force") });
    ctl.out.show(said, () => ctl.out.line(`${one.endpoints[0]} has left`));
    return undefined;
  },
};

export const node: Group = {
  group: "node",
  about: "One node: the first of --endpoints.",
  commands: [status, health, drain, undrain, logLevel, leave],
};
