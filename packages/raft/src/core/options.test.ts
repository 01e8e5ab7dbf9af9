import type { RaftOptions } from "./door.ts";
import { checkRaftOptions, defaultRaftOptions } from "./options.ts";

const good: RaftOptions = { ...defaultRaftOptions, id: "a", seed: 1 };

const least: [keyof RaftOptions, number][] = [
  ["electionTimeoutTicks", 2],
  ["heartbeatTicks", 1],
  ["messageMaxBytes", 1],
  ["messageMaxEntries", 1],
  ["inflightMaxMessages", 1],
  ["inflightMaxBytes", 1],
  ["uncommittedMaxBytes", 1],
  ["entryMaxBytes", 1],
  ["pendingReadsMax", 1],
  ["snapshotChunkMaxBytes", 1],
  ["snapshotTransfersMax", 1],
  ["snapshotBytesPerTick", 1],
  ["inflightMaxWrites", 1],
  ["committedMaxBytes", 1],
  ["diskStallTicks", 1],
  ["leaseMs", 0],
];

describe("the options of a core", () => {
  it("the defaults are good", () => {
    expect(() => checkRaftOptions(good)).not.toThrow();
  });

  it.each(least)("%s may be %i, and nothing less", (name, minimum) => {
    // A short election timeout needs the shortest heartbeat, and the other way round.
    const base = name === "electionTimeoutTicks" ? { ...good, heartbeatTicks: 1 } : good;
    expect(() => checkRaftOptions({ ...base, [name]: minimum })).not.toThrow();
    expect(() => checkRaftOptions({ ...base, [name]: minimum - 1 })).toThrow(RangeError);
  });

  it.each(least)("%s must be a safe integer", (name) => {
    for (const value of [NaN, Infinity, 2.5, 2 ** 53, -1]) {
      expect(() => checkRaftOptions({ ...good, [name]: value })).toThrow(name);
    }
  });

  it("every option with a minimum is in this table", () => {
    const named = new Set<string>(least.map(([name]) => name));
    const others = Object.keys(defaultRaftOptions).filter((name) => !named.has(name));
    expect(others).toEqual([]);
  });

  it.each(["", "a b", "ä", "a\n", "x".repeat(129)])("the id %j is refused", (id) => {
    expect(() => checkRaftOptions({ ...good, id })).toThrow(RangeError);
  });

  it.each([NaN, Infinity, 0.5])("the seed %d is refused", (seed) => {
    expect(() => checkRaftOptions({ ...good, seed })).toThrow(RangeError);
  });

  it.each([
    { heartbeatTicks: 5, electionTimeoutTicks: 10, good: true },
    { heartbeatTicks: 6, electionTimeoutTicks: 10, good: false },
    { heartbeatTicks: 10, electionTimeoutTicks: 10, good: false },
  ])(
    "heartbeats every $heartbeatTicks ticks, elections after $electionTimeoutTicks: $good",
    ({ good: allowed, ...ticks }) => {
      const check = (): void => checkRaftOptions({ ...good, ...ticks });
      if (allowed) expect(check).not.toThrow();
      else expect(check).toThrow(RangeError);
    },
  );
});
