/**
 * A backup that was sent to be restored: looked through while it comes, and kept in a file as the
 * parts in which it goes on from here. Nothing of it goes anywhere before its last byte was right.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { encodeRestorePart, StageDigest, type CounterBackup } from "@counter/state-machine";

import { codeOf } from "../process/error-text.ts";
import { Turn } from "../process/turn.ts";
import { BackupFormatError, BackupParser, type BackupFacts } from "./backup-parser.ts";

/** A part ends when it has about so many bytes, or so many counters: applied in a few milliseconds. */
export const partBytes: number = 32 * 1024;
export const partCounters: number = 256;

export class ReceivedBackup {
  readonly facts: BackupFacts;
  /** SHA-256 of the bytes as they came. */
  readonly sha256: Buffer;
  /** What a restore in parts begins with. */
  readonly announced: StageDigest["announced"];
  readonly #file: FileHandle;
  readonly #lengths: readonly number[];

  constructor(
    file: FileHandle,
    read: {
      readonly facts: BackupFacts;
      readonly sha256: Buffer;
      readonly announced: StageDigest["announced"];
      readonly lengths: readonly number[];
    },
  ) {
    this.#file = file;
    this.facts = read.facts;
    this.sha256 = read.sha256;
    this.announced = read.announced;
    this.#lengths = read.lengths;
  }

  /** What `decodeRestorePart` takes, in order. Can be read more than once. */
  async *parts(): AsyncGenerator<Uint8Array, void, undefined> {
    let position = 0;
    for (const length of this.#lengths) {
      const data = new Uint8Array(length);
      const { bytesRead } = await this.#file.read(data, 0, length, position);
      if (bytesRead !== length) throw new Error("a file that nobody else has was cut");
      position += length;
      yield data;
    }
  }

  /** Its file is gone then. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

let files = 0;

/**
 * @param folder - where the file is; it has no name, so that nothing is left of it after a crash
 * @throws BackupFormatError, and whatever `source` throws; then nothing is left
 */
export async function receiveBackup(
  source: AsyncIterable<Uint8Array>,
  folder: string,
): Promise<ReceivedBackup> {
  await mkdir(folder, { recursive: true });
  files += 1;
  const path = join(folder, `.restoring-${process.pid}-${files}`);
  const file = await open(path, "wx+", 0o600);
  try {
    await rm(path);
    return new ReceivedBackup(file, await readAll(source, file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readAll(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
): Promise<ConstructorParameters<typeof ReceivedBackup>[1]> {
  const parser = new BackupParser();
  const whole = createHash("sha256");
  const parts = new Parts(file);
  const turn = new Turn();
  for await (const chunk of source) {
    whole.update(chunk);
    for (const counter of parser.push(chunk)) {
      parts.add(counter);
      if (turn.over) await turn.next();
    }
    await parts.write();
  }
  const facts = parser.end();
  await parts.finish();
  const { lengths, announced } = parts;
  return { facts, sha256: whole.digest(), announced, lengths };
}

class Parts {
  readonly lengths: number[] = [];
  readonly #file: FileHandle;
  readonly #digest = new StageDigest();
  readonly #made: Uint8Array[] = [];
  #counters: CounterBackup[] = [];
  /** About as much as they will take. */
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  get announced(): StageDigest["announced"] {
    return this.#digest.announced;
  }

  add(counter: CounterBackup): void {
    this.#counters.push(counter);
    this.#bytes += sizeOf(counter);
    if (this.#counters.length >= partCounters || this.#bytes >= partBytes) this.#make();
  }

  /** Writes those that are complete. */
  async write(): Promise<void> {
    for (const data of this.#made.splice(0)) await this.#file.writeFile(data);
  }

  async finish(): Promise<void> {
    if (this.#counters.length > 0) this.#make();
    await this.write();
  }

  #make(): void {
    const data = encodePart(this.#counters);
    this.#counters = [];
    this.#bytes = 0;
    this.#digest.add(data);
    this.lengths.push(data.length);
    this.#made.push(data);
  }
}

function encodePart(counters: readonly CounterBackup[]): Uint8Array {
  try {
    return encodeRestorePart(counters);
  } catch (error) {
    if (codeOf(error) !== "STATE_MACHINE_COMMAND_FORMAT") throw error;
    throw new BackupFormatError("the backup has a counter that can be none", { cause: error });
  }
}

function sizeOf({ name, config }: CounterBackup): number {
  let size = 32 + name.length;
  for (const { key, value } of config.labels) size += key.length + 2 * value.length + 4;
  return size;
}
