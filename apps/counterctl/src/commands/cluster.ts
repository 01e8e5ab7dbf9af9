/** Commands about the cluster: who is there, who leads. */
import { CounterError, type CounterClient, type Json } from "@counter/client";

import type { Command, Group } from "../command.ts";
import { isRecord } from "../contexts.ts";
import { exitCodes } from "../exit-codes.ts";
import { explain } from "../explain.ts";
import type { Cell } from "../output.ts";
import { lookAt, numberIn, textIn, type NodeView } from "./nodes.ts";
import { pause, retryMs } from "./waiting.ts";

const status: Command = {
  command: "status",
  about: "A table of the nodes: who leads, how far everybody is.",
  examples: [
    ["status", "the nodes that --endpoints names"],
    ["status --all", "also the other members, at the addresses that they have told each other"],
  ],
  options: (yargs) =>
    yargs.option("all", { type: "boolean", describe: "ask every member, not only --endpoints" }),
  run: async (ctl) => {
    const nodes = await lookAt(ctl, ctl.args.flag("all"));
    ctl.out.show(nodes, () => {
      ctl.out.table(
        ["endpoint", "id", "state", "term", "applied", "lag", "counters", "up", "version"],
        nodes.map((node) => rowOf(node, nodes)),
      );
      for (const { endpoint, problem } of nodes) {
        if (problem !== null) ctl.out.note(`${endpoint}: ${problem}`);
      }
    });
    return nodes.every(({ status: each }) => each !== null) ? exitCodes.ok : exitCodes.unavailable;
  },
};

function rowOf({ endpoint, status: said }: NodeView, all: readonly NodeView[]): readonly Cell[] {
  if (said === null) return [endpoint, null, "unreachable"];
  const applied = numberIn(said, "appliedIndex") ?? numberIn(said, "lastIndex");
  const furthest = Math.max(...all.map((each) => furthestOf(each.status)));
  const up = numberIn(said, "uptimeMs");
  return [
    endpoint,
    textIn(said, "id"),
    textIn(said, "state")?.toLowerCase(),
    numberIn(said, "term"),
    applied,
    applied === null ? null : Math.max(0, furthest - applied),
    numberIn(said, "counters"),
    up === null ? null : `${Math.round(up / 1000)}s`,
    textIn(said, "version"),
  ];
}

function furthestOf(said: Json | null): number {
  if (said === null) return 0;
  return numberIn(said, "commitIndex") ?? numberIn(said, "lastIndex") ?? 0;
}

export const clusterStatus: Command = status;

export const waitReady: Command = {
  command: "wait",
  about: "Waits until every node that --endpoints names is ready (or, with --any, one of them).",
  examples: [
    ["wait --for 60", "at most a minute; ends with 5 if it was in vain"],
    ["wait --any", "until somebody serves"],
  ],
  options: (yargs) =>
    yargs
      .option("ready", { type: "boolean", describe: "what to wait for; the only choice so far" })
      .option("any", { type: "boolean", describe: "one node is enough" })
      .option("for", { type: "string", default: "60", describe: "at most so many seconds" }),
  run: async (ctl) => {
    const { args, out, signal } = ctl;
    const client = await ctl.client();
    const deadline = performance.now() + args.number("for", { least: 0, most: 86_400 }) * 1000;
    for (;;) {
      const nodes = await Promise.all(
        client.endpoints.map((each) => isReady(client, each, signal)),
      );
      const ready = nodes.filter(({ problem }) => problem === null);
      const enough = args.flag("any") ? ready.length > 0 : ready.length === nodes.length;
      if (enough || performance.now() >= deadline || signal.aborted) {
        out.show({ ready: enough, nodes }, () => {
          for (const { endpoint, problem } of nodes) out.line(`${endpoint} ${problem ?? "ready"}`);
        });
        return enough ? exitCodes.ok : exitCodes.unavailable;
      }
      await pause(retryMs, signal);
    }
  },
};

/** Asks `/readyz`, and says what it answers when it is not ready. */
async function isReady(
  client: CounterClient,
  endpoint: string,
  signal: AbortSignal,
): Promise<{ readonly endpoint: string; readonly problem: string | null }> {
  try {
    const { ready, text } = await client.at(endpoint).cluster.ready({ signal, timeoutMs: 2000 });
    return { endpoint, problem: ready ? null : text };
  } catch (error) {
    if (!(error instanceof CounterError)) throw error;
    return { endpoint, problem: explain(error).message };
  }
}

const forced = "even if the cluster might stop because of it";

export const members: Group = {
  group: "members",
  about: "Who takes part, and who should.",
  commands: [
    {
      command: "list",
      about: "Lists the members of replication and of gossip.",
      run: async ({ client, out, signal }) => {
        const said = await (await client()).cluster.everybody({ signal });
        const rows = Array.isArray(said["members"]) ? said["members"].filter(isRecord) : [];
        out.show(said, () => {
          out.table(["id", "address", "role", "gossip"], rows.map(memberRow));
        });
        return undefined;
      },
    },
    {
      command: "add <address>",
      about: "Adds a node that was started with --join, or is about to be.",
      examples: [["members add 10.0.0.8:8080", "it votes once it has caught up"]],
      options: (yargs) =>
        yargs
          .positional("address", { type: "string", demandOption: true, describe: "host:port" })
          .option("id", { type: "string", describe: "its id; by default its address" })
          .option("voter", { type: "boolean", describe: "--no-voter: it never votes" }),
      run: async ({ args, client, out, signal }) => {
        const id = args.optional("id");
        const member = {
          address: args.text("address"),
          ...(id === undefined ? {} : { id }),
          ...(args.has("voter") ? { voter: args.flag("voter") } : {}),
        };
        const said = await (await client()).cluster.addMember(member, { signal });
        out.show(said, () => out.line(`added ${member.address}`));
        return undefined;
      },
    },
    {
      command: "remove <id>",
      about: "Removes a member for good, also one that is down.",
      examples: [["members remove 10.0.0.7:8080", "the cluster goes on without it"]],
      options: (yargs) =>
        yargs
          .positional("id", { type: "string", demandOption: true, describe: "as status shows it" })
          .option("force", { type: "boolean", describe: forced }),
      run: async ({ args, client, out, signal }) => {
        const options = { signal, force: args.flag("force") };
        const said = await (await client()).cluster.removeMember(args.text("id"), options);
        out.show(said, () => out.line(`removed ${args.text("id")}`));
        return undefined;
      },
    },
    {
      command: "promote <id>",
      about: "Makes a learner a voter without waiting.",
      options: (yargs) =>
        yargs.positional("id", { type: "string", demandOption: true, describe: "of the learner" }),
      run: async ({ args, client, out, signal }) => {
        const said = await (await client()).cluster.promoteMember(args.text("id"), { signal });
        out.show(said, () => out.line(`${args.text("id")} votes`));
        return undefined;
      },
    },
  ],
};

function memberRow(member: Json): readonly Cell[] {
  const gossip = isRecord(member["gossip"]) ? textIn(member["gossip"], "standing") : null;
  return [textIn(member, "id"), textIn(member, "address"), roleOf(member), gossip];
}

/** In eventual mode a member has the standing `up` also while it does not answer. */
export function roleOf(member: Json): string | null {
  const standing = textIn(member, "role") ?? textIn(member, "status");
  return standing === "up" && member["up"] === false ? "down" : standing;
}

export const leader: Group = {
  group: "leader",
  about: "Who leads (strong mode).",
  commands: [
    {
      command: "transfer [to]",
      about: "Hands leadership over, to a member or to whoever is furthest.",
      examples: [["leader transfer 10.0.0.6:8080", "before maintenance of the leader"]],
      options: (yargs) =>
        yargs.positional("to", { type: "string", describe: "the id of a member" }),
      run: async ({ args, client, out, signal }) => {
        const to = args.optional("to");
        const said = await (
          await client()
        ).cluster.transferLeader({ signal, ...(to === undefined ? {} : { to }) });
        out.show({ leader: said }, () => out.line(`${said} leads`));
        return undefined;
      },
    },
  ],
};
