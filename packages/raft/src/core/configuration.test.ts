import * as fc from "fast-check";

import { InvariantError } from "../errors.ts";
import { commands, members } from "../test-support/logs.ts";
import type { Configuration, Entry, Member } from "../types.ts";
import { bootstrap } from "./bootstrap.ts";
import {
  ConfigurationHistory,
  addressMaxLength,
  configurationOf,
  configurationProblem,
  decodeConfiguration,
  emptyConfiguration,
  encodeConfiguration,
  isVoter,
  membersMax,
  nodeIdMaxLength,
} from "./configuration.ts";

const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const visibleText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(visible, { minLength: 1, maxLength }).map((characters) => characters.join(""));

/** Any well-formed configuration: every member has a part that is drawn for it. */
const anyConfiguration: fc.Arbitrary<Configuration> = fc
  .uniqueArray(
    fc.record({
      id: visibleText(12),
      address: visibleText(30),
      part: fc.constantFrom("voter", "outgoing", "both", "learner", "learnerNext", "joining"),
    }),
    { minLength: 1, maxLength: 9, selector: (member) => member.id },
  )
  .chain((drawn) =>
    fc.boolean().map((autoLeave) => {
      const sorted = [...drawn].sort((a, b) => (a.id < b.id ? -1 : 1));
      const those = (...parts: string[]): string[] =>
        sorted.filter(({ part }) => parts.includes(part)).map(({ id }) => id);
      const voters = those("voter", "both");
      return {
        members: sorted.map(({ id, address }) => ({ id, address })),
        voters: voters.length > 0 ? voters : sorted.map(({ id }) => id),
        outgoing: those("outgoing", "both", "learnerNext"),
        learners: voters.length > 0 ? those("learner", "joining") : [],
        learnersNext: those("learnerNext"),
        joining: voters.length > 0 ? those("joining") : [],
        autoLeave,
      };
    }),
  );

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

describe("a simple configuration", () => {
  it("sorts its members, and all of them vote", () => {
    const { members: sorted, voters } = configurationOf(members("c", "a", "b"));
    expect(sorted.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(voters).toEqual(["a", "b", "c"]);
  });

  it.each([
    { why: "nobody", list: [] },
    { why: "the same id twice", list: members("a", "b", "a") },
    { why: "an empty id", list: members("") },
    { why: "a blank in an id", list: members("a b") },
    { why: "a letter beyond ASCII", list: members("ä") },
    { why: "an id that is too long", list: members("x".repeat(nodeIdMaxLength + 1)) },
    { why: "an empty address", list: [{ id: "a", address: "" }] },
    { why: "a line break in an address", list: [{ id: "a", address: "h:1\n" }] },
    {
      why: "an address that is too long",
      list: [{ id: "a", address: "x".repeat(addressMaxLength + 1) }],
    },
    {
      why: "too many members",
      list: members(...[...Array(membersMax + 1).keys()].map((at) => `n${at}`)),
    },
  ])("refuses $why", ({ list }) => {
    expect(() => configurationOf(list)).toThrow(RangeError);
  });

  it.each<{ why: string; list: Member[] }>([
    { why: "the longest id", list: members("x".repeat(nodeIdMaxLength)) },
    { why: "the longest address", list: [{ id: "a", address: "x".repeat(addressMaxLength) }] },
    {
      why: "as many members as there may be",
      list: members(...[...Array(membersMax).keys()].map((at) => `n${at}`)),
    },
  ])("takes $why", ({ list }) => {
    expect(configurationOf(list).voters).toHaveLength(list.length);
  });
});

describe("what is wrong with a configuration", () => {
  const three = configurationOf(members("a", "b", "c"));
  it.each<{ why: string; configuration: Configuration }>([
    { why: "no voter", configuration: { ...three, voters: [] } },
    { why: "a voter without an address", configuration: { ...three, voters: ["a", "x"] } },
    {
      why: "an outgoing voter without an address",
      configuration: { ...three, outgoing: ["x"] },
    },
    { why: "a learner without an address", configuration: { ...three, learners: ["x"] } },
    { why: "a voter that learns", configuration: { ...three, learners: ["a"] } },
    {
      why: "an outgoing voter that learns already",
      configuration: { ...three, voters: ["a", "b"], outgoing: ["c"], learners: ["c"] },
    },
  ])("names $why", ({ configuration }) => {
    expect(configurationProblem(configuration)).toEqual(expect.any(String));
  });

  it.each([
    { why: "a voter that is to be promoted", configuration: { ...three, joining: ["a"] } },
    {
      why: "a server that is to learn next and goes on voting",
      configuration: { ...three, outgoing: ["a", "b"], learnersNext: ["a"] },
    },
  ])("names $why", ({ configuration }) => {
    expect(configurationProblem(configuration)).toEqual(expect.any(String));
  });

  it("reads entries of before learners could be marked for promotion", () => {
    const bytes = bytesOf(JSON.stringify({ ...three, joining: undefined }));
    expect(decodeConfiguration(bytes)).toEqual(three);
  });

  it("an outgoing voter may become a learner next", () => {
    const joint = { ...three, voters: ["a", "b"], outgoing: ["a", "b", "c"], learnersNext: ["c"] };
    expect(configurationProblem(joint)).toBeNull();
    expect(isVoter(joint, "c")).toBe(true);
  });

  it("voters of both halves vote, learners and strangers do not", () => {
    const joint = { ...three, voters: ["a"], outgoing: ["b"], learners: ["c"] };
    expect(["a", "b", "c", "x"].map((id) => isVoter(joint, id))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("the bytes of a configuration", () => {
  it("any configuration comes back as it was", () => {
    fc.assert(
      fc.property(anyConfiguration, (configuration) => {
        fc.pre(configurationProblem(configuration) === null);
        expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
      }),
      { numRuns: 300 },
    );
  });

  it("are the same on every server, whatever the order of its list", () => {
    const one = bootstrap(members("a", "b", "c"));
    const other = bootstrap(members("c", "b", "a"));
    expect(one).toEqual(other);
  });

  it("fields of a newer release are ignored", () => {
    const configuration = configurationOf(members("a"));
    const text = textOf(encodeConfiguration(configuration));
    const newer = bytesOf(text.replace("{", `{"witnesses":["w"],`));
    expect(decodeConfiguration(newer)).toEqual(configuration);
  });

  const good = textOf(encodeConfiguration(configurationOf(members("a", "b"))));
  it.each([
    { why: "nothing", text: "" },
    { why: "no JSON", text: good.slice(1) },
    { why: "half of it", text: good.slice(0, good.length >> 1) },
    { why: "null", text: "null" },
    { why: "a list", text: "[]" },
    { why: "an empty object", text: "{}" },
    { why: "voters that are no list", text: good.replace(`"voters":["a","b"]`, `"voters":"ab"`) },
    { why: "a voter that is no text", text: good.replace(`"voters":["a","b"]`, `"voters":[1]`) },
    { why: "no voters", text: good.replace(`"voters":["a","b"]`, `"voters":[]`) },
    { why: "a voter nobody knows", text: good.replace(`"voters":["a"`, `"voters":["x"`) },
    { why: "a member that is no object", text: good.replace(`"members":[`, `"members":[7,`) },
    { why: "a member without an address", text: good.replace(`"address"`, `"adress"`) },
    { why: "no learners", text: good.replace(`"learners":[],`, "") },
  ])("refuses $why", ({ text }) => {
    expect(() => decodeConfiguration(bytesOf(text))).toThrow(InvariantError);
  });

  it("damaged bytes are refused or give a well-formed configuration, never anything else", () => {
    const bytes = encodeConfiguration(configurationOf(members("a", "b", "c")));
    fc.assert(
      fc.property(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const damaged = Uint8Array.from(bytes);
          damaged[at]! ^= flip;
          try {
            expect(configurationProblem(decodeConfiguration(damaged))).toBeNull();
          } catch (error) {
            expect(error).toBeInstanceOf(InvariantError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("which configuration is in force (§6, C1)", () => {
  const first = { index: 0, configuration: emptyConfiguration };
  function placed(index: number, ...ids: string[]): Entry {
    const data = encodeConfiguration(configurationOf(members(...ids)));
    return { index, term: 1, kind: "configuration", data };
  }
  function history(...entries: Entry[]): ConfigurationHistory {
    const made = new ConfigurationHistory(first);
    for (const entry of entries) made.append(entry);
    return made;
  }
  const three = (): ConfigurationHistory =>
    history(placed(2, "a"), placed(5, "a", "b"), placed(9, "a", "b", "c"));

  it("the newest in the log, committed or not", () => {
    expect(three().current.index).toBe(9);
    expect(three().current.configuration.voters).toEqual(["a", "b", "c"]);
  });

  it("entries of other kinds change nothing", () => {
    const made = history(placed(2, "a"), ...commands("1 1", 2));
    expect(made.current.index).toBe(2);
  });

  it.each([
    { from: 10, current: 9 },
    { from: 9, current: 5 },
    { from: 6, current: 5 },
    { from: 5, current: 2 },
    { from: 1, current: 0 },
  ])("after a truncation from $from on, that of index $current", ({ from, current }) => {
    const made = three();
    made.truncateFrom(from);
    expect(made.current.index).toBe(current);
  });

  it.each([
    { index: 1, at: 0 },
    { index: 2, at: 2 },
    { index: 4, at: 2 },
    { index: 5, at: 5 },
    { index: 8, at: 5 },
    { index: 100, at: 9 },
  ])("at $index, that of index $at", ({ index, at }) => {
    expect(three().at(index).index).toBe(at);
  });

  it.each([
    { through: 4, at: 4, stillThere: 2 },
    { through: 5, at: 5, stillThere: 5 },
    { through: 100, at: 100, stillThere: 9 },
  ])("compacted through $through, that of index $stillThere is kept", (row) => {
    const made = three();
    made.compactThrough(row.through);
    expect(made.at(row.at).index).toBe(row.stillThere);
    expect(made.current.index).toBe(9);
  });

  it("an installed snapshot brings its own, and it cannot be truncated", () => {
    const made = three();
    made.reset({ index: 7, configuration: configurationOf(members("z")) });
    expect(made.current.configuration.voters).toEqual(["z"]);
    expect(() => made.truncateFrom(7)).toThrow(InvariantError);
  });
});
