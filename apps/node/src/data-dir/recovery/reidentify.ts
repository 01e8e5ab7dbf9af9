/**
 * Makes another node of a data directory: of a copy, whose first node still runs, or of one whose node
 * was removed. A node is what it has promised, so nothing of that goes along: its log and its name are
 * set aside together, and whoever starts there next is new and gets from the others what they have.
 */
import { join } from "node:path";

import { holdFileStorage } from "@counter/storage-file";
import { z } from "zod";

import { messageOf } from "../../process/error-text.ts";
import { readDataFile } from "../data-file.ts";
import { journalFolder } from "../eventual-data-dir.ts";
import { identityFileName } from "../identity-file.ts";
import { exists, logFolder } from "./inspection.ts";
import type { ToolOutput } from "./recover-tool.ts";
import { setAside } from "./set-aside.ts";

const codes = { done: 0, refused: 1, badArguments: 2 } as const;

/** What both modes write of themselves. */
const identitySchema = z.looseObject({
  mode: z.enum(["raft", "eventual"]),
  nodeId: z.string().optional(),
  address: z.string().optional(),
});
type Known = z.infer<typeof identitySchema>;

/**
 * @param args.confirm - the id of the node that the directory is no more; `null`: only say which it is
 * @returns the exit code: 0 done, 1 refused or failed, 2 not confirmed
 */
export async function runReidentifyTool(
  { dataDir, confirm }: { readonly dataDir: string; readonly confirm: string | null },
  output: ToolOutput,
): Promise<number> {
  try {
    if (!(await exists(dataDir))) {
      output.error(`there is no directory ${dataDir}`);
      return codes.badArguments;
    }
    return await held(dataDir, () => reidentify({ dataDir, confirm }, output));
  } catch (error) {
    output.error(messageOf(error));
    return codes.refused;
  }
}

/** Under the lock of its log, so that no node runs on it. */
async function held<T>(dataDir: string, use: () => Promise<T>): Promise<T> {
  for (const folder of [logFolder, journalFolder]) {
    if (!(await exists(join(dataDir, folder)))) continue;
    const storage = await holdFileStorage(join(dataDir, folder));
    try {
      return await use();
    } finally {
      await storage.release();
    }
  }
  return use();
}

async function reidentify(
  { dataDir, confirm }: { readonly dataDir: string; readonly confirm: string | null },
  { out, error }: ToolOutput,
): Promise<number> {
  const text = await readDataFile(join(dataDir, identityFileName));
  if (text === null) {
    error(`Nothing was changed: ${dataDir} has no ${identityFileName}, so it is nobody's yet.`);
    return codes.refused;
  }
  const known = identitySchema.parse(JSON.parse(text));
  const id = known.nodeId ?? known.address ?? "unknown";
  out(`${dataDir} is the node ${id}, in ${known.mode} mode.`);
  if (confirm !== id) {
    warningLines(known).forEach(out);
    error(`Nothing was changed. If that is what you want, say so: --confirm=${id}`);
    return codes.badArguments;
  }
  const names = await setAside(dataDir, "former");
  out(`Set aside in ${dataDir}, nothing was deleted: ${names.join(", ")}.`);
  out("Whoever starts here next is a NEW node: start it with --join=<address of a member>.");
  return codes.done;
}

function warningLines({ mode }: Known): readonly string[] {
  const lost =
    mode === "raft"
      ? "its vote and its log: with a majority of the voters gone like that, the cluster stops"
      : "what it counted and no other node has yet: that stays in the journal, and in no sum";
  return [
    "Do this to a COPY of a directory whose node is there, or if its node was removed for good.",
    `Of the only directory of a node it takes away ${lost}.`,
  ];
}
