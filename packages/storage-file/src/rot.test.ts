/**
 * Rot anywhere in a log of several parts: everything is there, or the start is refused. (The tests
 * of a log with a single part, bit by bit and cut by cut, are in `damage.test.ts`.)
 */
import { examine } from "./examine.ts";
import { openWith } from "./open.ts";
import { outlineSnapshot, verifyPayload } from "./snapshot-file.ts";
import { entry, hardState, meta, pieces, write } from "./test-support/builders.ts";
import { MemoryDisk } from "./test-support/memory-disk.ts";

const options = { segmentBytes: 4096, firstSegmentBytes: 4096, sync: "pool" } as const;

/** Three segments, and a snapshot in the middle of the second. */
async function severalParts(): Promise<ReadonlyMap<string, Uint8Array>> {
  const disk = new MemoryDisk();
  const storage = await openWith(disk, "/log", options);
  for (let index = 1; index <= 8; index += 1) {
    await storage.write(write({ entries: [entry(index, 1, `${index} `.repeat(450))] }));
  }
  await storage.write(write({ hardState: hardState(2, { vote: "n2", commitIndex: 6 }) }));
  await storage.saveSnapshot(meta(5, 1), pieces("the state ", "at five"));
  await storage.close();
  const names = disk.names().filter((name) => name !== "lock");
  return new Map(names.map((name) => [name, disk.contents(name).slice()]));
}

function diskOf(files: ReadonlyMap<string, Uint8Array>): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [name, bytes] of files) disk.replace(name, bytes);
  return disk;
}

/** Everything that a start would give, as a text; `null` if it is refused as damaged. */
async function found(disk: MemoryDisk): Promise<string | null> {
  try {
    const { state, entries, snapshot } = await examine(disk, "/log");
    if (snapshot !== null) await verifyPayload(disk, snapshot.path, snapshot.outline);
    const texts = entries.map(
      ({ index, term, data }) => `${index}@${term} ${Buffer.from(data).toString("hex")}`,
    );
    return JSON.stringify([state.hardState, state.snapshot, texts]);
  } catch (error) {
    expect(error).toMatchObject({ code: "STORAGE_DAMAGED" });
    return null;
  }
}

async function tally(
  files: ReadonlyMap<string, Uint8Array>,
  change: (bytes: Uint8Array, at: number) => Uint8Array,
): Promise<Readonly<Record<string, number>>> {
  const whole = await found(diskOf(files));
  const refused: Record<string, number> = {};
  for (const [name, bytes] of files) {
    refused[name] = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = new Map(files).set(name, change(bytes, at));
      const left = await found(diskOf(changed));
      if (left === null) refused[name] += 1;
      else if (left !== whole) throw new Error(`${name} changed at ${at} is taken for a whole log`);
    }
  }
  return refused;
}

describe("a log of three segments and a snapshot", () => {
  it("with a bit flipped in any byte of any file is complete or refused", async () => {
    const files = await severalParts();
    expect([...files.keys()]).toHaveLength(5);
    const refused = await tally(files, (bytes, at) => {
      const copy = bytes.slice();
      copy[at]! ^= 1 << (at & 7);
      return copy;
    });
    const snapshot = "snapshot-0000000000000005-0000000000000001.bin";
    expect(refused[snapshot]).toBe(files.get(snapshot)!.length);
    // In a part that is not the last nothing may change, not even behind the end of its frames.
    expect(refused["wal-0000000000000001.log"]).toBe(4096);
    expect(refused["wal-0000000000000002.log"]).toBe(4096);
  }, 60_000);

  it("with any file cut at any byte is complete or refused", async () => {
    const refused = await tally(await severalParts(), (bytes, at) => bytes.slice(0, at));
    for (const count of Object.values(refused)) expect(count).toBeGreaterThan(0);
    expect(refused["wal-0000000000000003.log"]).toBe(4096);
  }, 60_000);

  it("without any one of its files is refused, but for the part that the snapshot covers", async () => {
    const files = await severalParts();
    const accepted: string[] = [];
    for (const name of files.keys()) {
      const fewer = new Map(files);
      fewer.delete(name);
      const left = await found(diskOf(fewer));
      if (left !== null) accepted.push(name);
    }
    // As if it had been compacted: nothing is missing that the snapshot does not stand for.
    expect(accepted).toEqual(["wal-0000000000000001.log"]);
  });

  it("a snapshot that is read by itself is refused wherever a bit of it was flipped", async () => {
    const files = await severalParts();
    const [name, bytes] = [...files].find(([known]) => known.startsWith("snapshot-"))!;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      const disk = diskOf(new Map(files).set(name, copy));
      const reading = outlineSnapshot(disk, `/log/${name}`).then((outline) =>
        verifyPayload(disk, `/log/${name}`, outline),
      );
      await expect(reading).rejects.toMatchObject({ code: "STORAGE_DAMAGED" });
    }
  });
});
