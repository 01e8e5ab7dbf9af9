/** Checks that put load on a cluster and look whether it keeps what it promises. */
import { newKey, type CounterClient } from "@counter/client";
import type { Argv } from "yargs";

import { checkConverge } from "../check/converge.ts";
import { checkExactlyOnce } from "../check/exactly-once.ts";
import { checkPerf } from "../check/perf.ts";
import type { Command, Ctl, Group } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

const day = 86_400;

function counterOption(yargs: Argv): Argv {
  return yargs
    .option("counter", { type: "string", describe: "its name; by default a new one" })
    .option("keep", { type: "boolean", describe: "leave the counters there afterwards" });
}

/** A name that nobody has used. */
function nameOf({ args }: Ctl, check: string): string {
  return args.optional("counter") ?? `check.${check}.${newKey().slice(-12)}`;
}

async function tidy(ctl: Ctl, client: CounterClient, names: readonly string[]): Promise<void> {
  if (ctl.args.flag("keep") || ctl.args.has("counter")) return;
  for (const name of names) await client.counter(name).delete({ signal: ctl.signal });
}

const exactlyOnce: Command = {
  command: "exactly-once",
  about: "Loses requests and replies on purpose, repeats them, and compares: does all count once?",
  examples: [
    ["check exactly-once --seconds 60", "kill nodes meanwhile, and start them again"],
    ["check exactly-once --lost 0.5 -o json", "half of all messages are lost"],
  ],
  options: (yargs) =>
    counterOption(yargs)
      .option("seconds", { type: "string", default: "20", describe: "how long" })
      .option("workers", { type: "string", default: "8", describe: "how many at a time" })
      .option("lost", { type: "string", default: "0.2", describe: "share of messages, 0 to 0.9" })
      .option("patience", {
        type: "string",
        default: "60",
        describe: "how long to go on repeating what is not answered, in seconds",
      }),
  run: async (ctl) => {
    const { args, out, signal } = ctl;
    const client = await ctl.client();
    const { mode } = await client.cluster.info({ signal });
    const report = await checkExactlyOnce({
      client,
      at: (endpoint) => client.at(endpoint),
      mode: mode === "eventual" ? "eventual" : "strong",
      name: nameOf(ctl, "exactly-once"),
      workers: args.number("workers", { least: 1, most: 1000 }),
      runMs: args.number("seconds", { least: 0.1, most: day }) * 1000,
      patienceMs: args.number("patience", { least: 1, most: day }) * 1000,
      lost: args.number("lost", { least: 0, most: 0.9 }),
      tls: (await ctl.connection()).tls,
      signal,
      progress: (line) => out.note(out.style("dim", line)),
    });
    out.show(report, () => {
      const { problems, lost, counters, ok, ...facts } = report;
      out.facts({
        counters: counters.join(" "),
        ...facts,
        "lost requests": lost.requests,
        "lost replies": lost.replies,
      });
      for (const problem of problems) out.line(out.style("red", problem));
      if (ok) out.line(out.style("green", "every write counts once"));
    });
    if (report.ok) await tidy(ctl, client, report.counters);
    return report.ok ? exitCodes.ok : exitCodes.error;
  },
};

const converge: Command = {
  command: "converge",
  about: "Adds at every node, and measures how soon all of them say the same sum.",
  examples: [["check converge --rounds 100", "a hundred additions at each node"]],
  options: (yargs) =>
    counterOption(yargs)
      .option("rounds", { type: "string", default: "20", describe: "additions at each node" })
      .option("patience", { type: "string", default: "30", describe: "at most so many seconds" }),
  run: async (ctl) => {
    const { args, out, signal } = ctl;
    const client = await ctl.client();
    const name = nameOf(ctl, "converge");
    const report = await checkConverge(
      client.endpoints.map((each) => client.at(each)),
      {
        name,
        rounds: args.number("rounds", { least: 1, most: 100_000 }),
        patienceMs: args.number("patience", { least: 0.1, most: day }) * 1000,
        signal,
      },
    );
    out.show(report, () => {
      const { nodes, expected, ms } = report;
      out.facts({ nodes, expected, ms, ...report.values });
      out.line(report.ok ? out.style("green", "all the same") : out.style("red", "they differ"));
    });
    if (report.ok) await tidy(ctl, client, [name]);
    return report.ok ? exitCodes.ok : exitCodes.error;
  },
};

const perf: Command = {
  command: "perf",
  about: "Adds as fast as some workers can, and measures; fails where limits are given.",
  examples: [
    ["check perf --seconds 10 --workers 32", "operations a second, and times"],
    ["check perf --min-rate 1000 --max-p99 50", "ends with 1 below a thousand a second"],
  ],
  options: (yargs) =>
    counterOption(yargs)
      .option("seconds", { type: "string", default: "10", describe: "how long" })
      .option("workers", { type: "string", default: "16", describe: "how many at a time" })
      .option("min-rate", { type: "string", default: "0", describe: "operations a second" })
      .option("max-p99", { type: "string", default: "60000", describe: "milliseconds" }),
  run: async (ctl) => {
    const { args, out, signal } = ctl;
    const client = await ctl.client();
    const name = nameOf(ctl, "perf");
    const workers = args.number("workers", { least: 1, most: 1000 });
    const report = await checkPerf(client, {
      ...{ name, workers, signal },
      runMs: args.number("seconds", { least: 0.1, most: day }) * 1000,
      rateMin: args.number("min-rate", { least: 0, most: 1e9 }),
      p99MaxMs: args.number("max-p99", { least: 0, most: 1e9 }),
    });
    out.show(report, () => {
      const { problems, ok, ...facts } = report;
      out.facts({ ...facts, ok });
      for (const problem of problems) out.line(out.style("red", problem));
    });
    if (report.operations > 0) {
      await tidy(
        ctl,
        client,
        Array.from({ length: workers }, (_, at) => `${name}.${at}`),
      );
    }
    return report.ok ? exitCodes.ok : exitCodes.error;
  },
};

export const checks: Group = {
  group: "check",
  about: "Load, and whether the cluster keeps what it promises.",
  commands: [exactlyOnce, converge, perf],
};
