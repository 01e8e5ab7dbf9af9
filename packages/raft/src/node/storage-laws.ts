/**
 * What {@link Storage} has to keep, as checks that any test runner can run on any storage.
 *
 * They open and close; they cannot cut the power. That a promise resolves only when its bytes are
 * on the disk, and that a write which was torn is not taken for a whole one, is for a storage's own
 * tests. `@counter/sim` shows what becomes of a cluster whose disks break these clauses.
 */
import type { Entry, HardState, PersistedState, SnapshotChunk, SnapshotMeta } from "../types.ts";
import type { Storage } from "./ports.ts";

/** Opens the storage under test: each time on the same place, which is empty when a law begins. */
export type OpenStorage = () => Promise<Storage>;

/** One sentence of the contract, and a check of it. */
export interface StorageLaw {
  /** A sentence: the name of a test. */
  readonly name: string;
  /** @throws {StorageLawError} if the storage does not keep it, or whatever the storage throws */
  check(open: OpenStorage): Promise<void>;
}

/** A storage does not do what the port says. */
export class StorageLawError extends Error {
  override readonly name = "StorageLawError";
  readonly code = "RAFT_STORAGE_LAW";
}

const configuration: SnapshotMeta["configuration"] = {
  members: [{ id: "a", address: "a:1" }],
  ...{ voters: ["a"], outgoing: [], learners: [], learnersNext: [], joining: [] },
  autoLeave: true,
};
const hardState: HardState = { term: 2, vote: "a", commitIndex: 0 };
const metaAt = (index: number): SnapshotMeta => {
  return { index, term: 1, configuration, configurationIndex: 0 };
};

/** Entries `first` to `last`, each with bytes that no other one has; every byte value occurs. */
function log(first: number, last: number, term: number): Entry[] {
  const entries: Entry[] = [];
  for (let index = first; index <= last; index += 1) {
    const data = Uint8Array.from({ length: 256 }, (_, at) => (at + index * 7 + term) % 256);
    entries.push({ index, term, kind: "command", data });
  }
  return entries;
}

/** `text` as bytes, in pieces of one byte. */
async function* pieces(text: string): AsyncIterable<Uint8Array> {
  for (const byte of new TextEncoder().encode(text)) {
    await Promise.resolve(); // never all at once, as from a disk
    yield Uint8Array.of(byte);
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** Equal up to the class of byte arrays and the order of members. */
function shapeOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return members.map(([name, member]) => [name, shapeOf(member)]);
}

function want(sentence: string, actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(shapeOf(actual)), JSON.stringify(shapeOf(expected))];
  if (is !== should) throw new StorageLawError(`${sentence}: it is ${is}, not ${should}`);
}

/** Opens, runs, closes. `load` comes first, once, as the port says. */
async function session<Value>(
  open: OpenStorage,
  use: (storage: Storage, loaded: PersistedState | null) => Value | Promise<Value>,
): Promise<Value> {
  const storage = await open();
  try {
    return await use(storage, await storage.load());
  } finally {
    await storage.close();
  }
}

const reload = (open: OpenStorage): Promise<PersistedState | null> =>
  session(open, (_, loaded) => loaded);

const append = (storage: Storage, entries: readonly Entry[], state = null as HardState | null) =>
  storage.write({ hardState: state, entries, chunk: null });

const piece = (storage: Storage, chunk: SnapshotChunk): Promise<void> =>
  storage.write({ hardState: null, entries: [], chunk });

const logLaws: readonly StorageLaw[] = [
  {
    name: "is empty at first, and stays so when it is opened again",
    async check(open) {
      want("a new storage", await reload(open), null);
      want("a new storage, opened again", await reload(open), null);
    },
  },
  {
    name: "has what was written when it is opened again",
    async check(open) {
      const empty = { index: 4, term: 1, kind: "noop", data: new Uint8Array(0) } as const;
      const entries = [...log(1, 3, 1), empty, ...log(5, 5, 1)];
      await session(open, (storage) => append(storage, entries, hardState));
      want("the state", await reload(open), { hardState, snapshot: null, entries });
    },
  },
  {
    name: "replaces what stood there from the first of the new entries on",
    async check(open) {
      await session(open, async (storage) => {
        await append(storage, log(1, 5, 1), hardState);
        await append(storage, log(3, 4, 2));
      });
      const entries = [...log(1, 2, 1), ...log(3, 4, 2)];
      want("the log", (await reload(open))?.entries, entries);
    },
  },
  {
    name: "leaves what a write does not name as it was",
    async check(open) {
      const next: HardState = { term: 3, vote: null, commitIndex: 2 };
      await session(open, async (storage) => {
        await append(storage, log(1, 2, 1), hardState);
        await append(storage, [], next);
        await append(storage, log(3, 3, 1));
      });
      const expected = { hardState: next, snapshot: null, entries: log(1, 3, 1) };
      want("the state", await reload(open), expected);
    },
  },
  {
    name: "ends writes that overlap in their order",
    async check(open) {
      const ended: number[] = [];
      await session(open, async (storage) => {
        await append(storage, [], hardState);
        const writes = log(1, 50, 1).map(async (entry) => {
          await append(storage, [entry]);
          ended.push(entry.index);
        });
        await Promise.all(writes);
      });
      const entries = log(1, 50, 1);
      want(
        "the order",
        ended,
        entries.map(({ index }) => index),
      );
      want("the log", (await reload(open))?.entries, entries);
    },
  },
  {
    name: "may be closed twice",
    async check(open) {
      const storage = await open();
      await storage.load();
      await storage.close();
      await storage.close();
    },
  },
];

const snapshotLaws: readonly StorageLaw[] = [
  {
    name: "keeps a snapshot of its own beside the log",
    async check(open) {
      const entries = log(1, 6, 1);
      await session(open, async (storage) => {
        await append(storage, entries, hardState);
        await storage.saveSnapshot(metaAt(3), pieces("the state at 3"));
      });
      want("the state", await reload(open), { hardState, snapshot: metaAt(3), entries });
      const text = await session(open, (storage) => textOf(storage.readSnapshot(3)));
      want("the snapshot", text, "the state at 3");
    },
  },
  {
    name: "forgets no more than it was asked to",
    async check(open) {
      await session(open, async (storage) => {
        await append(storage, log(1, 6, 1), hardState);
        await storage.saveSnapshot(metaAt(4), pieces("four"));
        await storage.compact(3);
        await append(storage, log(7, 7, 1));
      });
      const loaded = await reload(open);
      const first = loaded?.entries[0]?.index ?? Number.POSITIVE_INFINITY;
      if (first > 4) throw new StorageLawError(`entry 4 is gone: the log begins at ${first}`);
      want("the log", loaded?.entries, log(first, 7, 1));
      want("the snapshot", loaded?.snapshot, metaAt(4));
    },
  },
  {
    name: "drops a snapshot that is older than the newest",
    async check(open) {
      await session(open, async (storage) => {
        await append(storage, log(1, 6, 1), hardState);
        await storage.saveSnapshot(metaAt(5), pieces("five"));
        await storage.saveSnapshot(metaAt(3), pieces("three"));
      });
      want("the newest snapshot", (await reload(open))?.snapshot, metaAt(5));
      want("its bytes", await session(open, (s) => textOf(s.readSnapshot(5))), "five");
    },
  },
  {
    name: "shows nothing of a received snapshot before its last piece",
    async check(open) {
      const data = new TextEncoder().encode("half");
      await session(open, async (storage) => {
        await append(storage, log(1, 2, 1), hardState);
        await piece(storage, { snapshot: metaAt(9), offset: 0, data, done: false });
      });
      const expected = { hardState, snapshot: null, entries: log(1, 2, 1) };
      want("the state", await reload(open), expected);
    },
  },
  {
    name: "begins its log again behind a received snapshot, also after another that was given up",
    async check(open) {
      const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
      await session(open, async (storage) => {
        await append(storage, log(1, 2, 1), hardState);
        const givenUp = { snapshot: metaAt(8), offset: 0, data: bytes("other"), done: false };
        await piece(storage, givenUp);
        await piece(storage, { snapshot: metaAt(9), offset: 0, data: bytes("ni"), done: false });
        await piece(storage, { snapshot: metaAt(9), offset: 2, data: bytes("ne"), done: true });
        await append(storage, log(10, 11, 1));
      });
      const expected = { hardState, snapshot: metaAt(9), entries: log(10, 11, 1) };
      want("the state", await reload(open), expected);
      want("its bytes", await session(open, (s) => textOf(s.readSnapshot(9))), "nine");
    },
  },
  {
    name: "gives the pieces of a snapshot that are asked for, and null for one that is not kept",
    async check(open) {
      await session(open, async (storage) => {
        await append(storage, log(1, 3, 1), hardState);
        await storage.saveSnapshot(metaAt(3), pieces("abcdefg"));
        const snapshot = metaAt(3);
        for (const [offset, text, done] of [
          [0, "abc", false],
          [3, "def", false],
          [6, "g", true],
        ] as const) {
          const found = await storage.readSnapshotChunk({ index: 3, offset, maxBytes: 3 });
          const data = new TextEncoder().encode(text);
          want(`the piece at ${offset}`, found, { snapshot, offset, data, done });
        }
        const missing = await storage.readSnapshotChunk({ index: 2, offset: 0, maxBytes: 3 });
        want("a piece of no snapshot", missing, null);
      });
    },
  },
  {
    name: "rejects the reading of a snapshot that is not kept",
    async check(open) {
      const read = session(open, (storage) => textOf(storage.readSnapshot(7)));
      const fate = await read.then(
        () => "read",
        () => "rejected",
      );
      want("a snapshot that was never there", fate, "rejected");
    },
  },
];

/**
 * The laws of {@link Storage}, for the tests of your own.
 *
 * @example
 * ```ts
 * for (const law of storageLaws) {
 *   test(law.name, () => law.check(() => openMyStorage(newEmptyDirectory)));
 * }
 * ```
 */
export const storageLaws: readonly StorageLaw[] = [...logLaws, ...snapshotLaws];
