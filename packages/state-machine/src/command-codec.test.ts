import fc from "fast-check";
import { decodeBatch } from "./command-reader.ts";
import { encodeBatch } from "./command-writer.ts";
import { CommandFormatError, UnknownCommandError } from "./errors.ts";
import { countersMaxLimit, keysMaxLimit, keyWindowMaxMs, logTimeMaxMs } from "./limits.ts";
import { commands } from "./test-support/arbitraries.ts";
import {
  add,
  batch,
  cas,
  configure,
  create,
  group,
  ifRevision,
  key,
  next,
  plainBackup,
  provided,
  remove,
  reset,
  restore,
  richConfig,
  set,
} from "./test-support/building.ts";
import type { CommandBatch, Operation } from "./operations.ts";

const limit = 2n ** 1024n;

function sortedRestores(operations: readonly Operation[]): Operation[] {
  return operations.map((operation) => {
    if (operation.type !== "restore") return operation;
    const counters = [...operation.counters].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { ...operation, counters };
  });
}

describe("a command", () => {
  it("comes back as it was, restores sorted by name", () => {
    fc.assert(
      fc.property(commands, (list) => {
        for (const command of list) {
          const operations = sortedRestores(command.operations);
          expect(decodeBatch(encodeBatch(command))).toEqual({ ...command, operations });
        }
      }),
    );
  });

  it("may be as large as every limit allows", () => {
    const name = "n".repeat(128);
    const longest = key("k".repeat(255), 255);
    const largest: CommandBatch = {
      at: logTimeMaxMs,
      keyWindowMs: keyWindowMaxMs,
      keysMax: keysMaxLimit,
      countersMax: countersMaxLimit,
      operations: [
        add(limit - 1n, longest, name),
        add(1n - limit, longest, name),
        next(limit - 1n, longest, name),
        restore({ [name]: 1n - limit }, longest),
      ],
    };
    expect(decodeBatch(encodeBatch(largest))).toEqual(largest);
  });

  it("may have no operations", () => {
    expect(decodeBatch(encodeBatch(batch([], { at: 7 }))).operations).toEqual([]);
  });

  it("of version 1 stays readable, for ever", () => {
    const bytes = Buffer.from(
      "0180d095ffbc3180dddb01c09a0c904e05810764656661756c7405012c056b65797e31abababababababababababababababab02016302010209612e625f633a642d651010000000000000008302016112010000000000000000016203010172010101010101010101010101010101010300",
      "hex",
    );
    expect(decodeBatch(bytes)).toEqual(
      batch(
        [
          add(-300n, key("key~1", 0xab), "default"),
          next(1n),
          next(2n ** 60n, null, "a.b_c:d-e"),
          restore({ a: 2n ** 64n, b: -1n }, key("r", 1)),
          restore({}),
        ],
        { at: 1_700_000_000_000, keyWindowMs: 3_600_000, keysMax: 200_000, countersMax: 10_000 },
      ),
    );
  });

  it("has the bytes of version 2, for ever", () => {
    const command = batch(
      [
        add(-300n, key("key~1", 0xab), "default"),
        next(1n),
        next(2n ** 60n, null, "a.b_c:d-e"),
        restore({ b: -1n, a: 2n ** 64n }, key("r", 1)),
        restore({}),
        { ...add(7n), times: 300, onBound: "saturate" },
        { ...next(3n), times: 2 },
        ifRevision(set(1n, key("s")), 3, 500),
        provided(cas(1n, 2n), { type: "present" }),
        reset(),
        reset(-5n),
        provided(create(richConfig), { type: "absent" }),
        configure({
          min: null,
          max: 9n,
          onBound: "reject",
          step: 2n,
          labels: [
            { key: "a", value: null },
            { key: "b", value: "\u00e9" },
          ],
          ttlMs: null,
        }),
        configure({ labels: null }),
        remove(),
        group(add(1n, key("g#0")), next(1n, key("g#1"), "d")),
      ],
      { at: 1_700_000_000_000, keyWindowMs: 3_600_000, keysMax: 200_000, countersMax: 10_000 },
    );
    expect(Buffer.from(encodeBatch(command)).toString("hex")).toMatchInlineSnapshot(
      `"0280d095ffbc3180dddb01c09a0c904e10810764656661756c7405012c056b65797e31abababababababababababababababab02016302010209612e625f633a642d65101000000000000000830201610112010000000000000000000162010301000172010101010101010101010101010101010300210163020702ac02220163020302c4016302010102000300f40301730101010101010101010101010101010145016302010202030601632601630305470163ff0403e80012400000000000000000020a02047465616d04626c756504756e697402bdb00380bc0380b89929020801633f00010209010202010201610001620101e9010008016310000901630a028101630201036723300101010101010101010101010101010182016402010367233101010101010101010101010101010101"`,
    );
  });
});

describe("the encoder refuses", () => {
  it.each<{ what: string; command: CommandBatch }>([
    { what: "a log time with a fraction", command: batch([], { at: 0.5 }) },
    { what: "a log time before zero", command: batch([], { at: -1 }) },
    { what: "a log time beyond its limit", command: batch([], { at: logTimeMaxMs + 1 }) },
    { what: "a window that is empty", command: batch([], { keyWindowMs: 0 }) },
    {
      what: "a window beyond its limit",
      command: batch([], { keyWindowMs: keyWindowMaxMs + 1 }),
    },
    { what: "too large a keysMax", command: batch([], { keysMax: keysMaxLimit + 1 }) },
    { what: "too large a countersMax", command: batch([], { countersMax: countersMaxLimit + 1 }) },
    { what: "no number at all", command: batch([], { keysMax: NaN }) },
    { what: "a name that is empty", command: batch([add(1n, null, "")]) },
    { what: "a name with 129 characters", command: batch([add(1n, null, "n".repeat(129))]) },
    { what: "a name that begins with a dot", command: batch([next(1n, null, ".n")]) },
    { what: "a name with a space", command: batch([next(1n, null, "a b")]) },
    { what: "a name beyond ASCII", command: batch([next(1n, null, "zähler")]) },
    { what: "a name with a line end", command: batch([next(1n, null, "a\n")]) },
    { what: "a name in a restore that is none", command: batch([restore({ "": 1n })]) },
    { what: "a key that is empty", command: batch([add(1n, key(""))]) },
    { what: "a key with 256 characters", command: batch([add(1n, key("k".repeat(256)))]) },
    { what: "a key with a space", command: batch([add(1n, key("a b"))]) },
    {
      what: "a fingerprint of 15 bytes",
      command: batch([add(1n, { key: "k", fingerprint: new Uint8Array(15) })]),
    },
    { what: "a delta of 1025 bits", command: batch([add(limit)]) },
    { what: "a negative delta of 1025 bits", command: batch([add(-limit)]) },
    { what: "a value of 1025 bits", command: batch([restore({ a: limit })]) },
    { what: "a count of 1025 bits", command: batch([next(limit)]) },
    { what: "a count of zero", command: batch([next(0n)]) },
    { what: "a negative count", command: batch([next(-1n)]) },
    {
      what: "a restore that names a counter twice",
      command: batch([
        {
          type: "restore",
          counters: ["b", "a", "b"].map((name) => plainBackup(name, 1n)),
          key: null,
        },
      ]),
    },
    { what: "too many operations", command: batch(Array<Operation>(16_385).fill(next())) },
  ])("$what", ({ command }) => {
    expect(() => encodeBatch(command)).toThrow(CommandFormatError);
    // The buffer that encoders share is clean again.
    expect(decodeBatch(encodeBatch(batch([next()])))).toEqual(batch([next()]));
  });
});

describe("the decoder refuses", () => {
  const good = encodeBatch(batch([add(5n, key("k"), "name")]));
  const head = encodeBatch(batch([])).subarray(0, -1);
  const withOperations = (...bytes: number[]) => Uint8Array.of(...head, ...bytes);

  it("a version that it does not know, as something newer", () => {
    const newer = Uint8Array.from(good);
    newer[0] = 4;
    expect(() => decodeBatch(newer)).toThrow(UnknownCommandError);
  });

  it("an operation that it does not know, as something newer", () => {
    expect(() => decodeBatch(withOperations(1, 14, 1, 0x61, 0))).toThrow(UnknownCommandError);
  });

  it.each([
    { what: "nothing", bytes: new Uint8Array(0), because: "it ends too early" },
    { what: "something after the end", bytes: Uint8Array.of(...good, 0), because: "follows" },
    { what: "an empty name", bytes: withOperations(1, 1, 0, 2, 1), because: "wrong character" },
    { what: "a long name", bytes: withOperations(1, 1, 129, 0, 0), because: "too long" },
    { what: "a count of zero", bytes: withOperations(1, 2, 1, 0x61, 0), because: "less than one" },
    { what: "an empty key", bytes: withOperations(1, 0x81, 1, 0x61, 0, 0), because: "wrong" },
    {
      what: "a restore that is not sorted",
      bytes: withOperations(1, 3, 2, 1, 0x62, 1, 0, 0, 1, 0x61, 1, 0, 0),
      because: "not sorted",
    },
    {
      what: "a restore that names a counter twice",
      bytes: withOperations(1, 3, 2, 1, 0x61, 1, 0, 0, 1, 0x61, 1, 0, 0),
      because: "not sorted",
    },
    {
      what: "more operations than there are bytes",
      bytes: withOperations(0xff, 0x7f, 2),
      because: "ends too early",
    },
    {
      what: "more counters than there are bytes",
      bytes: withOperations(1, 3, 0xff, 0xff, 0x3f),
      because: "ends too early",
    },
    {
      what: "more operations than the limit",
      bytes: withOperations(0x81, 0x80, 0x01),
      because: "above its limit of 16384",
    },
  ])("$what", ({ bytes, because }) => {
    expect(() => decodeBatch(bytes)).toThrow(CommandFormatError);
    expect(() => decodeBatch(bytes)).toThrow(because);
  });

  it("every command that was cut", () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(() => decodeBatch(good.subarray(0, length))).toThrow(CommandFormatError);
    }
  });
});
