import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { recordMaxBytes } from "./snapshot-format.ts";
import { MachineInvariantError, SnapshotFormatError } from "./errors.ts";
import { snapshotPieceBytes } from "./limits.ts";
import {
  add,
  batch,
  cloneOf,
  concat,
  describeCounters,
  describeResult,
  feeder,
  inPieces,
  key,
  next,
  remove,
  restore,
  snapshotBytes,
} from "./test-support/building.ts";
import { damaged, drawFrom } from "./test-support/mutations.ts";
import type { CounterBackup } from "./types.ts";

jest.setTimeout(60_000); // many runs, on machines that may be busy

const top = 2n ** 1024n - 1n;

/** A machine with every kind of record in it. */
function richMachine(): CounterMachine {
  const machine = new CounterMachine();
  const feed = feeder(machine, { keyWindowMs: 500 });
  feed([next(9n, null, "gone"), next(3n, null, "both"), add(-70_000n, null, "lost")], { at: 1000 });
  feed([restore({ both: 1n, plain: -(2n ** 70n), top }, key("r", 9))]);
  feed([next(5n, key("range"), "both"), add(1n, key("value"), "both")], { at: 1200 });
  feed([add(1n, key("out"), "top"), next(1n, key("one"), "plain")]);
  return machine;
}

/** A machine whose snapshot has several pieces. */
function largeMachine(): CounterMachine {
  const machine = new CounterMachine();
  const feed = feeder(machine, { keysMax: 10_000, countersMax: 10_000 });
  const longName = "n".repeat(120);
  for (let at = 0; at < 20; at += 1) {
    const operations = Array.from({ length: 100 }, (_, index) =>
      add(
        top - BigInt(index),
        key(`${"k".repeat(240)}${at}-${index}`),
        `${longName}${at}-${index}`,
      ),
    );
    feed(operations, { at });
  }
  return machine;
}

async function restoreFrom(machine: CounterMachine, bytes: Uint8Array): Promise<void> {
  await machine.restore(inPieces(bytes));
}

describe("a snapshot", () => {
  it("holds the whole state, and its own snapshot has the same bytes", async () => {
    for (const machine of [new CounterMachine(), richMachine(), largeMachine()]) {
      const clone = await cloneOf(machine);
      expect(clone.stats()).toEqual(machine.stats());
      expect([...clone.counters()]).toEqual([...machine.counters()]);
      expect(clone.digest()).toBe(machine.digest());
      expect(Buffer.compare(snapshotBytes(clone), snapshotBytes(machine))).toBe(0);
    }
  });

  it("goes on where the other one was", async () => {
    const clone = await cloneOf(richMachine());
    const results = feeder(clone)([
      next(5n, key("range"), "both"),
      next(5n, key("range", 2), "both"),
      add(1n, key("value"), "both"),
      add(1n, key("out"), "top"),
      next(1n, key("one"), "plain"),
      restore({}, key("r", 9)),
      next(1n, null, "gone"),
    ]);
    expect(results.map(describeResult)).toEqual([
      "1>8 4..8 again",
      "key-reused",
      "8>9 again",
      "value-out-of-range again",
      `${-(2n ** 70n)}>${-(2n ** 70n) + 1n} again`,
      "0>1 again",
      "0>10",
    ]);
  });

  it("comes in pieces of about 64 KiB, each with a buffer of its own", () => {
    const pieces = [...largeMachine().snapshot()];
    expect(pieces.length).toBeGreaterThan(10);
    for (const piece of pieces.slice(0, -1)) {
      expect(piece.length).toBeGreaterThanOrEqual(snapshotPieceBytes);
      expect(piece.length).toBeLessThan(snapshotPieceBytes + recordMaxBytes);
    }
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
  });

  it("is of the moment of the call, whatever is applied while it is read", () => {
    const machine = largeMachine();
    const before = snapshotBytes(machine);
    const snapshot = machine.snapshot();
    const pieces: Uint8Array[] = [];
    let index = 100;
    for (const piece of snapshot) {
      pieces.push(piece);
      index += 1;
      const operations = [next(1n, key(`${index}`)), add(-1n, null, `${"n".repeat(120)}0-0`)];
      const data = encodeBatch(batch(operations, { at: index * 100, keysMax: 10_000 }));
      machine.apply([{ index, term: 1, data }]);
    }
    machine.apply([{ index: 9999, term: 1, data: encodeBatch(batch([restore({})])) }]);
    expect(Buffer.compare(concat(pieces), before)).toBe(0);
    expect(Buffer.compare(concat([...snapshot]), before)).toBe(0);
    expect(Buffer.compare(snapshotBytes(machine), before)).not.toBe(0);
  });

  it("and so is a backup, with writes between all of its counters", () => {
    const machine = largeMachine();
    const before = [...machine.backup()];
    const backup = machine.backup();
    const feed = feeder(machine, { countersMax: 10_000 }, 100);
    const seen: CounterBackup[] = [];
    let at = 100;
    for (const counter of backup) {
      seen.push(counter);
      at += 1;
      // What was given, what comes next, a new one, and now and then one less.
      const ahead = before[seen.length]?.name ?? counter.name;
      feed([add(1n, null, counter.name), add(1n, null, ahead), next()], { at });
      if (at % 3 === 0) feed([remove(before[(at * 7) % before.length]!.name)], { at });
      if (at % 5 === 0) feed([add(1n, null, `new-${at}`)], { at });
    }
    expect(seen).toEqual(before);
    expect([...backup]).toEqual(before);
    expect([...machine.backup()]).not.toEqual(before);
  });

  it("reads a large snapshot in small pieces, empty ones among them", async () => {
    const machine = largeMachine();
    async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const piece of inPieces(snapshotBytes(machine), 4000)) {
        yield piece;
        yield new Uint8Array(0);
      }
    }
    const restored = new CounterMachine();
    await restored.restore(pieces());
    expect(restored.digest()).toBe(machine.digest());
  });

  it("replaces what was there", async () => {
    const machine = new CounterMachine();
    feeder(machine)([add(1n, key("k"), "old")], { at: 1_000_000 });
    await restoreFrom(machine, snapshotBytes(richMachine()));
    expect(machine.digest()).toBe(richMachine().digest());
    expect(machine.value("old")).toBe(0n);
    expect(machine.logTimeMs).toBe(1200);
  });

  it("lets commands follow at whatever index the host says", async () => {
    const machine = richMachine();
    await restoreFrom(machine, snapshotBytes(new CounterMachine()));
    machine.apply([{ index: 1, term: 1, data: encodeBatch(batch([next()])) }]);
    expect(machine.value("c")).toBe(1n);
  });

  it("is one thing at a time: no command and no second restore before it is done", async () => {
    const machine = new CounterMachine();
    const restoring = restoreFrom(machine, snapshotBytes(richMachine()));
    expect(() => machine.apply([])).toThrow(MachineInvariantError);
    await expect(restoreFrom(machine, new Uint8Array(0))).rejects.toThrow(MachineInvariantError);
    await restoring;
    expect(describeCounters(machine.counters())).toBe(describeCounters(richMachine().counters()));
    expect(machine.apply([])).toEqual([]);
  });

  it("passes an error of its source on, and changes nothing", async () => {
    const machine = richMachine();
    async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
      yield snapshotBytes(largeMachine()).subarray(0, 100_000);
      throw new Error("the disk is gone");
    }
    await expect(machine.restore(broken())).rejects.toThrow("the disk is gone");
    expect(machine.digest()).toBe(richMachine().digest());
    expect(feeder(await cloneOf(machine))([next()])).toHaveLength(1);
  });
});

describe("restoring", () => {
  it.each([1, 2, 7, 100, 1023, 1024, 1025, 1_000_000])("reads pieces of %d bytes", async (size) => {
    const machine = richMachine();
    const restored = new CounterMachine();
    await restored.restore(inPieces(snapshotBytes(machine), size));
    expect(restored.digest()).toBe(machine.digest());
  });
});

describe("a damaged snapshot changes nothing", () => {
  const good = snapshotBytes(richMachine());
  const machine = new CounterMachine();
  feeder(machine)([next(3n, key("mine"))]);
  const before = machine.digest();

  async function expectRefusal(bytes: Uint8Array): Promise<void> {
    await expect(restoreFrom(machine, bytes)).rejects.toThrow(SnapshotFormatError);
  }

  afterEach(() => {
    expect(machine.digest()).toBe(before);
  });

  it("with any bit flipped", async () => {
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bytes = Uint8Array.from(good);
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
      await expectRefusal(bytes);
    }
  });

  it("with any byte replaced by its opposite", async () => {
    for (let at = 0; at < good.length; at += 1) {
      const bytes = Uint8Array.from(good);
      bytes[at] = bytes[at]! ^ 0xff;
      await expectRefusal(bytes);
    }
  });

  it("cut anywhere", async () => {
    for (let length = 0; length < good.length; length += 1) {
      await expectRefusal(good.subarray(0, length));
    }
  });

  it("with something after its end", async () => {
    await expectRefusal(concat([good, Uint8Array.of(0)]));
    await expectRefusal(concat([good, good]));
    await expectRefusal(concat([good, new Uint8Array(5000)]));
  });

  it("that never ends is refused while it comes", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      yield good;
      for (;;) {
        given += 1;
        yield new Uint8Array(1000);
      }
    }
    await expect(machine.restore(endless())).rejects.toThrow(SnapshotFormatError);
    expect(given).toBeLessThan(recordMaxBytes / 1000 + 3);
  });

  it("of another version or kind", async () => {
    const newer = Uint8Array.from(good);
    newer[4] = 5;
    await expect(restoreFrom(machine, newer)).rejects.toThrow(
      "version 5; this release knows 1 to 4",
    );
    await expect(restoreFrom(machine, Uint8Array.from(Buffer.from("{}")))).rejects.toThrow(
      SnapshotFormatError,
    );
  });

  it("damaged at random, 5,000 times", async () => {
    const draw = drawFrom(7);
    for (let run = 0; run < 5000; run += 1) {
      const bytes = damaged(good, draw);
      if (Buffer.compare(bytes, good) === 0) continue;
      await expectRefusal(bytes);
    }
  });
});
