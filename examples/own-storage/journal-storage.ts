// A storage of your own, in plain files: `log.jsonl`, one line a change, and `snapshot-<index>`.
//
// - A promise resolves when the bytes are on the disk: `sync` before it, of the directory too where a
//   name is new. The first error is final: whatever waits behind it fails as well.
// - The log decides. A snapshot counts once a line names it; files that no line names are rubbish.
// - A crash can tear the last line, which nobody was told of: it is cut off. Other damage is refused.
//
// Simple, and not fast: one thing at a time, JSON, the whole log in memory, and no checksums, so that
// a disk that rots is believed. @counter/storage-file is what this becomes when it grows up.
import { open, readFile, readdir, rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Entry, HardState, PersistedState, SnapshotChunk } from "@counter/raft";
import type { SnapshotMeta, Storage, Write } from "@counter/raft";
import { readIfThere, store, syncDirectory } from "./files.ts";

/** One change. `reset`: the log begins anew behind the snapshot. */
interface Line {
  readonly hardState?: HardState;
  readonly entries?: readonly (Omit<Entry, "data"> & { readonly data: string })[];
  readonly snapshot?: SnapshotMeta;
  readonly reset?: boolean;
}

const toText = (entry: Entry) => ({ ...entry, data: Buffer.from(entry.data).toString("base64") });

export class JournalStorage implements Storage {
  readonly #directory: string;
  #hardState: HardState | null = null;
  #entries: Entry[] = [];
  #snapshot: SnapshotMeta | null = null;
  /** Everything happens in its turn, and nothing after a failure. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  load(): Promise<PersistedState | null> {
    return this.#inTurn(async () => {
      const text = await readIfThere(this.#path("log.jsonl"));
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      if (whole !== text) await truncate(this.#path("log.jsonl"), Buffer.byteLength(whole));
      for (const line of whole.split("\n")) if (line !== "") this.#take(JSON.parse(line) as Line);
      for (const name of await readdir(this.#directory)) {
        const named = name === "log.jsonl" || name === `snapshot-${this.#snapshot?.index}`;
        if (!named) await rm(this.#path(name));
      }
      if (this.#hardState === null) return null;
      return { hardState: this.#hardState, snapshot: this.#snapshot, entries: [...this.#entries] };
    });
  }

  write({ hardState, entries, chunk }: Pick<Write, "hardState" | "entries" | "chunk">) {
    return this.#inTurn(async () => {
      if (chunk !== null) {
        const { offset, data, snapshot } = chunk;
        await store(this.#path("received"), offset === 0 ? "w" : "a", [data]);
        if (chunk.done) await this.#name("received", snapshot);
      }
      await this.#append({
        ...(hardState === null ? {} : { hardState }),
        ...(chunk?.done === true ? { snapshot: chunk.snapshot, reset: true } : {}),
        ...(entries.length === 0 ? {} : { entries: entries.map(toText) }),
      });
    });
  }

  saveSnapshot(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#inTurn(async () => {
      if (snapshot.index <= (this.#snapshot?.index ?? 0)) return; // a newer one came in
      await store(this.#path("taken"), "w", chunks);
      await this.#name("taken", snapshot);
      await this.#append({ snapshot });
    });
  }

  /** Writes the log anew, without what is forgotten, and puts it in the place of the old one. */
  compact(index: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#entries = this.#entries.filter((entry) => entry.index > index);
      const line: Line = {
        ...(this.#hardState === null ? {} : { hardState: this.#hardState }),
        ...(this.#snapshot === null ? {} : { snapshot: this.#snapshot }),
        entries: this.#entries.map(toText),
      };
      await store(this.#path("log.new"), "w", [`${JSON.stringify(line)}\n`]);
      await rename(this.#path("log.new"), this.#path("log.jsonl"));
      await syncDirectory(this.#directory);
    });
  }

  async *readSnapshot(index: number): AsyncIterable<Uint8Array> {
    const handle = await open(this.#path(`snapshot-${index}`));
    yield* handle.createReadStream() as AsyncIterable<Uint8Array>;
  }

  async readSnapshotChunk(at: { index: number; offset: number; maxBytes: number }) {
    if (at.index !== this.#snapshot?.index) return null;
    const snapshot = this.#snapshot;
    const bytes = await readFile(this.#path(`snapshot-${at.index}`));
    const data = new Uint8Array(bytes.subarray(at.offset, at.offset + at.maxBytes));
    const done = at.offset + at.maxBytes >= bytes.length;
    return { snapshot, offset: at.offset, data, done } satisfies SnapshotChunk;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined); // whoever waited for it was told
  }

  #path = (name: string): string => join(this.#directory, name);

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(act);
    this.#last = turn;
    return turn;
  }

  /** A complete snapshot gets its name; it counts when the log has it. */
  async #name(from: string, { index }: SnapshotMeta): Promise<void> {
    await rename(this.#path(from), this.#path(`snapshot-${index}`));
    await syncDirectory(this.#directory);
  }

  async #append(line: Line): Promise<void> {
    await store(this.#path("log.jsonl"), "a", [`${JSON.stringify(line)}\n`]);
    if (this.#hardState === null) await syncDirectory(this.#directory); // the log itself may be new
    const before = this.#snapshot?.index;
    this.#take(line);
    if (before !== this.#snapshot?.index)
      await rm(this.#path(`snapshot-${before}`), { force: true });
  }

  #take({ hardState, entries = [], snapshot, reset = false }: Line): void {
    this.#hardState = hardState ?? this.#hardState;
    this.#snapshot = snapshot ?? this.#snapshot;
    const first = entries[0]?.index ?? Number.POSITIVE_INFINITY;
    if (reset) this.#entries = [];
    this.#entries = this.#entries.filter(({ index }) => index < first);
    const added = entries.map((one) => ({
      ...one,
      data: Uint8Array.from(Buffer.from(one.data, "base64")),
    }));
    this.#entries.push(...added);
  }
}
