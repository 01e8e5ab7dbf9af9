/** Commands for all counters as one file. */
import { openAsBlob } from "node:fs";

import { backupMediaType } from "@counter/node/offline";
import type { Argv } from "yargs";

import type { Command, Group } from "../command.ts";
import { UsageError } from "../exit-codes.ts";
import { Progress, readSnapshot, writeSnapshot, type FileCounter } from "../snapshot-file.ts";

/** Counters that are shown unless one asks for more: they are held in memory. */
const shownDefault = 1000;

const save: Command = {
  command: "save <file>",
  about: "Saves all counters in a file.",
  examples: [["snapshot save before-upgrade.backup", "checked against its digest on the way"]],
  options: (yargs) => filed(yargs),
  run: async ({ args, client, out, signal }) => {
    const file = args.text("file");
    const snapshot = await (await client()).snapshots.open({ signal });
    const { contentType } = snapshot;
    const progress = new Progress((text) => out.note(`${file}: ${text}`), snapshot.bytes);
    const { bytes, sha256 } = await writeSnapshot(file, snapshot, progress);
    out.show({ file, bytes, sha256, contentType }, () => {
      out.line(`${file}: ${bytes} bytes, sha256 ${sha256}`);
    });
    return undefined;
  },
};

const restore: Command = {
  command: "restore <file>",
  about: "Replaces ALL counters of the cluster by those of a file.",
  examples: [
    [
      "snapshot restore before-upgrade.backup --confirm after~456eba9a",
      "the id that node status shows",
    ],
  ],
  options: (yargs) =>
    filed(yargs)
      .option("confirm", {
        type: "string",
        describe: "the id of the cluster that loses its counters",
      })
      .option("key", { type: "string", describe: "idempotency key" }),
  run: async ({ args, client, out, signal }) => {
    const file = args.text("file");
    const confirm = args.optional("confirm");
    if (confirm === undefined) {
      throw new UsageError(
        "say which cluster loses its counters: --confirm <its id, see node status>",
      );
    }
    const { counters, bytes: size } = await readSnapshot(file, () => undefined);
    out.note(`${file}: ${counters} counters, ${size} bytes, sound; restoring`);
    const snapshot = { bytes: await openAsBlob(file), contentType: backupMediaType };
    const options = { signal, confirm, key: args.optional("key") };
    const said = await (await client()).snapshots.restore(snapshot, options);
    out.show(said, () => out.line(`restored ${file}`));
    return undefined;
  },
};

const inspect: Command = {
  command: "inspect <file>",
  about: "Says what is in a file that was saved.",
  options: (yargs) =>
    filed(yargs).option("limit", {
      type: "string",
      default: String(shownDefault),
      describe: "most counters that are shown",
    }),
  run: async ({ args, out }) => {
    const limit = args.number("limit", { least: 0, most: 1_048_576 });
    const shown: FileCounter[] = [];
    const facts = await readSnapshot(args.text("file"), (counter) => {
      if (shown.length < limit) shown.push(counter);
    });
    const { index, clusterId, counters, bytes, sha256 } = facts;
    out.show({ index, clusterId, bytes, sha256, total: counters, counters: shown }, () => {
      out.facts({ bytes, sha256, cluster: clusterId, counters });
      out.line("");
      // A counter that was deleted is there for the numbers that it issued: nobody gets them again.
      const rows = shown.map(({ name, value, issued, config }) => {
        return [name, value, config.kind, issued];
      });
      out.table(["name", "value", "kind", "issued"], rows);
      const more = counters - shown.length;
      if (more > 0) out.line(`and ${more} more: --limit ${counters} shows them`);
    });
    return undefined;
  },
};

const verify: Command = {
  command: "verify <file>",
  about: "Checks a saved file byte by byte; ends with 1 if it is damaged.",
  options: (yargs) => filed(yargs),
  run: async ({ args, out }) => {
    const { counters, sha256 } = await readSnapshot(args.text("file"), () => undefined);
    const sound = { sound: true, counters, sha256 };
    out.show(sound, () => out.line(`sound: ${counters} counters, sha256 ${sha256}`));
    return undefined;
  },
};

export const snapshot: Group = {
  group: "snapshot",
  about: "All counters as one file.",
  commands: [save, restore, inspect, verify],
};

function filed(yargs: Argv): Argv {
  return yargs.positional("file", { type: "string", demandOption: true, describe: "the file" });
}
