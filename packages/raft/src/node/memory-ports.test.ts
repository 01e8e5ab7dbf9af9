import { InvariantError, MemoryNetwork, MemoryStorage } from "../index.ts";
import type { Message, SnapshotChunk } from "../index.ts";
import { commands, showLog, snapshotAt } from "../test-support/logs.ts";
import { vote } from "../test-support/messages.ts";
import { rejectionOf } from "../test-support/host.ts";

const hardState = { term: 1, vote: null, commitIndex: 0 };

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of chunks) bytes.push(...chunk);
  return bytes;
}

async function* chunksOf(...bytes: number[]): AsyncIterable<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

describe("a storage in memory", () => {
  async function withLog(terms: string): Promise<MemoryStorage> {
    const storage = new MemoryStorage();
    await storage.write({ hardState, entries: commands(terms, 0), chunk: null });
    return storage;
  }
  const logOf = async (storage: MemoryStorage): Promise<string> =>
    showLog((await storage.load())?.entries ?? []);

  it("is empty at first", async () => {
    expect(await new MemoryStorage().load()).toBeNull();
  });

  it.each([
    { from: 4, terms: "3", becomes: "1 1 2 3" },
    { from: 3, terms: "3 3", becomes: "1 1 3 3" },
    { from: 1, terms: "4", becomes: "4" },
  ])("entries from $from on replace what stood there", async ({ from, terms, becomes }) => {
    const storage = await withLog("1 1 2");
    await storage.write({ hardState: null, entries: commands(terms, from - 1), chunk: null });
    expect(await logOf(storage)).toBe(becomes);
    expect((await storage.load())?.hardState).toEqual(hardState);
  });

  it("a gap is a bug", async () => {
    const storage = await withLog("1 1 2");
    const gap = { hardState: null, entries: commands("3", 4), chunk: null };
    const writing = (async () => storage.write(gap))();
    expect(await rejectionOf(writing)).toBeInstanceOf(InvariantError);
  });

  it("compaction forgets the beginning", async () => {
    const storage = await withLog("1 1 2 2");
    await storage.compact(2);
    expect(await logOf(storage)).toBe("2 2");
    await storage.compact(1);
    expect(await logOf(storage)).toBe("2 2");
  });

  it("gives a snapshot in pieces, as it was stored, and none that it does not keep", async () => {
    const storage = await withLog("1 1 2 2");
    await storage.saveSnapshot(snapshotAt("3@2", ["a"]), chunksOf(1, 2, 3, 4, 5));
    expect(await textOf(storage.readSnapshot(3))).toEqual([1, 2, 3, 4, 5]);
    const pieces: (readonly [readonly number[], boolean])[] = [];
    for (const offset of [0, 2, 4, 5]) {
      const piece = await storage.readSnapshotChunk({ index: 3, offset, maxBytes: 2 });
      pieces.push([[...piece!.data], piece!.done]);
    }
    expect(pieces).toEqual([
      [[1, 2], false],
      [[3, 4], false],
      [[5], true],
      [[], true],
    ]);
    const at = { offset: 0, maxBytes: 2 };
    expect(await storage.readSnapshotChunk({ ...at, index: 2 })).toBeNull();
    expect(await storage.readSnapshotChunk({ ...at, index: 3, offset: 6 })).toBeNull();
    expect(await rejectionOf(textOf(storage.readSnapshot(2)))).toBeInstanceOf(Error);
  });

  it("an older snapshot does not take the place of a newer one", async () => {
    const storage = await withLog("1 1 2 2");
    await storage.saveSnapshot(snapshotAt("3@2", ["a"]), chunksOf(3));
    await storage.saveSnapshot(snapshotAt("2@1", ["a"]), chunksOf(2));
    expect((await storage.load())?.snapshot).toMatchObject({ index: 3 });
    expect(await textOf(storage.readSnapshot(3))).toEqual([3]);
  });

  it("a snapshot that arrives in chunks takes force, and the place of the log, with the last", async () => {
    const storage = await withLog("1 1 2 2");
    const snapshot = snapshotAt("9@3", ["a"]);
    const receive = (offset: number, bytes: number[], done: boolean): Promise<void> => {
      const chunk: SnapshotChunk = { snapshot, offset, data: Uint8Array.from(bytes), done };
      return storage.write({ hardState: null, entries: [], chunk });
    };
    await receive(0, [7, 7], false);
    await receive(0, [1, 2], false); // begun again: what came before is forgotten
    expect((await storage.load())?.snapshot).toBeNull();
    expect(await logOf(storage)).toBe("1 1 2 2");
    await receive(2, [3], true);
    expect(await storage.load()).toMatchObject({ snapshot: { index: 9, term: 3 }, entries: [] });
    expect(await textOf(storage.readSnapshot(9))).toEqual([1, 2, 3]);
    await storage.write({ hardState: null, entries: commands("3", 9), chunk: null });
    expect(await logOf(storage)).toBe("3");
  });
});

describe("a network in memory", () => {
  function connected(...ids: string[]): { network: MemoryNetwork; got: Map<string, Message[]> } {
    const network = new MemoryNetwork();
    const got = new Map<string, Message[]>();
    for (const id of ids) {
      const messages: Message[] = [];
      got.set(id, messages);
      const receive = (message: Message): void => void messages.push(message);
      network.transport(id).start({ receive, unreachable: () => undefined });
    }
    return { network, got };
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const message = (from: string, to: string, term = 1): Message => vote({ from, to, term });

  it("delivers in order, in a later turn", async () => {
    const { network, got } = connected("a", "b");
    const sender = network.transport("a");
    for (const term of [1, 2, 3]) sender.send(message("a", "b", term));
    expect(got.get("b")).toEqual([]);
    await turn();
    expect(got.get("b")!.map(({ term }) => term)).toEqual([1, 2, 3]);
    expect(got.get("a")).toEqual([]);
  });

  it("loses what goes to or comes from an isolated server, until it is healed", async () => {
    const { network, got } = connected("a", "b", "c");
    network.isolate("b");
    for (const [from, to] of [
      ["a", "b"],
      ["b", "c"],
      ["a", "c"],
    ] as const) {
      network.transport(from).send(message(from, to));
    }
    await turn();
    expect([got.get("b"), got.get("c")!.map(({ from }) => from)]).toEqual([[], ["a"]]);
    network.heal();
    network.transport("a").send(message("a", "b"));
    await turn();
    expect(got.get("b")).toHaveLength(1);
  });

  it("delivers nothing to a closed transport, and to nobody that never was", async () => {
    const { network, got } = connected("a", "b");
    await network.transport("b").close();
    network.transport("a").send(message("a", "b"));
    network.transport("a").send(message("a", "z"));
    await turn();
    expect(got.get("b")).toEqual([]);
  });
});
