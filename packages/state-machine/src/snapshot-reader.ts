/**
 * Reads a snapshot in pieces of any size, with a few kilobytes in hand, and believes nothing:
 * every field has its limits, and the checksum has the last word.
 */
import { ByteReader } from "./bytes.ts";
import { crc32 } from "./checksum.ts";
import { CounterTable } from "./counter-table.ts";
import { SnapshotFormatError } from "./errors.ts";
import { readFlag, readName } from "./fields.ts";
import { KeyTable } from "./key-table.ts";
import * as limits from "./limits.ts";
import { readAnswer, readCounter } from "./snapshot-records.ts";
import { readSessions } from "./session-records.ts";
import { SessionTable } from "./session-table.ts";
import { readAnswerOfVersion1, readCounterOfVersion1 } from "./snapshot-version-1.ts";
import * as format from "./snapshot-format.ts";
import { stage } from "./restoring.ts";
import { readStage } from "./snapshot-stage.ts";
import { StagedRestore } from "./staged-restore.ts";
import type { MachineObserver } from "./types.ts";

const checksumBytes = 4;

/**
 * The state that a snapshot stands for.
 *
 * @throws SnapshotFormatError if it is not one, or not all of it
 */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  observer: MachineObserver = {},
): Promise<format.MachineState> {
  const parser = new SnapshotParser(observer);
  for await (const chunk of chunks) parser.push(chunk);
  return parser.finish();
}

class SnapshotParser {
  #state: format.MachineState;
  #buffer: Uint8Array = new Uint8Array(0);
  #reader: ByteReader = new ByteReader(this.#buffer, refuse);
  #checksum = 0;
  #steps: Generator<undefined, void, undefined> = this.#parse();
  #complete = false;
  #version = format.version;
  readonly #observer: MachineObserver;

  constructor(observer: MachineObserver) {
    this.#observer = observer;
    const counters = new CounterTable(observer);
    const keys = new KeyTable();
    const sessions = new SessionTable();
    const nothing = { logTimeMs: 0, restoreEpoch: 0, revision: 0, stage: null };
    this.#state = { counters, keys, sessions, ...nothing };
  }

  /** Parses as many records as are certainly here as a whole. */
  push(chunk: Uint8Array): void {
    const rest = this.#buffer.subarray(this.#reader.position);
    this.#buffer = new Uint8Array(rest.length + chunk.length);
    this.#buffer.set(rest);
    this.#buffer.set(chunk, rest.length);
    this.#reader = new ByteReader(this.#buffer, refuse);
    this.#advance(format.recordMaxBytes);
    this.#checksum = crc32(this.#checksum, this.#buffer.subarray(0, this.#reader.position));
    // Whoever sends more and more after the end must not fill our memory.
    if (this.#complete && this.#reader.remaining > checksumBytes) this.#reader.end();
  }

  finish(): format.MachineState {
    const from = this.#reader.position;
    this.#advance(0);
    const parsed = this.#buffer.subarray(from, this.#reader.position);
    const expected = crc32(this.#checksum, parsed);
    if (this.#reader.uint32() !== expected) throw refuse("its checksum is wrong");
    this.#reader.end();
    return this.#state;
  }

  #advance(bytesNeeded: number): void {
    while (!this.#complete && this.#reader.remaining >= bytesNeeded) {
      this.#complete = this.#steps.next().done === true;
    }
  }

  /** Pauses where it needs a whole record. */
  *#parse(): Generator<undefined, void, undefined> {
    this.#parseHeader();
    const counters = this.#reader.varint(limits.countersMaxLimit);
    const live = { table: this.#state.counters, revision: this.#state.revision };
    for (let read = 0; read < counters; read += 1) yield this.#parseCounter(live);
    // The last counter may have been the last whole record here.
    yield;
    const keys = this.#reader.varint(limits.keysMaxLimit);
    for (let read = 0; read < keys; read += 1) yield this.#parseKey();
    if (this.#version < format.version) return;
    yield;
    const staged = this.#version === format.versionWithStage;
    if (!staged || readFlag(this.#reader, refuse)) {
      const { logTimeMs } = this.#state;
      const sessions = yield* readSessions({ reader: () => this.#reader, logTimeMs, refuse });
      this.#state = { ...this.#state, sessions };
    }
    if (staged) yield* this.#parseStage();
  }

  *#parseStage(): Generator<undefined, void, undefined> {
    yield;
    const { facts, carried, counters } = readStage(this.#reader, this.#state, refuse);
    const table = new CounterTable(this.#observer);
    stage(this.#state, new StagedRestore(facts, table, carried));
    const frame = { revision: facts.revision, table };
    for (let read = 0; read < counters; read += 1) yield this.#parseCounter(frame);
  }

  #parseHeader(): void {
    const reader = this.#reader;
    if (reader.uint32() !== format.magic) throw refuse("it does not begin like a snapshot");
    this.#version = reader.byte();
    if (this.#version < 1 || this.#version > format.versionWithStage) {
      throw refuse(
        `it has version ${this.#version}; this release knows 1 to ${format.versionWithStage}`,
      );
    }
    this.#state.logTimeMs = reader.varint(limits.logTimeMaxMs);
    this.#state.restoreEpoch = reader.varint(limits.revisionMax);
    if (this.#version > 1) this.#state.revision = reader.varint(limits.revisionMax);
  }

  #parseCounter({
    table,
    revision,
  }: {
    readonly table: CounterTable;
    readonly revision: number;
  }): undefined {
    const name = readName(this.#reader, refuse);
    const { logTimeMs } = this.#state;
    if (table.has(name)) throw refuse("it names a counter twice");
    const read = this.#version === 1 ? readCounterOfVersion1 : readCounter;
    table.load(read(this.#reader, { name, logTimeMs, revision, refuse }));
  }

  #parseKey(): undefined {
    const reader = this.#reader;
    const nameLength = reader.byte();
    const keyLength = reader.byte();
    const name = nameLength === 0 ? "" : readName(reader, refuse, nameLength);
    if (reader.byte() !== 0x20) throw refuse("a key is not apart from its counter");
    const key = reader.latin1(keyLength);
    if (!limits.isOperationKey(key)) throw refuse("a key has a wrong character");
    const id = `${name} ${key}`;
    if (this.#state.keys.has(id)) throw refuse("it names a key twice");
    const fingerprint = reader.latin1(limits.fingerprintBytes);
    const expiresAt = reader.varint(this.#state.logTimeMs + limits.keyWindowMaxMs);
    const answer =
      this.#version === 1 ? readAnswerOfVersion1(reader, refuse) : readAnswer(reader, refuse);
    this.#state.keys.add({ id, fingerprint, expiresAt, answer });
  }
}

function refuse(why: string): SnapshotFormatError {
  return new SnapshotFormatError(`this snapshot cannot be used: ${why}`);
}
