/** Lists what stands in the log of a stopped node, in either mode, and changes nothing there. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { readStoredLog, type StoredLog } from "@counter/storage-file";

import { journalFolder } from "../eventual-data-dir.ts";
import { logFolder } from "../recovery/inspection.ts";
import { journalRows } from "./journal-rows.ts";
import { raftRows } from "./raft-rows.ts";
import type { LogRow } from "./rows.ts";

/** Which rows are wanted; all that is given must hold. */
export interface LogQuery {
  /** First and last index. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Rows about this counter, and those that replace all counters. */
  readonly counter?: string | undefined;
  /** Rows of this request: 32 hexadecimal digits. */
  readonly trace?: string | undefined;
}

export interface LogListing {
  readonly mode: "raft" | "eventual";
  /** Entries up to here are gone, or will be: a snapshot or a checkpoint stands for them. */
  readonly replacedUpTo: number;
  /** Index of the first entry that is there; `null`: there is none. */
  readonly first: number | null;
  /** Entries above it are not known here to stay: another leader may have replaced them. */
  readonly committedUpTo: number;
  /** Made while they are read, in the order of the log. */
  readonly rows: Generator<LogRow>;
}

/** The folder with the log of a data directory; the directory itself where it is that folder. */
export function logFolderOf(directory: string): string {
  const inside = [logFolder, journalFolder].map((folder) => join(directory, folder));
  return inside.find((folder) => existsSync(folder)) ?? directory;
}

/**
 * @throws StorageDamagedError if the log cannot be trusted; reading the rows throws for an entry that
 * cannot be understood
 */
export async function listLog(directory: string, query: LogQuery): Promise<LogListing> {
  const folder = logFolderOf(directory);
  const mode = basename(folder) === journalFolder ? "eventual" : "raft";
  const log = await readStoredLog(folder);
  const last = log.entries.at(-1)?.index ?? 0;
  return {
    mode,
    replacedUpTo: log.snapshot?.index ?? 0,
    first: log.entries[0]?.index ?? null,
    committedUpTo: mode === "eventual" ? last : log.commitIndex,
    rows: rowsOf(log, mode, query),
  };
}

function* rowsOf(log: StoredLog, mode: LogListing["mode"], query: LogQuery): Generator<LogRow> {
  const { from = 0, to = Infinity } = query;
  for (const entry of log.entries) {
    if (entry.index < from || entry.index > to) continue;
    const rows = mode === "raft" ? raftRows(entry, log.commitIndex) : journalRows(entry);
    for (const row of rows) if (isWanted(row, query)) yield row;
  }
}

function isWanted({ counter, ofAll, traces }: LogRow, query: LogQuery): boolean {
  if (query.counter !== undefined && counter !== query.counter && !ofAll) return false;
  return query.trace === undefined || traces.some(({ traceId }) => traceId === query.trace);
}
