/**
 * The bytes of a backup. The first line is a JSON header with a hash of the rest; the rest is a JSON
 * list of counters, one a line. Both can be read by people; numbers are decimal strings.
 *
 * The hashes come first, so the list is made several times: that costs some time, and no memory and
 * no room on the disk however many counters there are. Version 1 stays readable: `backup-parser.ts`.
 */
import { createHash, type Hash } from "node:crypto";

import type { CounterBackup } from "@counter/state-machine";

import type { Backup } from "../engine/engine.ts";
import { pause } from "../process/pause.ts";
import { textOf } from "./backup-counter.ts";

export const backupVersion = 2;

/** Pieces of about this many characters are made without a pause: a millisecond or two. */
const chunkLength = 65_536;
/** A list of up to so many bytes is made once and kept. */
const keptMaxBytes = 4 * 1024 * 1024;

/** A backup whose hashes are known. */
export interface SealedBackup {
  readonly index: number;
  /** How many there are. */
  readonly counters: number;
  /** Of the whole, header and list. */
  readonly bytes: number;
  /** Of the whole: SHA-256. */
  readonly sha256: Buffer;
  /** The whole, in pieces. Can be read more than once. */
  chunks(): Iterable<Uint8Array>;
}

/** Counts and hashes, with pauses in which others have their turn. */
export async function sealBackup(backup: Backup, clusterId: string): Promise<SealedBackup> {
  const { index } = backup;
  const kept: Uint8Array[] = [];
  const hash = createHash("sha256");
  let bytes = 0;
  let counters = 0;
  const counted = function* (): Generator<CounterBackup, void, undefined> {
    for (const counter of backup.counters) {
      counters += 1;
      yield counter;
    }
  };
  for (const chunk of listChunks(counted())) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes <= keptMaxBytes) kept.push(chunk);
    await pause();
  }
  const list = bytes <= keptMaxBytes ? (): Iterable<Uint8Array> => kept : listOf(backup);
  const sha256 = hash.digest("hex");
  const header = { format: "counter-backup", version: backupVersion, clusterId, index, sha256 };
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const chunks = function* (): Generator<Uint8Array, void, undefined> {
    yield line;
    yield* list();
  };
  const whole = createHash("sha256");
  await hashAll(whole, chunks());
  return { index, counters, bytes: line.length + bytes, sha256: whole.digest(), chunks };
}

/** Not to be kept while it is read again. */
function listOf({ counters }: Backup): () => Iterable<Uint8Array> {
  return () => listChunks(counters);
}

async function hashAll(hash: Hash, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) {
    hash.update(chunk);
    await pause();
  }
}

function* listChunks(counters: Iterable<CounterBackup>): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  let text = "[\n";
  let between = "";
  for (const counter of counters) {
    text += between + textOf(counter);
    between = ",\n";
    if (text.length < chunkLength) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(`${text}\n]\n`);
}
