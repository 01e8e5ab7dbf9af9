/** Data directories as nodes leave them behind, without running any. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { configurationOf, encodeConfiguration, type Entry } from "@counter/raft";
import { openFileStorage } from "@counter/storage-file";

import { writeIdentity, type Identity } from "../data-dir/identity.ts";

export const members: readonly string[] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

const made: string[] = [];

afterAll(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});

/** A folder of its own, removed when the test file is done. */
export async function newFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "stored-node-"));
  made.push(path);
  return path;
}

export function identityOf(address: string, clusterId: string = "c1"): Identity {
  return {
    formatVersion: 1,
    directoryId: "0".repeat(32),
    label: "stored",
    mode: "raft",
    address,
    nodeId: address,
    members: [...members],
    clusterId,
    joined: true,
    removed: false,
  };
}

export interface StoredNode {
  /** Default: the first member. */
  readonly address?: string;
  readonly clusterId?: string;
  /** The terms of its entries, as in the paper; the first one is the configuration. */
  readonly log: string;
  readonly commitIndex?: number;
  /** Default: all members. */
  readonly voters?: readonly string[];
}

/** @returns the data directory */
export async function storedNode(node: StoredNode): Promise<string> {
  const { address = members[0]!, clusterId, log, commitIndex = 0, voters = members } = node;
  const dataDir = join(await newFolder(), "node");
  const configuration = configurationOf(voters.map((id) => ({ id, address: id })));
  const entries = log.split(" ").map((text, place): Entry => {
    const at = { index: place + 1, term: Number(text) };
    if (place > 0) return { ...at, kind: "noop", data: new Uint8Array(0) };
    return { ...at, kind: "configuration", data: encodeConfiguration(configuration) };
  });
  const storage = await openFileStorage(join(dataDir, "raft"));
  const hardState = { term: entries.at(-1)!.term, vote: address, commitIndex };
  await storage.write({ hardState, entries, chunk: null });
  await storage.close();
  await writeIdentity(dataDir, identityOf(address, clusterId));
  return dataDir;
}
