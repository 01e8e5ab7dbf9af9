import { Writable } from "node:stream";

import {
  configurationOf,
  MemoryStorage,
  type SnapshotMeta,
  type Storage,
  type Write,
} from "@counter/raft";
import winston from "winston";

import { withFullDiskLogged } from "./full-disk.ts";

const write: Omit<Write, "id"> = {
  hardState: { term: 1, vote: null, commitIndex: 0 },
  entries: [],
  chunk: null,
};
const snapshot: SnapshotMeta = {
  index: 1,
  term: 1,
  configurationIndex: 1,
  configuration: configurationOf([{ id: "a", address: "a" }]),
};

/** A disk that has room, or the error that it gives instead. */
class SmallDisk extends MemoryStorage {
  error: Error | null = null;

  override write(wanted: Omit<Write, "id">): Promise<void> {
    return this.error === null ? super.write(wanted) : Promise.reject(this.error);
  }

  override saveSnapshot(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.error === null ? super.saveSnapshot(meta, chunks) : Promise.reject(this.error);
  }
}

function logged(): { disk: SmallDisk; storage: Storage; lines: string[]; told: boolean[] } {
  const lines: string[] = [];
  const told: boolean[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString().trim());
      done();
    },
  });
  const log = winston.createLogger({
    format: winston.format.printf(({ level, message }) => `${level} ${String(message)}`),
    transports: [new winston.transports.Stream({ stream })],
  });
  const disk = new SmallDisk();
  const onFull = (full: boolean): unknown => told.push(full);
  return { disk, storage: withFullDiskLogged(disk, { dataDir: "data", log, onFull }), lines, told };
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1);
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test("a full disk is told once, however often the write is tried again, and so is its end", async () => {
  const { disk, storage, lines, told } = logged();
  await storage.write(write);
  disk.error = failure("STORAGE_FULL");
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(storage.write(write)).rejects.toBe(disk.error);
  }
  expect(lines).toEqual([expect.stringMatching(/^error the disk is full: .*full-disk\.md$/)]);
  disk.error = null;
  await storage.write(write);
  await storage.write(write);
  expect(lines.slice(1)).toEqual(["info there is room on the disk again"]);
  expect(told).toEqual([true, false]);
});

test("a snapshot that finds no room is told apart from writes, which may still find some", async () => {
  const { disk, storage, lines, told } = logged();
  disk.error = failure("STORAGE_FULL");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(storage.saveSnapshot(snapshot, pieces())).rejects.toBe(disk.error);
  }
  disk.error = null;
  await storage.write(write);
  expect(lines).toEqual([expect.stringContaining("no room on the disk for a snapshot")]);
  await storage.saveSnapshot(snapshot, pieces());
  expect(lines.slice(1)).toEqual(["info there was room for a snapshot again"]);
  expect(told).toEqual([]);
});

test("any other error is not called a full disk", async () => {
  const { disk, storage, lines } = logged();
  disk.error = failure("STORAGE_FAILED");
  await expect(storage.write(write)).rejects.toBe(disk.error);
  expect(lines).toEqual([]);
});
