/** Commands for all counters as one file. */
import { createHash } from "node:crypto";
import { open, readFile, rename, stat } from "node:fs/promises";

import { snapshotMaxBytes } from "@counter/client";
import {
  BackupFormatError,
  backupMediaType,
  decodeBackup,
  type Backup,
} from "@counter/node/offline";
import type { Argv } from "yargs";

import type { Command, Group } from "../command.ts";
import { UsageError } from "../exit-codes.ts";

const save: Command = {
  command: "save <file>",
  about: "Saves all counters in a file.",
  examples: [["snapshot save before-upgrade.backup", "checked against its digest on the way"]],
  options: (yargs) => filed(yargs),
  run: async ({ args, client, out, signal }) => {
    const file = args.text("file");
    const { bytes, contentType, sha256 } = await (await client()).snapshots.save({ signal });
    await writeWhole(file, bytes);
    out.show({ file, bytes: bytes.length, sha256, contentType }, () => {
      out.line(`${file}: ${bytes.length} bytes, sha256 ${sha256}`);
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
    const bytes = await readSnapshot(args.text("file"));
    const confirm = args.optional("confirm");
    if (confirm === undefined) {
      throw new UsageError(
        "say which cluster loses its counters: --confirm <its id, see node status>",
      );
    }
    const snapshot = { bytes, contentType: backupMediaType };
    const options = { signal, confirm, key: args.optional("key") };
    const said = await (await client()).snapshots.restore(snapshot, options);
    out.show(said, () => out.line(`restored ${args.text("file")}`));
    return undefined;
  },
};

const inspect: Command = {
  command: "inspect <file>",
  about: "Says what is in a file that was saved.",
  options: (yargs) => filed(yargs),
  run: async ({ args, out }) => {
    const bytes = await readSnapshot(args.text("file"));
    const found = contentOf(bytes);
    out.show(found, () => {
      out.facts({ bytes: bytes.length, sha256: digestOf(bytes), counters: found.counters.length });
      out.line("");
      // A counter that was deleted is there for the numbers that it issued: nobody gets them again.
      const rows = found.counters.map(({ name, value, issued, config }) => {
        return [name, value, config.kind, issued];
      });
      out.table(["name", "value", "kind", "issued"], rows);
    });
    return undefined;
  },
};

const verify: Command = {
  command: "verify <file>",
  about: "Checks a saved file byte by byte; ends with 1 if it is damaged.",
  options: (yargs) => filed(yargs),
  run: async ({ args, out }) => {
    const bytes = await readSnapshot(args.text("file"));
    const { counters } = contentOf(bytes);
    const sound = { sound: true, counters: counters.length, sha256: digestOf(bytes) };
    out.show(sound, () => out.line(`sound: ${counters.length} counters, sha256 ${sound.sha256}`));
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

async function readSnapshot(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await stat(file);
  if (size > snapshotMaxBytes) throw new UsageError(`${file} is too large for a snapshot`);
  return Uint8Array.from(await readFile(file));
}

/** @throws Error that says that the file is damaged */
function contentOf(bytes: Uint8Array): Backup {
  try {
    return decodeBackup(bytes);
  } catch (error) {
    if (!(error instanceof BackupFormatError)) throw error;
    throw new Error(`the file is damaged, or no snapshot: ${error.message}`, { cause: error });
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Durable, and there as a whole or not at all: a backup that is cut off is found too late. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.part`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
