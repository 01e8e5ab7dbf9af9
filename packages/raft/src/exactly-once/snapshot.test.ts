import { SnapshotFormatError } from "../index.ts";
import type { RandomState } from "../core/random.ts";
import { nextRandom } from "../core/random.ts";
import { damaged } from "../test-support/damage.ts";
import {
  OnceLog,
  Tally,
  inPieces,
  inSession,
  keyed,
  once,
  piecesOf,
  plain,
} from "../test-support/once.ts";
import { rejectionOf } from "../test-support/host.ts";
import { snapshotPieceBytes } from "./limits.ts";

async function bytesOf(log: OnceLog): Promise<Buffer> {
  return Buffer.concat(await piecesOf(log.machine));
}

async function restored(bytes: Uint8Array, size: number = 1000): Promise<OnceLog> {
  const log = new OnceLog();
  await log.machine.restore(inPieces(bytes, size));
  log.entries.push({ index: 1000, term: 1, data: new Uint8Array(0) });
  return log;
}

/** Keys, a refusal, an answer that was not kept, two sessions, and commands without any. */
function full(): { readonly log: OnceLog; readonly session: number } {
  const log = new OnceLog({ windowMs: 1000 });
  log.say(keyed("gone", 1), 0);
  log.say(plain(1), 7);
  log.say(keyed("a", 2), 500);
  log.say(keyed("refused", 13), 501);
  log.say(keyed("dropped", [3, 64]), 502);
  log.open();
  const session = log.open();
  log.say(inSession(session, [2, 0], 4), 600);
  log.say(inSession(session, [3, 1], 5), 1000);
  return { log, session };
}

describe("a snapshot of what is remembered", () => {
  it.each([1, 3, 64, 100_000])("in pieces of %d bytes restores all of it", async (size) => {
    const { log, session } = full();
    const bytes = await bytesOf(log);
    const copy = await restored(bytes, size);
    expect(copy.machine.stats()).toEqual(log.machine.stats());
    expect(copy.machine.logTimeMs).toBe(1000);
    expect(await bytesOf(copy)).toEqual(bytes);
    for (const side of [log, copy]) {
      expect(side.say(keyed("a", 2))).toBe("3");
      expect(side.say(keyed("refused", 13))).toBe("refused: unlucky");
      expect(side.say(keyed("dropped", [3, 64]))).toBe("RAFT_ANSWER_FORGOTTEN");
      expect(side.say(inSession(session, [2, 0], 4))).toBe("5");
      expect(side.say(inSession(session, [1, 0], 4))).toBe("RAFT_ANSWER_FORGOTTEN");
      expect(side.say(keyed("gone", 1, 0))).toBe("RAFT_KEY_EXPIRED");
    }
    expect(copy.tally.applied).toEqual(log.tally.applied);
    expect(await bytesOf(copy)).toEqual(await bytesOf(log));
  });

  it("has the bytes of version 1", async () => {
    const log = new OnceLog({ windowMs: 100 });
    log.say(keyed("gone", 1), 1);
    log.say(keyed("k", 2), 101);
    log.say(keyed("r", 13), 102);
    log.open(102);
    log.say(inSession(14, [2, 1], 3), 103);
    const [memory, inner] = await piecesOf(log.machine);
    const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");
    const two = "1f38351d5fd34bad"; // the fingerprints of single bytes
    const thirteen = "3a8f26f12b0bdb16";
    const three = "67066a2caa1e76ee";
    expect(Buffer.from(memory!).toString("hex")).toBe(
      [
        hex("ONCE") + "01",
        "0a" + "67" + "02" + "ca01" + "e7dddb01" + "02" + "01", // times, and how many follow
        "0f" + "01" + hex("k") + "65" + "c901" + two + "00" + hex("2"),
        "15" + "01" + hex("r") + "66" + "ca01" + thirteen + "01" + hex("unlucky"),
        "0b" + "0e" + "80dddb01" + "e7dddb01" + "01" + "01",
        "0b" + "02" + three + "00" + hex("3"),
      ].join(""),
    );
    expect(Buffer.from(inner!).toString()).toBe("1 2 3");
  });

  it("holds what was remembered at its moment, however slowly it is read", async () => {
    const { log } = full();
    const before = await bytesOf(log);
    const reading = log.machine.snapshot() as Iterable<Uint8Array>;
    log.say(keyed("later", 9), 5000);
    log.open();
    expect(Buffer.concat([...reading])).toEqual(before);
  });

  it("asks the wrapped machine for its state at that very moment", async () => {
    const lazy = new Tally();
    const late = new Tally();
    function* state(): Generator<Uint8Array> {
      yield Uint8Array.of(lazy.applied.length);
    }
    async function* lateState(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(late.applied.length);
    }
    Object.assign(lazy, { snapshot: state });
    Object.assign(late, { snapshot: lateState });
    for (const machine of [lazy, late]) {
      const outer = once(machine);
      const pieces: Uint8Array[] = [];
      const reading = outer.snapshot();
      machine.applied.push("later");
      for await (const piece of reading) pieces.push(piece);
      expect(pieces.at(-1)).toEqual(Uint8Array.of(0));
    }
  });

  it("of much comes in pieces of about 64 KiB, and of an answer that is as large as may be", async () => {
    const log = new OnceLog();
    for (let at = 0; at < 3000; at += 1) log.say(keyed(`key-${at}`.padEnd(200, "."), 1));
    log.say(keyed("large", [1, 63]));
    const pieces = await piecesOf(log.machine);
    expect(pieces.length).toBeGreaterThan(8);
    for (const piece of pieces) expect(piece.length).toBeLessThan(snapshotPieceBytes * 2 + 1024);
    const copy = await restored(Buffer.concat(pieces), snapshotPieceBytes);
    expect(copy.say(keyed("large", [1, 63]))).toHaveLength(4 + 63 * 1024);
    expect(copy.say(keyed("key-2999".padEnd(200, "."), 1))).toBe("3000");
  });
});

describe("bytes that are no snapshot", () => {
  it("are refused, and the state is what it was before", async () => {
    const { log } = full();
    const before = await bytesOf(log);
    const bare = Buffer.concat(await piecesOf(log.tally));
    for (const bytes of [Buffer.alloc(0), bare, before.subarray(0, 20), Buffer.from("ONCE\x02")]) {
      expect(await rejectionOf(log.machine.restore(inPieces(bytes, 7)))).toBeInstanceOf(
        SnapshotFormatError,
      );
    }
    expect(await bytesOf(log)).toEqual(before);
  });

  it("whose wrapped machine does not take its part change nothing either", async () => {
    const { log } = full();
    const before = await bytesOf(log);
    const reason = new Error("not mine");
    const failing = once(Object.assign(log.tally, { restore: () => Promise.reject(reason) }));
    expect(await rejectionOf(failing.restore(inPieces(before, 7)))).toBe(reason);
    expect(failing.stats()).toEqual({ keys: 0, sessions: 0, bytes: 0 });
  });

  it("20,000 damaged ones are refused, or mean exactly what their bytes say", async () => {
    const { log } = full();
    const original = await bytesOf(log);
    const dice: RandomState = { random: 7 };
    let refused = 0;
    for (let run = 0; run < 20_000; run += 1) {
      const bytes = damaged(original, dice);
      const copy = new OnceLog();
      try {
        await copy.machine.restore(inPieces(bytes, 1 + nextRandom(dice, 300)));
      } catch (error) {
        if (!(error instanceof SnapshotFormatError)) throw error;
        refused += 1;
        continue;
      }
      const memory = Buffer.concat((await piecesOf(copy.machine)).slice(0, -1));
      if (!memory.equals(bytes.subarray(0, memory.length))) throw new Error(`run ${run}`);
    }
    expect(refused).toBeGreaterThan(5000);
    expect(refused).toBeLessThan(20_000);
  });
});

it("a machine is wrapped once", () => {
  expect(() => once(once(new Tally()))).toThrow(TypeError);
});
