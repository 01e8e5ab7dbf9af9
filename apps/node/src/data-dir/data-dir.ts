/** Opens a data directory: whose it is, the lock, the log. Nothing is changed before it is ours. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { Storage } from "@counter/raft";
import { openFileStorage } from "@counter/storage-file";
import type { Logger } from "winston";

import type { RaftConfig } from "../config/node-config.ts";
import { codeOf, messageOf } from "../process/error-text.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { withFullDiskLogged } from "./full-disk.ts";
import {
  checkIdentity,
  newIdentity,
  readIdentity,
  writeIdentity,
  type Beginning,
  type Identity,
} from "./identity.ts";
import { KeptIdentity } from "./identity-file.ts";
import { PeerDirectories } from "./peer-directories.ts";

export interface DataDir {
  /** With the address under which the node runs now. */
  readonly identity: Identity;
  /** The address under which the others look for the node, if it runs under another one now. */
  readonly movedFrom: string | null;
  readonly storage: Storage;
  readonly peerDirectories: PeerDirectories;
  /** To be called once the node takes part: from then on an empty log is a lost log. */
  markJoined(): Promise<void>;
  /** To be called once the cluster has decided that the node is at the address of now. */
  markMoved(): Promise<void>;
  /** To be called when the cluster has removed the node: the directory never takes part again. */
  markRemoved(): Promise<void>;
}

/** What is found out for a directory that starts for the first time. */
export interface FirstStart {
  readonly beginning: Beginning;
  /** The id that it has already; `null`: it gets one. */
  readonly directoryId: string | null;
}

/** Who opens a directory. */
export interface DataDirOwner {
  /** Finds out how a new directory begins; may take as long as it likes. */
  begin(): Promise<FirstStart>;
  /** Told of every sync of the log, with how long it took in milliseconds. */
  readonly onSync?: (tookMs: number) => void;
  /** Told when a write of the log finds the disk full, and when one finds room again. */
  readonly onFull?: (full: boolean) => void;
}

/**
 * @throws StartError, with exit code 3 for a directory that cannot or must not be used
 */
export async function openDataDir(
  config: RaftConfig,
  log: Logger,
  owner: DataDirOwner,
): Promise<DataDir> {
  const { dataDir } = config;
  await makeFolder(dataDir);
  // Before the lock as well: a directory of another node must not even get a lock file from us.
  const found = await readIdentity(dataDir);
  if (found !== null) checkIdentity(found, config);

  const { onSync, onFull } = owner;
  const opened = withFullDiskLogged(await openStorage(dataDir, onSync), { dataDir, log, onFull });
  try {
    if (found === null) await requireEmpty(opened, dataDir);
    const identity = (await readIdentity(dataDir)) ?? (await newIdentityAfter(owner, config));
    for (const warning of checkIdentity(identity, config)) log.warn(warning);
    const peerDirectories = await PeerDirectories.open(dataDir);
    if (found === null) await writeIdentity(dataDir, identity);
    const kept = new KeptIdentity(dataDir, identity);
    const { address } = config;
    return {
      identity: { ...identity, address },
      movedFrom: identity.address === address ? null : identity.address,
      storage: guarded(opened, { dataDir, known: found !== null, joined: identity.joined }),
      peerDirectories,
      markJoined: async (): Promise<void> => {
        if (!identity.joined) await kept.change({ joined: true });
      },
      markMoved: () => kept.change({ address }),
      markRemoved: () => kept.change({ joined: true, removed: true }),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Before anything is said to others: a member that forgot which one it is must not pass for new. */
async function requireEmpty(storage: Storage, dataDir: string): Promise<void> {
  const state = await storage.load().catch((error: unknown) => {
    throw asStartError(error, dataDir);
  });
  if (state === null) return;
  const message = `${dataDir} has a log but no identity.json: bring the file back, or choose another --data-dir`;
  throw new StartError(exitCodes.dataDir, message);
}

async function newIdentityAfter(owner: DataDirOwner, config: RaftConfig): Promise<Identity> {
  const { beginning, directoryId } = await owner.begin();
  return newIdentity(config, beginning, directoryId ?? undefined);
}

/** @throws StartError (exit code 3) */
export async function makeFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
  } catch (error) {
    const message = `cannot make the data directory ${dataDir}: ${messageOf(error)}`;
    throw new StartError(exitCodes.dataDir, message, { cause: error });
  }
}

async function openStorage(dataDir: string, onSync: DataDirOwner["onSync"]): Promise<Storage> {
  try {
    return await openFileStorage(join(dataDir, "raft"), onSync === undefined ? {} : { onSync });
  } catch (error) {
    throw asStartError(error, dataDir);
  }
}

/**
 * The same storage, but what it loads must fit the identity beside it. An identity without its log
 * means that somebody lost or moved half of a data directory; going on would forget a vote.
 */
function guarded(
  storage: Storage,
  { dataDir, known, joined }: { dataDir: string; known: boolean; joined: boolean },
): Storage {
  return {
    load: async () => {
      if (!known) return null; // it was looked at before the identity was made
      const state = await storage.load().catch((error: unknown) => {
        throw asStartError(error, dataDir);
      });
      if (state === null && joined) {
        const message = `${dataDir} has lost its log: this node took part in its cluster before and must not begin again under the same address. Bring the directory back, or start a new node under another address. ${wayOut(dataDir)}`;
        throw new StartError(exitCodes.dataDir, message);
      }
      return state;
    },
    write: (write) => storage.write(write),
    compact: (index) => storage.compact(index),
    saveSnapshot: (snapshot, chunks) => storage.saveSnapshot(snapshot, chunks),
    readSnapshot: (index) => storage.readSnapshot(index),
    readSnapshotChunk: (at) => storage.readSnapshotChunk(at),
    close: () => storage.close(),
  };
}

function asStartError(error: unknown, dataDir: string): StartError {
  const code = codeOf(error) ?? "";
  const ours = code === "STORAGE_LOCKED" || code === "STORAGE_DAMAGED" || code === "EACCES";
  const exitCode = ours ? exitCodes.dataDir : exitCodes.fatal;
  const hint = code === "STORAGE_DAMAGED" ? `. ${wayOut(dataDir)}` : "";
  return new StartError(exitCode, `${messageOf(error)}${hint}`, { cause: error });
}

/** Where to read on, for somebody who has nothing but this line. */
function wayOut(dataDir: string): string {
  return `See docs/runbooks/damaged-disk.md and: npm run recover -- ${dataDir}`;
}
