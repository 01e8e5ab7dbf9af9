/** Opens a data directory in eventual mode: whose it is, the lock, the journal. */
import { join } from "node:path";

import { MemoryJournal, type Journal } from "@counter/eventual";
import { openFileJournal, type FileJournalOptions } from "@counter/storage-file";
import type { Logger } from "winston";

import type { EventualConfig } from "../config/node-config.ts";
import { formerCandidate } from "../bootstrap/bootstrap-file.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { makeFolder } from "./data-dir.ts";
import {
  checkEventualIdentity,
  newEventualIdentity,
  readEventualIdentity,
  writeEventualIdentity,
  type EventualIdentity,
} from "./eventual-identity.ts";
import { KeptIdentity } from "./identity-file.ts";

/** The folder of the journal in a data directory. */
export const journalFolder = "journal";

export interface EventualDataDir {
  readonly identity: EventualIdentity;
  readonly journal: Journal;
  /** Whether what the journal holds outlives the process. */
  readonly durable: boolean;
  /** To be called when the cluster has removed the node: the directory never takes part again. */
  markRemoved(): Promise<void>;
}

/** @throws StartError, with exit code 3 for a directory that cannot or must not be used */
export async function openEventualDataDir(
  config: EventualConfig,
  log: Logger,
  watching: Pick<FileJournalOptions, "onSync"> = {},
): Promise<EventualDataDir> {
  const { dataDir } = config;
  if (config.storage === "memory") return inMemory(config, log);
  await makeFolder(dataDir);
  // Before the lock as well: a directory of another node must not even get a lock file from us.
  const found = await readEventualIdentity(dataDir);
  if (found === null) await formerCandidate(dataDir); // one that is pledged in raft mode is kept for it
  if (found !== null) checkEventualIdentity(found, config);
  const journal = await openJournal(dataDir, watching);
  try {
    const identity = (await readEventualIdentity(dataDir)) ?? newEventualIdentity(config);
    checkEventualIdentity(identity, config);
    if (found === null) await writeEventualIdentity(dataDir, identity);
    const kept = new KeptIdentity(dataDir, identity);
    return {
      identity,
      journal: guarded(journal, {
        dataDir,
        known: found !== null,
        started: identity.started,
        kept,
        log,
      }),
      durable: true,
      markRemoved: () => kept.change({ removed: true }),
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A node that forgets: every start of it is another node. */
function inMemory(config: EventualConfig, log: Logger): EventualDataDir {
  log.warn(
    "--storage=memory: what this node has counted and no other node has yet is lost when the process ends; ask for ?ack=majority where that matters. Every start is a new node: remove the former one with DELETE /v1/cluster/members/<id>",
  );
  return {
    identity: newEventualIdentity(config),
    journal: new MemoryJournal(),
    durable: false,
    markRemoved: () => Promise.resolve(),
  };
}

async function openJournal(
  dataDir: string,
  { onSync }: Pick<FileJournalOptions, "onSync">,
): Promise<Journal> {
  try {
    const options = onSync === undefined ? {} : { onSync };
    return await openFileJournal(join(dataDir, journalFolder), options);
  } catch (error) {
    throw asStartError(error, dataDir);
  }
}

/**
 * The same journal, but what it loads must fit the identity beside it. A node that went on without
 * what it wrote would number its writers from the beginning, and the others take it for an old one.
 */
function guarded(
  journal: Journal,
  guard: {
    readonly dataDir: string;
    /** Whether there was an identity before this start. */
    readonly known: boolean;
    readonly started: boolean;
    readonly kept: KeptIdentity<EventualIdentity>;
    readonly log: Logger;
  },
): Journal {
  let marked = guard.started;
  async function* load(): AsyncGenerator<Uint8Array> {
    let entries = 0;
    try {
      for await (const entry of journal.load()) {
        entries += 1;
        yield entry;
      }
    } catch (error) {
      throw asStartError(error, guard.dataDir);
    }
    const problem = problemOf(entries, guard);
    if (problem !== null) throw new StartError(exitCodes.dataDir, problem);
  }
  async function append(entries: readonly Uint8Array[]): Promise<void> {
    await journal.append(entries);
    if (marked) return;
    marked = true;
    // Nobody waits for it: without the mark a lost journal is only noticed later.
    guard.kept.change({ started: true }).catch((error: unknown) => {
      marked = false;
      guard.log.warn("identity.json cannot be written", { reason: messageOf(error) });
    });
  }
  return {
    load,
    append,
    checkpoint: (entries) => journal.checkpoint(entries),
    close: async () => {
      await guard.kept.settled();
      await journal.close();
    },
  };
}

function problemOf(
  entries: number,
  found: { readonly dataDir: string; readonly known: boolean; readonly started: boolean },
): string | null {
  const { dataDir, known, started } = found;
  if (entries === 0 && started) {
    return `${dataDir} has lost its journal: this node took part before. Bring the journal back, or move all of ${dataDir} away: the node then begins as a new one and gets from the others what they have`;
  }
  if (entries > 0 && !known) {
    return `${dataDir} has a journal but no identity.json: bring the file back, or choose another --data-dir`;
  }
  return null;
}

const ofTheDirectory: ReadonlySet<string> = new Set([
  "STORAGE_LOCKED",
  "STORAGE_DAMAGED",
  "STORAGE_FOREIGN",
  "EVENTUAL_MALFORMED", // intact bytes that are no entries of a node
  "EACCES",
]);

/** @returns with exit code 3 what a person has to mend in the directory, otherwise with 1 */
export function asStartError(error: unknown, dataDir: string): StartError {
  if (error instanceof StartError) return error;
  const code = codeOf(error) ?? "";
  const hint =
    code === "STORAGE_DAMAGED" || code === "EVENTUAL_MALFORMED"
      ? `. To go on without it, move all of ${dataDir} away: the node then begins as a new one and gets from the others what they have; what only this node had is in that directory`
      : "";
  const exitCode = ofTheDirectory.has(code) ? exitCodes.dataDir : exitCodes.fatal;
  return new StartError(exitCode, `${messageOf(error)}${hint}`, { cause: error });
}
