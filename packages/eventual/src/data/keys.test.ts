import { drawFrom } from "../test-support/random.ts";
import { born, Library, writerId } from "../test-support/writing.ts";
import { noSlot } from "./slot.ts";
import { DotTable } from "./dots.ts";
import { DueQueue } from "./due.ts";
import { addDot, findKey, keyCount, oldestUntil } from "./keys.ts";
import { conflictsMax } from "./limits.ts";
import type { Replica } from "./replica.ts";
import { counterOf, emptyReplica } from "./replica.ts";
import { floorNow, valueOf } from "./values.ts";

interface Use {
  readonly by: string;
  readonly at: number;
  readonly until?: number;
  readonly delta: bigint;
  readonly hlc?: number;
}

/** Each use of the key "k" in a record of a writer of its own. */
function replicaOf(uses: readonly Use[]): { r: Replica; library: Library } {
  const library = new Library();
  const r = emptyReplica();
  for (const { by, at, until = at + 10, delta, hlc } of uses) {
    library.write(r, writerId(by), {
      hlc: hlc ?? 100,
      controls: [born(by)],
      keyed: [{ counter: "c", delta, key: "k", at, until, value: delta }],
    });
  }
  return { r, library };
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) =>
    permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]),
  );
}

describe("uses of one key", () => {
  it.each<{ uses: Use[]; value: bigint; because: string }>([
    { uses: [{ by: "a", at: 0, delta: 5n }], value: 5n, because: "one" },
    {
      uses: [
        { by: "a", at: 0, delta: 5n },
        { by: "b", at: 9, delta: 5n },
      ],
      value: 5n,
      because: "the second lies within the span of the first",
    },
    {
      uses: [
        { by: "a", at: 0, delta: 5n },
        { by: "b", at: 10, delta: 5n },
      ],
      value: 10n,
      because: "the second begins when the first has ended",
    },
    {
      uses: [
        { by: "a", at: 0, delta: 5n },
        { by: "b", at: 9, delta: 5n },
        { by: "c", at: 11, delta: 5n },
      ],
      value: 10n,
      because: "only the first of a group has a span",
    },
    {
      uses: [
        { by: "a", at: 0, delta: 5n, hlc: 7 },
        { by: "b", at: 3, delta: 6n, hlc: 5 },
        { by: "c", at: 4, delta: 7n, hlc: 6 },
      ],
      value: 6n,
      because: "the least hybrid time says what it adds",
    },
    {
      uses: [
        { by: "b", at: 0, delta: 5n },
        { by: "a", at: 0, delta: 6n },
      ],
      value: 6n,
      because: "at one time the least writer does",
    },
  ])("count together as $value, in whatever order they arrive: $because", ({ uses, value }) => {
    for (const order of permutations(uses)) {
      expect(valueOf(replicaOf(order).r, "c")).toBe(value);
    }
  });

  it("count not at all when a floor covers one of them", () => {
    const { r, library } = replicaOf([{ by: "a", at: 0, delta: 5n }]);
    const b = writerId("b");
    library.write(r, b, { controls: [born("b")] });
    const floor = floorNow(r, "c", { writer: b, position: 1 });
    library.write(r, b, { controls: [{ kind: "reset", counter: "c", floor }] });
    expect(valueOf(r, "c")).toBe(0n);
    const again = { counter: "c", delta: 5n, key: "k", at: 3, until: 13, value: 5n };
    library.write(r, b, { keyed: [again] });
    expect(valueOf(r, "c")).toBe(0n);
    library.write(r, b, { keyed: [{ ...again, at: 10, until: 20 }] });
    expect(valueOf(r, "c")).toBe(5n);
  });

  it("count for each counter on its own", () => {
    const library = new Library();
    const r = emptyReplica();
    const key = { delta: 1n, key: "k", at: 0, until: 10, value: 1n };
    library.write(r, writerId("a"), {
      controls: [born("a")],
      keyed: [
        { ...key, counter: "c" },
        { ...key, counter: "d" },
      ],
    });
    expect([valueOf(r, "c"), valueOf(r, "d"), keyCount(r)]).toEqual([1n, 1n, 2]);
  });
});

describe("looking for a key", () => {
  const { r } = replicaOf([
    { by: "a", at: 100, delta: 5n, hlc: 2 },
    { by: "b", at: 104, delta: 5n, hlc: 1 },
    { by: "c", at: 110, delta: 7n },
  ]);
  it.each([
    { at: 90, found: null, because: "the whole span before" },
    { at: 91, found: "b", because: "by a clock that is behind" },
    { at: 100, found: "b", because: "its first group" },
    { at: 109, found: "c", because: "both groups are in reach, and the later is meant" },
    { at: 119, found: "c", because: "its second group" },
    { at: 120, found: null, because: "it has ended" },
  ])("at $at finds $found: $because", ({ at, found }) => {
    const known = findKey(r, { counter: "c", key: "k", at });
    expect(known?.writer ?? null).toBe(found === null ? null : writerId(found));
  });
  it("finds nothing in another counter, or under another key", () => {
    expect(findKey(r, { counter: "d", key: "k", at: 100 })).toBeNull();
    expect(findKey(r, { counter: "c", key: "K", at: 100 })).toBeNull();
  });
  it("gives what the client was told, however large", () => {
    const library = new Library();
    const large = emptyReplica();
    const use = { counter: "c", delta: -1n, key: "k", at: 5, until: 6, value: 2n ** 254n };
    library.write(large, writerId("a"), { controls: [born("a")], keyed: [use] });
    expect(findKey(large, { counter: "c", key: "k", at: 5 })).toEqual({
      ...use,
      meaning: { type: "add", delta: -1n, asked: 0 },
      deed: null,
      writer: writerId("a"),
      position: 1,
    });
  });
});

describe("a key with another delta", () => {
  it("is told and listed, once for each use", () => {
    const { r, library } = replicaOf([{ by: "a", at: 0, delta: 5n }]);
    const use = { counter: "c", delta: 6n, key: "k", at: 1, until: 11, value: 6n };
    const applied = library.write(r, writerId("b"), { controls: [born("b")], keyed: [use] });
    expect(applied.conflicts).toEqual([{ counter: "c", key: "k" }]);
    expect([r.conflicts, r.conflictCount]).toEqual([[{ counter: "c", key: "k" }], 1]);
  });
  it("is forgotten when there are too many of them, but counted", () => {
    const library = new Library();
    const r = emptyReplica();
    for (const by of ["a", "b"]) {
      const keyed = Array.from({ length: conflictsMax + 1 }, (_, number) => ({
        counter: "c",
        delta: by === "a" ? 1n : 2n,
        key: `k${number}`,
        at: 0,
        until: 1,
        value: 0n,
      }));
      library.write(r, writerId(by), { controls: [born(by)], keyed });
    }
    expect([r.conflicts.length, r.conflictCount]).toEqual([conflictsMax, conflictsMax + 1]);
    expect(r.conflicts[0]).toEqual({ counter: "c", key: "k1" });
  });
});

describe("the keys in memory", () => {
  it("tell which ends first", () => {
    const { r } = replicaOf([
      { by: "a", at: 7, until: 30, delta: 1n },
      { by: "b", at: 5, until: 20, delta: 1n },
    ]);
    expect([oldestUntil(r), oldestUntil(emptyReplica())]).toEqual([20, null]);
  });
  it("come out of the queue by when they end, whatever was taken out of the middle", () => {
    const draw = drawFrom(3);
    const dots = new DotTable();
    const queue = new DueQueue(dots);
    const counter = counterOf(emptyReplica(), "c");
    const inside = new Set<number>();
    for (let round = 0; round < 5_000; round += 1) {
      if (draw(5) < 3) {
        const until = draw(300) + 1;
        const what = { delta: 1n, value: 1n, isSet: false, deed: null };
        const rest = { position: 1, index: 0, hlc: 1, at: 0, ...what };
        const slot = dots.add(counter, "k", { ...rest, writer: writerId("a"), until });
        queue.push(slot);
        inside.add(slot);
        continue;
      }
      const slot = draw(2) === 0 ? queue.least() : ([...inside][draw(inside.size)] ?? noSlot);
      if (slot === noSlot) continue;
      queue.remove(slot);
      queue.remove(slot);
      inside.delete(slot);
      dots.remove(slot);
      const least = Math.min(...[...inside].map((other) => dots.until(other)));
      expect(inside.size === 0 ? Infinity : dots.until(queue.least())).toBe(least);
    }
    expect(dots.size).toBe(inside.size);
  });
  it("are not more for being learnt twice", () => {
    const r = emptyReplica();
    const counter = counterOf(r, "c");
    const dot = {
      writer: writerId("a"),
      position: 4,
      index: 2,
      hlc: 9,
      at: 1,
      until: 9,
      delta: 3n,
      value: 3n,
      isSet: false,
      deed: null,
    };
    expect([addDot(r, counter, "k", dot), addDot(r, counter, "k", dot)]).toEqual([false, false]);
    expect([keyCount(r), valueOf(r, "c")]).toEqual([1, 3n]);
  });
});
