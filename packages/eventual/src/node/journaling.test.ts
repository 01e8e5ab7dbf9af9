import { TryingJournal, contentOf, storageFull } from "../test-support/journals.ts";
import { until } from "../test-support/host.ts";
import { Journaling } from "./journaling.ts";

const entry = (byte: number, length = 10): Uint8Array => new Uint8Array(length).fill(byte);

interface Setup {
  readonly journal: TryingJournal;
  readonly journaling: Journaling;
  readonly persisted: number[];
  readonly checkpoints: number[];
  readonly full: boolean[];
  readonly fatal: Error[];
}

function setup(standing: () => Iterable<Uint8Array> = () => [entry(0)]): Setup {
  const journal = new TryingJournal();
  const persisted: number[] = [];
  const checkpoints: number[] = [];
  const full: boolean[] = [];
  const fatal: Error[] = [];
  const journaling = new Journaling({
    journal,
    checkpointBytes: 100,
    standing,
    onPersisted: (write) => persisted.push(write),
    onFull: (isFull) => full.push(isFull),
    onCheckpoint: (bytes) => checkpoints.push(bytes),
    onFatal: (error) => fatal.push(error),
  });
  return { journal, journaling, persisted, checkpoints, full, fatal };
}

describe("what the core writes", () => {
  it("reaches the journal in order, one append at a time", async () => {
    const { journal, journaling, persisted } = setup();
    journal.hold();
    for (let id = 1; id <= 3; id += 1) journaling.write({ id, entries: [entry(id)] });
    expect(journal.appends).toBe(1);
    expect(persisted).toEqual([]);
    journal.release();
    await until(() => persisted.length === 3, "all are persisted");
    expect(persisted).toEqual([1, 2, 3]);
    expect(await contentOf(journal)).toEqual(["01", "02", "03"].map((byte) => byte.repeat(10)));
  });

  it("is tried again at every tick while the disk is full, and nothing overtakes it", async () => {
    const { journal, journaling, persisted, full, fatal } = setup();
    journal.failWith(storageFull());
    for (let id = 1; id <= 2; id += 1) journaling.write({ id, entries: [entry(id)] });
    await until(() => journaling.full, "it is full");
    journaling.onTick();
    await until(() => journal.appends === 2, "it was tried again");
    journal.failWith(null);
    await until(() => {
      journaling.onTick();
      return persisted.length === 2;
    }, "both are persisted");
    expect({ persisted, full, fatal }).toEqual({
      persisted: [1, 2],
      full: [true, false],
      fatal: [],
    });
  });

  it("ends with the first other error", async () => {
    const { journal, journaling, persisted, fatal } = setup();
    const broken = new Error("broken");
    journal.failWith(broken);
    journaling.write({ id: 1, entries: [entry(1)] });
    await until(() => fatal.length > 0, "it was told");
    await journaling.stop();
    expect({ persisted, fatal }).toEqual({ persisted: [], fatal: [broken] });
  });
});

describe("a checkpoint", () => {
  it("is made when so many bytes were appended, and as many as the last one has", async () => {
    const large = setup(() => [entry(0, 150), entry(0, 100)]);
    const { journaling, checkpoints, journal } = large;
    const append = async (id: number): Promise<void> => {
      journaling.write({ id, entries: [entry(id, 50)] });
      await until(() => large.persisted.includes(id), "it is persisted");
    };
    await append(1);
    expect(journal.checkpoints).toBe(0);
    await append(2);
    await until(() => checkpoints.length === 1, "the first checkpoint");
    expect(checkpoints).toEqual([250]);
    expect(journaling.appendedBytes).toBe(0);
    expect(journaling.checkpointBytes).toBe(250);
    for (let id = 3; id <= 6; id += 1) await append(id);
    expect(journal.checkpoints).toBe(1); // 200 of 250
    await append(7);
    await until(() => checkpoints.length === 2, "the second checkpoint");
  });

  it("is never made over an append that is out: that one stays behind it", async () => {
    const { journal, journaling, persisted } = setup();
    journaling.write({ id: 1, entries: [entry(1, 100)] });
    journaling.write({ id: 2, entries: [entry(2)] });
    await until(() => persisted.length === 2, "both are persisted");
    await journaling.stop();
    expect(await contentOf(journal)).toEqual(["00".repeat(10), "02".repeat(10)]);
  });

  it("is made soon after the start of a node with a long journal", async () => {
    const { journal, journaling, checkpoints, persisted } = setup();
    await journal.append([entry(9, 200)]);
    for await (const loaded of journaling.load()) expect(loaded).toHaveLength(200);
    expect(journaling.appendedBytes).toBe(200);
    journaling.write({ id: 1, entries: [entry(1)] });
    await until(() => checkpoints.length === 1, "the checkpoint");
    expect(persisted).toEqual([1]);
    expect(await contentOf(journal)).toEqual(["00".repeat(10)]);
  });

  it("makes room on a full disk", async () => {
    const { journal, journaling, checkpoints, persisted } = setup();
    journaling.write({ id: 1, entries: [entry(1)] });
    await until(() => persisted.length === 1, "the first is persisted");
    journal.failWith(storageFull());
    journaling.write({ id: 2, entries: [entry(2)] });
    await until(() => journal.checkpoints === 1, "it was tried");
    expect(checkpoints).toEqual([]);
    journal.failWith(null);
    journaling.onTick();
    await until(() => persisted.length === 2, "the second is persisted");
  });

  it("that is under way when the node stops is given up, and nothing is lost", async () => {
    const { journal, journaling, persisted, checkpoints, fatal } = setup();
    journaling.write({ id: 1, entries: [entry(1, 100)] });
    journal.hold();
    await until(() => persisted.length === 1 && journal.checkpoints === 1, "it has begun");
    const stopping = journaling.stop();
    journal.release();
    await stopping;
    expect({ checkpoints, fatal }).toEqual({ checkpoints: [], fatal: [] });
    expect(await contentOf(journal)).toEqual(["01".repeat(100)]);
  });

  it("that breaks stops the node", async () => {
    const broken = new Error("a bug");
    const { journaling, fatal } = setup(() => {
      throw broken;
    });
    journaling.write({ id: 1, entries: [entry(1, 100)] });
    await until(() => fatal.length > 0, "it was told");
    expect(fatal).toEqual([broken]);
  });
});
