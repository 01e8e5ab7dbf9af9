/** What a stopped node's data directory holds: read under its lock, with nothing changed. */
import { access } from "node:fs/promises";
import { join } from "node:path";

import {
  decodeConfiguration,
  type Configuration,
  type EntryId,
  type HardState,
  type LogIndex,
  type PersistedState,
} from "@counter/raft";
import { holdFileStorage, type HeldStorage, type StorageReport } from "@counter/storage-file";

import { z } from "zod";

import { codeOf, messageOf } from "../../process/error-text.ts";
import { readDataFile } from "../data-file.ts";
import { journalFolder } from "../eventual-data-dir.ts";
import { identityFileName, parseJson } from "../identity-file.ts";
import { readIdentity, type Identity } from "../identity.ts";

/** The folder of the log in a data directory. */
export const logFolder = "raft";

const eventualSchema = z.looseObject({ mode: z.literal("eventual") });

/** What the log of a node amounts to. */
export interface LogFacts {
  /** The end of the log, or of the snapshot if nothing follows it. */
  readonly last: EntryId;
  /** This node knew that everything up to here was committed; more may have been. */
  readonly committedIndex: LogIndex;
  readonly hardState: HardState;
  readonly snapshot: EntryId | null;
  /** The configuration in force, committed or not. */
  readonly configuration: Configuration;
  /** Says where the remains of an unacknowledged write are; they are cut at the next start. */
  readonly tornTail: string | null;
}

/** A node that took part in a cluster, and whose log can be trusted. */
export interface SoundDataDir {
  readonly kind: "sound";
  /** As it was given. */
  readonly dataDir: string;
  readonly identity: Identity;
  readonly log: LogFacts;
}

/** What a data directory is good for. */
export type Inspection =
  | SoundDataDir
  /** The node took part, and its log is damaged or gone. */
  | { readonly kind: "damaged"; readonly dataDir: string; readonly found: string }
  /** There is no node here that ever took part in a cluster. */
  | { readonly kind: "unused"; readonly dataDir: string; readonly found: string };

/** A data directory on which no node can start. */
export interface HeldDataDir {
  readonly inspection: Inspection;
  /** `null` if there is no folder for the log. */
  readonly storage: HeldStorage | null;
}

/**
 * Lends a data directory under its lock.
 *
 * @throws Error with `code: "STORAGE_LOCKED"` while its node runs, StartError for an identity that
 * cannot be understood, and what `use` throws
 */
export async function withDataDir<T>(
  dataDir: string,
  use: (held: HeldDataDir) => Promise<T>,
): Promise<T> {
  const folder = join(dataDir, logFolder);
  const storage = (await exists(folder)) ? await holdFileStorage(folder) : null;
  try {
    return await use({ storage, inspection: await inspect(dataDir, storage) });
  } finally {
    await storage?.release();
  }
}

/** Whether there is anything under this name. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Whether a node was started there in eventual mode, as far as can be told without its identity. */
export async function isOfEventualMode(dataDir: string): Promise<boolean> {
  const text = await readDataFile(join(dataDir, identityFileName));
  if (text === null) return exists(join(dataDir, journalFolder));
  return eventualSchema.safeParse(parseJson(text)).success;
}

async function inspect(dataDir: string, storage: HeldStorage | null): Promise<Inspection> {
  const identity = await readIdentity(dataDir);
  let report: StorageReport | null;
  try {
    report = (await storage?.inspect()) ?? null;
  } catch (error) {
    if (codeOf(error) !== "STORAGE_DAMAGED") throw error;
    return { kind: "damaged", dataDir, found: messageOf(error) };
  }
  const persisted = report?.persisted ?? null;
  if (identity === null) {
    const found =
      persisted === null
        ? "no node was ever started on it"
        : "it has a log but no identity.json; bring that file back, without it nobody knows whose log this is";
    return { kind: "unused", dataDir, found };
  }
  if (persisted?.snapshot === null && persisted.entries.length === 0) {
    const found = "its node was to join a cluster, and has received nothing of it yet";
    return { kind: "unused", dataDir, found };
  }
  if (persisted !== null) {
    return { kind: "sound", dataDir, identity, log: factsOf(persisted, report?.tornTail ?? null) };
  }
  return identity.joined
    ? { kind: "damaged", dataDir, found: `${dataDir} has lost its log` }
    : { kind: "unused", dataDir, found: "its node never took part in a cluster" };
}

function factsOf(persisted: PersistedState, tornTail: string | null): LogFacts {
  const { hardState, snapshot, entries } = persisted;
  const end = entries.at(-1) ?? snapshot;
  return {
    last: end === null ? { index: 0, term: 0 } : { index: end.index, term: end.term },
    committedIndex: Math.max(hardState.commitIndex, snapshot?.index ?? 0),
    hardState,
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term },
    configuration: configurationIn(persisted),
    tornTail,
  };
}

/** The newest one in the log is in force, committed or not (C1). */
function configurationIn({ entries, snapshot }: PersistedState): Configuration {
  const behind = snapshot?.index ?? 0;
  const entry = entries.findLast(({ kind, index }) => kind === "configuration" && index > behind);
  if (entry !== undefined) return decodeConfiguration(entry.data);
  if (snapshot === null) throw new Error("the log holds no configuration: no node wrote it");
  return snapshot.configuration;
}
