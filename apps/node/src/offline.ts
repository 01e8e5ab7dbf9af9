/**
 * What can be done with a node's files, and for them, while no node runs: the door for the command line
 * and the tools. Everything here needs no cluster.
 */
import { existsSync } from "node:fs";

import { runWalTool } from "@counter/storage-file";

import { logFolderOf } from "./data-dir/log-listing/listing.ts";
import type { ToolOutput } from "./data-dir/recovery/recover-tool.ts";

export { wrapped } from "./config/help.ts";
export {
  BackupFormatError,
  BackupParser,
  decodeBackup,
  type BackupFacts,
} from "./data-dir/backup-parser.ts";
export { backupMediaType } from "./http/backup-routes.ts";
export { codeOf, messageOf } from "./process/error-text.ts";
export { listLog, type LogListing } from "./data-dir/log-listing/listing.ts";
export type { LogRow } from "./data-dir/log-listing/rows.ts";
export type { Backup } from "./engine/engine.ts";
export { runReidentifyTool } from "./data-dir/recovery/reidentify.ts";
export { runRecoverTool, type ToolOutput } from "./data-dir/recovery/recover-tool.ts";
export { scopes, type Scope } from "./security/caller.ts";
export { newToken, tokenSchema, type TokenEntry } from "./security/token-file.ts";

/**
 * Prints, verifies or repairs the log of a stopped node, which is in a folder of its data directory.
 *
 * @param args - a directory and the flags of the tool; without any it explains itself
 * @returns the exit code: 0 done, 1 damaged or failed, 2 wrong arguments
 */
export async function runLogTool(args: readonly string[], output: ToolOutput): Promise<number> {
  const missing = args.find((argument) => !argument.startsWith("-") && !existsSync(argument));
  if (missing !== undefined) {
    output.error(`there is no directory ${missing}`);
    return 2;
  }
  return runWalTool(
    args.map((argument) => (argument.startsWith("-") ? argument : logFolderOf(argument))),
    output,
  );
}
