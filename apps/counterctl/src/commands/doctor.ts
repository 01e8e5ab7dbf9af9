/** Looks for what is wrong with a cluster, and with the machine of a node. */
import type { Command, Ctl } from "../command.ts";
import { agreeing, fitting, reachable } from "../doctor/cluster.ts";
import { clockFindings } from "../doctor/clocks.ts";
import { failed, type Finding } from "../doctor/findings.ts";
import { diskFindings, openFilesFinding, portFinding } from "../doctor/machine.ts";
import { exitCodes } from "../exit-codes.ts";
import { explain } from "../explain.ts";
import type { Output } from "../output.ts";
import { sameState } from "../doctor/digests.ts";
import { lookAt, textIn } from "./nodes.ts";

export const doctor: Command = {
  command: "doctor",
  about: "Looks for what is wrong with a cluster, and with this machine if a node is to run on it.",
  examples: [
    ["doctor", "the nodes: reachable, of one cluster, of one version, with the same content"],
    ["doctor --data-dir data/node-8080", "also this machine: disk, limits"],
    ["doctor --only-machine --data-dir . --port 8080", "before a first start"],
  ],
  options: (yargs) =>
    yargs
      .option("data-dir", { type: "string", describe: "measure the disk here; must exist" })
      .option("port", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "a port that must be free here; also 10000 above it, where gossip is",
      })
      .option("only-machine", { type: "boolean", describe: "ask no node" })
      .option("all", { type: "boolean", describe: "ask every member, not only --endpoints" }),
  run: async (ctl) => {
    const findings = [
      ...(await machineFindings(ctl)),
      ...(ctl.args.flag("only-machine") ? [] : await clusterFindings(ctl)),
    ];
    const bad = findings.some(({ status }) => status === "failed");
    ctl.out.show({ ok: !bad, findings }, () => findings.forEach((each) => show(ctl.out, each)));
    return bad ? exitCodes.error : exitCodes.ok;
  },
};

async function machineFindings({ args }: Ctl): Promise<readonly Finding[]> {
  const directory = args.optional("data-dir");
  const ports = args.list("port").map((text) => args.port(text));
  const machine = directory !== undefined || ports.length > 0 || args.flag("only-machine");
  return [
    ...(machine ? [openFilesFinding()] : []),
    ...(directory === undefined ? [] : await diskFindings(directory)),
    ...(await Promise.all(ports.flatMap((port) => [port, port + 10_000]).map(portFinding))),
  ];
}

async function clusterFindings(ctl: Ctl): Promise<readonly Finding[]> {
  const nodes = await lookAt(ctl, ctl.args.flag("all"));
  const client = await ctl.client();
  const there = nodes.filter(({ status }) => status !== null);
  const found = [...reachable(nodes), ...fitting(nodes), ...clockFindings(nodes)];
  if (there.length < 2 || found.some(({ status }) => status === "failed")) return found;
  try {
    const all = there.map(({ endpoint }) => client.at(endpoint));
    const raft = there.every(({ status }) => textIn(status!, "mode") === "raft");
    const state = raft ? await sameState(all, ctl.signal) : null;
    return [...found, state ?? (await agreeing(all, ctl.signal))];
  } catch (error) {
    const { message, hint } = explain(error);
    return [...found, failed("same content", message, hint ?? "try again")];
  }
}

function show(out: Output, { check, status, detail, advice }: Finding): void {
  const styles = { ok: "green", warning: "yellow", failed: "red" } as const;
  out.line(`${out.style(styles[status], status.padEnd(7))}  ${check}: ${detail}`);
  if (advice !== null) out.line(`         ${advice}`);
}
