import * as fc from "fast-check";

import { InvariantError } from "../errors.ts";
import { commands, idOf, showId, showLog } from "../test-support/logs.ts";
import type { Entry } from "../types.ts";
import { RaftLog, entryBytes, entryOverheadBytes } from "./log.ts";

const unlimited = { through: Infinity, maxEntries: Infinity, maxBytes: Infinity };

function logOf(terms: string, base: string = "0@0"): RaftLog {
  const id = idOf(base);
  return new RaftLog(id, commands(terms, id.index));
}

function contents(log: RaftLog): string {
  return showLog(log.slice(log.firstIndex, unlimited));
}

describe("the log in memory", () => {
  it("an empty log ends at 0@0", () => {
    const log = logOf("");
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([1, 0, 0]);
  });

  it("an empty log behind a snapshot ends where the snapshot does", () => {
    const log = logOf("", "7@3");
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([8, 7, 3]);
  });

  it("knows the term of its base and of every entry, and of nothing else", () => {
    const log = logOf("3 3 4", "7@2");
    expect([6, 7, 8, 9, 10, 11].map((index) => log.termAt(index))).toEqual([
      null,
      2,
      3,
      3,
      4,
      null,
    ]);
  });

  it("refuses gaps and terms that go down", () => {
    const log = logOf("1 2");
    const entry = (id: string): Entry => ({
      ...idOf(id),
      kind: "command",
      data: new Uint8Array(0),
    });
    for (const id of ["2@2", "4@2", "3@1"]) {
      expect(() => log.append(entry(id))).toThrow(InvariantError);
    }
    expect(contents(log)).toBe("1 2");
  });

  it("refuses to truncate or to read what was compacted", () => {
    const log = logOf("1 1 1 1");
    log.compactThrough(2);
    expect(() => log.truncateFrom(2)).toThrow(InvariantError);
    expect(() => log.slice(2, unlimited)).toThrow(InvariantError);
    expect(() => log.entryAt(2)).toThrow(InvariantError);
  });

  it("keeps the term of the last compacted entry: it is asked for (§5.3)", () => {
    const log = logOf("1 2 2 3");
    log.compactThrough(3);
    expect([log.base, log.firstIndex, log.termAt(3), log.termAt(2)]).toEqual([
      { index: 3, term: 2 },
      4,
      2,
      null,
    ]);
    expect(contents(log)).toBe("3");
  });

  it("is empty and restarts behind an installed snapshot", () => {
    const log = logOf("1 1 1");
    log.reset({ index: 10, term: 4 });
    expect([log.firstIndex, log.lastIndex, log.lastTerm, log.termAt(2)]).toEqual([11, 10, 4, null]);
  });
});

describe("how much of the log is read at once", () => {
  const size = (bytes: number): number => bytes + entryOverheadBytes;
  const log = new RaftLog(
    { index: 0, term: 0 },
    [10, 10, 500, 10, 10].map((bytes, at) => ({
      index: at + 1,
      term: 1,
      kind: "command",
      data: new Uint8Array(bytes),
    })),
  );

  it.each([
    { from: 1, limits: {}, indexes: [1, 2, 3, 4, 5], because: "nothing limits it" },
    { from: 1, limits: { maxEntries: 2 }, indexes: [1, 2], because: "of the count" },
    { from: 1, limits: { through: 3 }, indexes: [1, 2, 3], because: "the end is given" },
    { from: 1, limits: { maxBytes: 2 * size(10) }, indexes: [1, 2], because: "of the bytes" },
    {
      from: 1,
      limits: { maxBytes: 2 * size(10) - 1 },
      indexes: [1],
      because: "one byte is missing",
    },
    { from: 3, limits: { maxBytes: 1 }, indexes: [3], because: "one entry always goes" },
    { from: 4, limits: { through: 3 }, indexes: [], because: "the end is before it" },
    { from: 6, limits: {}, indexes: [], because: "the log ends" },
  ])("from $from, $indexes: $because", ({ from, limits, indexes }) => {
    const read = log.slice(from, { ...unlimited, ...limits });
    expect(read.map((entry) => entry.index)).toEqual(indexes);
  });

  it("an entry costs its data and a fixed overhead", () => {
    expect(entryBytes(log.entryAt(3))).toBe(500 + entryOverheadBytes);
  });
});

describe("where two logs can still agree (§5.3)", () => {
  it.each([
    { log: "1 1 2 2 4", index: 5, term: 4, found: "5@4", because: "it may be that entry" },
    { log: "1 1 2 2 4", index: 5, term: 3, found: "4@2", because: "term 4 is above 3" },
    { log: "1 1 2 2 4", index: 9, term: 9, found: "5@4", because: "the log ends there" },
    { log: "1 1 2 2 4", index: 3, term: 1, found: "2@1", because: "term 2 is above 1" },
    { log: "2 2", index: 2, term: 1, found: "0@0", because: "nothing is that old" },
    { log: "", index: 4, term: 4, found: "0@0", because: "the log is empty" },
  ])("$log, not above $index@$term: $found, since $because", ({ log, index, term, found }) => {
    expect(showId(logOf(log).lastNotAbove(index, term))).toBe(found);
  });

  it("ends at the base where everything kept is newer", () => {
    expect(showId(logOf("4 4", "7@3").lastNotAbove(9, 3))).toBe("7@3");
  });

  it("asks for a place before the base, of a term nobody has, where the base is beyond it", () => {
    expect(showId(logOf("4 4", "7@3").lastNotAbove(5, 3))).toBe("5@0");
  });
});

type Step =
  | { readonly do: "append"; readonly terms: readonly number[] }
  | { readonly do: "truncate"; readonly keep: number }
  | { readonly do: "compact"; readonly drop: number }
  | { readonly do: "reset"; readonly ahead: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    terms: fc.array(fc.nat({ max: 1 }), { maxLength: 4 }),
  }),
  fc.record({ do: fc.constant("truncate" as const), keep: fc.nat({ max: 9 }) }),
  fc.record({ do: fc.constant("compact" as const), drop: fc.nat({ max: 9 }) }),
  fc.record({ do: fc.constant("reset" as const), ahead: fc.nat({ max: 5 }) }),
);

/** The model: an array of terms from index 1 on, and how much of its beginning is forgotten. */
class Model {
  terms: number[] = [];
  base = 0;
}

function carryOut(step: Step, log: RaftLog, model: Model): void {
  const last = model.terms.length;
  switch (step.do) {
    case "append":
      for (const rise of step.terms) {
        const term = (model.terms.at(-1) ?? 0) + rise;
        model.terms.push(term);
        const index = model.terms.length;
        log.append({ index, term, kind: "command", data: Uint8Array.of(index) });
      }
      return;
    case "truncate": {
      const from = Math.min(model.base + 1 + step.keep, last + 1);
      model.terms.length = from - 1;
      return log.truncateFrom(from);
    }
    case "compact":
      model.base = Math.min(model.base + step.drop, last);
      return log.compactThrough(model.base);
    case "reset": {
      const term = (model.terms.at(-1) ?? 0) + 1;
      while (model.terms.length < last + 1 + step.ahead) model.terms.push(term);
      model.base = model.terms.length;
      return log.reset({ index: model.base, term });
    }
  }
}

function compare(log: RaftLog, { terms, base }: Model): void {
  const termAt = (index: number): number => (index === 0 ? 0 : terms[index - 1]!);
  expect([log.base, log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([
    { index: base, term: termAt(base) },
    base + 1,
    terms.length,
    termAt(terms.length),
  ]);
  expect(contents(log)).toBe(terms.slice(base).join(" "));
  for (let index = 0; index <= terms.length + 1; index += 1) {
    const kept = index >= base && index <= terms.length;
    expect(log.termAt(index)).toBe(kept ? termAt(index) : null);
  }
}

describe("the log against a plain array", () => {
  it("any sequence of appends, truncations, compactions and resets leaves the same log", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const log = new RaftLog({ index: 0, term: 0 }, []);
        const model = new Model();
        for (const step of steps) {
          carryOut(step, log, model);
          compare(log, model);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("any read is consecutive, within its limits, and not empty where there is something", () => {
    const sizes = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 12 });
    const limits = fc.record({
      through: fc.nat({ max: 14 }),
      maxEntries: fc.integer({ min: 1, max: 6 }),
      maxBytes: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(sizes, limits, fc.integer({ min: 1, max: 14 }), (bytes, limit, from) => {
        const entries = bytes.map((length, at): Entry => {
          return { index: at + 1, term: 1, kind: "command", data: new Uint8Array(length) };
        });
        const read = new RaftLog({ index: 0, term: 0 }, entries).slice(from, limit);
        const there = entries.filter(({ index }) => index >= from && index <= limit.through);
        expect(read).toEqual(there.slice(0, read.length));
        expect(read.length).toBeLessThanOrEqual(limit.maxEntries);
        expect(read.length > 0).toBe(there.length > 0);
        const total = read.reduce((sum, entry) => sum + entryBytes(entry), 0);
        expect(read.length <= 1 || total <= limit.maxBytes).toBe(true);
        const next = there[read.length];
        const wouldFit = next !== undefined && total + entryBytes(next) <= limit.maxBytes;
        expect(wouldFit && read.length < limit.maxEntries).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
