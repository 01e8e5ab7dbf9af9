/** Restores in parts as bytes, and what an observer of digests is shown. */
import { decodeBatch } from "./command-reader.ts";
import { encodeBatch } from "./command-writer.ts";
import { CounterMachine } from "./counter-machine.ts";
import { CommandFormatError } from "./errors.ts";
import { restorePartCounters } from "./limits.ts";
import { encodeRestorePart } from "./restore-codec.ts";
import {
  add,
  batch,
  create,
  describeResult,
  feeder,
  key,
  plainBackup,
} from "./test-support/building.ts";
import { stepsOf } from "./test-support/restore-steps.ts";

describe("the steps of a restore", () => {
  const { begin, parts, commit } = stepsOf(
    [[{ ...plainBackup("a", 7n), config: create({ ttlMs: 5 }).config }]],
    "s",
    key("k"),
  );

  it("decode to what was encoded", () => {
    const command = batch([begin, ...parts, commit, { type: "digest" }]);
    expect(decodeBatch(encodeBatch(command))).toEqual(command);
  });

  it("are refused when they are cut", () => {
    const bytes = encodeBatch(batch([begin, ...parts, commit]));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeBatch(bytes.subarray(0, length))).toThrow(CommandFormatError);
    }
  });

  it.each([
    { what: "a stage without a name", step: { ...commit, stage: "" } },
    { what: "a digest of other characters", step: { ...begin, digest: "X".repeat(16) } },
    { what: "data that is no part", step: { ...parts[0]!, data: Uint8Array.of(1, 1) } },
  ])("are refused with $what", ({ step }) => {
    expect(() => encodeBatch(batch([step]))).toThrow(CommandFormatError);
  });

  it(`have at most ${restorePartCounters} counters in a part`, () => {
    const counters = Array.from({ length: restorePartCounters }, (_, at) =>
      plainBackup(`n${at}`, 1n),
    );
    expect(encodeRestorePart(counters).length).toBeGreaterThan(restorePartCounters);
    expect(() => encodeRestorePart([...counters, plainBackup("z", 1n)])).toThrow(
      CommandFormatError,
    );
  });
});

describe("a digest", () => {
  it("shows observers the state at its index, whatever comes after it", () => {
    const seen: { index: number; bytes: () => Buffer }[] = [];
    const machine = new CounterMachine({
      digestDue: ({ index, state }) => seen.push({ index, bytes: () => Buffer.concat([...state]) }),
    });
    const feed = feeder(machine);
    feed([add(1n, null, "a")]);
    const then = Buffer.concat([...machine.snapshot()]);
    expect(describeResult(feed([{ type: "digest" }])[0]!)).toBe("0>0");
    feed([add(1n, null, "a"), add(1n, null, "b")]);
    expect(seen.map(({ index }) => index)).toEqual([2]);
    expect(seen[0]!.bytes()).toEqual(then);
    expect(machine.revision).toBe(3);
  });
});
