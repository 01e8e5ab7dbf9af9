/** Two clusters become one. */
import type { Command, Ctl } from "../command.ts";
import { PreconditionError, UsageError } from "../exit-codes.ts";
import { merge } from "../merge/merge.ts";
import { clientOf, connectionNamed, urlsOf, type Connection } from "../settings.ts";
import { lookAtNodes } from "./nodes.ts";
import { ackOf } from "./writing.ts";

const why =
  "only clusters in eventual mode can be merged: in strong mode numbers that `next` gave in both would be given twice";

export const mergeClusters: Command = {
  command: "merge",
  about:
    "Adds all counters of another cluster to this one, once; the other one takes no more writes (eventual mode).",
  examples: [
    ["-e 10.0.0.5:8080 merge --from 10.1.0.5:8080", "says which cluster that is, and does nothing"],
    [
      "-e 10.0.0.5:8080 merge --from 10.1.0.5:8080 --confirm 9f86d081…",
      "does it; broken off, it is run again as it was",
    ],
  ],
  options: (yargs) =>
    yargs
      .option("from", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "nodes of the other cluster, with the same token and certificates",
      })
      .option("from-context", { type: "string", describe: "the other cluster by its name" })
      .conflicts("from", "from-context")
      .option("confirm", { type: "string", describe: "the id of the other cluster" })
      .option("ack", {
        type: "string",
        default: "majority",
        describe: "who of this cluster must have an addition: local, majority, all or a number",
      }),
  run: async (ctl) => {
    const { args, out, signal } = ctl;
    const [target, source] = [await ctl.client(), clientOf(await sourceOf(ctl))];
    const { mode, clusterId } = await target.cluster.info({ signal });
    const from = await source.cluster.info({ signal });
    if (mode !== "eventual" || from["mode"] !== "eventual") throw new PreconditionError(why);
    const sourceId = String(from["clusterId"]);
    if (sourceId === clusterId) {
      throw new PreconditionError(`both are the cluster ${sourceId}: there is nothing to merge`);
    }
    const nodes = await lookAtNodes(source, { everyMember: true, signal });
    const silent = nodes.filter(({ status }) => status === null);
    if (silent.length > 0) {
      const names = silent.map(({ endpoint }) => endpoint).join(", ");
      throw new PreconditionError(
        `what only it has counted would be left out: no answer of ${names}`,
      );
    }
    const endpoints = nodes.map(({ endpoint }) => endpoint);
    if (args.optional("confirm") !== sourceId) {
      throw new UsageError(
        `the cluster ${sourceId} takes no more writes then, at none of ${endpoints.join(", ")}: --confirm ${sourceId}`,
      );
    }
    const report = await merge({
      ...{ source, target, sourceId, signal },
      sourceNodes: endpoints.map((each) => source.at(each)),
      ack: ackOf(args.optional("ack")),
      progress: (line) => out.note(out.style("dim", line)),
    });
    out.show({ from: sourceId, into: clusterId, nodes: endpoints, ...report }, () => {
      const { counters, labelsKept } = report;
      out.line(`all ${counters} counters of ${sourceId} are in ${String(clusterId)}`);
      if (labelsKept.length > 0) out.line(`with labels of here: ${labelsKept.join(", ")}`);
      out.line(
        "Stop its nodes, and start each as a new one here: on an empty directory, with --join.",
      );
    });
    return undefined;
  },
};

async function sourceOf({ args, env, connection }: Ctl): Promise<Connection> {
  const name = args.optional("from-context");
  const own = await connection();
  if (name !== undefined)
    return { ...(await connectionNamed(name, env)), timeoutMs: own.timeoutMs };
  const named = args.list("from");
  if (named.length === 0) throw new UsageError("say which cluster: --from or --from-context");
  return { ...own, endpoints: urlsOf(named, own.tls !== null) };
}
