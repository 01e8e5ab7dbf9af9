/**
 * The way out of a lost quorum: one server of the old cluster becomes the only voter of a new one.
 *
 * V1 The new configuration is an entry behind the whole log, in a new term. So everything that this
 *    server holds becomes committed, whether the old cluster had committed it or not.
 * V2 The cluster id is new, and durable before the configuration is: at no moment is there a lone
 *    voter under the old id, which servers of the old cluster would talk to and contradict.
 * V3 A complete, durable copy of the directory comes first.
 */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { configurationOf, encodeConfiguration, type EntryId } from "@counter/raft";
import type { HeldStorage } from "@counter/storage-file";

import { messageOf } from "../../process/error-text.ts";
import { syncFolder } from "../durable-file.ts";
import { writeIdentity } from "../identity.ts";
import { peersFileName } from "../peer-directories.ts";
import { copyDataDir } from "./copies.ts";
import type { SoundDataDir } from "./inspection.ts";

/** What was done. */
export interface Recovered {
  readonly copy: string;
  /** 32 hexadecimal digits. */
  readonly clusterId: string;
  /** The configuration entry. */
  readonly entry: EntryId;
}

/**
 * Makes the server of a data directory the only voter of a new cluster. Durable when it resolves.
 *
 * @param found - what `storage` holds; the log is open and closed again afterwards
 * @param options - `copyTo`: where the copy goes, as in {@link copyDataDir}
 */
export async function recoverAlone(
  found: SoundDataDir,
  storage: HeldStorage,
  { copyTo }: { readonly copyTo: string | null },
): Promise<Recovered> {
  const { dataDir, identity } = found;
  const copy = await copyDataDir(dataDir, copyTo); // V3
  const clusterId = randomBytes(16).toString("hex");
  try {
    // V2. A crash from here on leaves a server that nobody listens to; then all of this is repeated.
    // Whether the old cluster had removed it does not matter to the new one.
    const members = [identity.address];
    await writeIdentity(dataDir, { ...identity, clusterId, members, removed: false });
    await rm(join(dataDir, peersFileName), { force: true }); // those were of the old cluster
    await syncFolder(dataDir);
    return { copy, clusterId, entry: await appendConfiguration(found, storage) };
  } catch (error) {
    const message = `not finished: ${messageOf(error)}. The copy in ${copy} is complete. Run the same command again with --confirm=${clusterId}; until then this node can do neither good nor harm`;
    throw new Error(message, { cause: error });
  }
}

async function appendConfiguration(found: SoundDataDir, held: HeldStorage): Promise<EntryId> {
  const { identity, log } = found;
  const { last, hardState, configuration } = log;
  const { nodeId: id, address } = identity;
  const member = configuration.members.find((known) => known.id === id) ?? { id, address };
  const entry: EntryId = {
    index: last.index + 1,
    term: Math.max(hardState.term, last.term) + 1, // V1
  };
  const storage = await held.open();
  try {
    await storage.write({
      hardState: { term: entry.term, vote: null, commitIndex: hardState.commitIndex },
      entries: [
        { ...entry, kind: "configuration", data: encodeConfiguration(configurationOf([member])) },
      ],
      chunk: null,
    });
  } finally {
    await storage.close();
  }
  return entry;
}
