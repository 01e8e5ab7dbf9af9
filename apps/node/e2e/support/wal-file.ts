/** Finds the frames in a log file (docs/wal.md §2 and §3), so that tests can damage them on purpose. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { ClusterNode } from "./cluster-node.ts";

const segmentHeaderBytes = 256;
const frameHeaderBytes = 32;
const lengthAt = 4;

export interface WalFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Where each frame begins and ends, in order. Only zeros follow the last one. */
  readonly frames: readonly { readonly start: number; readonly end: number }[];
}

/** The newest log file of a node that does not run. */
export async function newestWal(node: ClusterNode): Promise<WalFile> {
  const folder = join(node.dataDir, "raft");
  const names = (await readdir(folder)).filter((name) => /^wal-\d+\.log$/.test(name));
  const path = join(folder, names.sort().at(-1)!);
  const bytes = await readFile(path);
  const frames: { start: number; end: number }[] = [];
  let start = segmentHeaderBytes;
  for (;;) {
    const length = bytes.readUInt32LE(start + lengthAt);
    if (length === 0) return { path, bytes, frames };
    const end = start + frameHeaderBytes + length;
    frames.push({ start, end });
    start = end;
  }
}
