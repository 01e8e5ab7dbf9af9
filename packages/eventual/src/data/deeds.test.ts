import { born, Library, writerId } from "../test-support/writing.ts";
import type { WrittenRecord } from "../test-support/writing.ts";
import type { Control, Deed, RecordBody } from "../types.ts";
import { applyRecord } from "./applying.ts";
import { deedUnitBytes, deedUnits } from "./deed-units.ts";
import { digestOf } from "./digest.ts";
import { findKey, keyCount, keyWeight } from "./keys.ts";
import { viewOf } from "./looking.ts";
import { mergePiece, piecesOf } from "./pieces.ts";
import type { Replica } from "./replica.ts";
import { emptyReplica } from "./replica.ts";
import { floorNow } from "./values.ts";

const key = { key: "k", at: 1_000, until: 2_000 };

function deed(what: Deed, more: Partial<typeof key> = {}): Control {
  return { kind: "deed", counter: "c", ...key, ...more, value: 0n, deed: what };
}

function labelled(text: string, isNew: boolean = false): Deed {
  const config = { labels: new Map([["text", text]]), others: [] };
  return { type: "configure", isNew, config, asked: 7 };
}

/** Of what a replica knows. */
const deleted = (r: Replica): Deed => ({ type: "delete", floor: floorNow(r, "c", null) });

const plus = (amount: number): Partial<RecordBody> => {
  return { plain: [{ counter: "c", plus: BigInt(amount), minus: 0n }] };
};

const shown = (r: Replica): string => {
  const { exists, value, labels } = viewOf(r, "c");
  return exists ? `${value} ${JSON.stringify([...labels.values()])}` : "nothing";
};

/** Two sides of a partition, each of which knows the first 5 of the counter. */
class Sides {
  readonly library = new Library();
  readonly a = emptyReplica();
  readonly b = emptyReplica();
  readonly #writers = new Map([
    [this.a, writerId("a")],
    [this.b, writerId("b")],
  ]);

  constructor() {
    this.write(this.a, 1, { controls: [born("a")], ...plus(5) });
    this.write(this.b, 1, { controls: [born("b")] });
    this.library.sync(this.a, this.b);
  }

  write(at: Replica, hlc: number, parts: Partial<RecordBody>): void {
    this.library.write(at, this.#writers.get(at)!, { hlc, ...parts });
  }

  records(): WrittenRecord[][] {
    return [...this.#writers.values()].map((writer) => [...this.library.of(writer)]);
  }

  /** Everything, in every order that the writers' own orders allow. */
  *known(): Generator<Replica> {
    for (const order of interleavings(this.records())) {
      const r = emptyReplica();
      for (const record of order) applyRecord(r, record, record.body);
      yield r;
    }
  }
}

function interleavings<T>(lists: readonly (readonly T[])[]): T[][] {
  const left = lists.filter(({ length }) => length > 0);
  if (left.length === 0) return [[]];
  return left.flatMap((list) => {
    const [first, ...rest] = list;
    return interleavings(left.map((other) => (other === list ? rest : other))).map((tail) => {
      return [first!, ...tail];
    });
  });
}

/** In every order the same, also by way of a snapshot; returns what is shown. */
function outcome(sides: Sides): string {
  const all = [...sides.known()];
  const merged = all.slice(0, 3).map((r) => {
    const target = emptyReplica();
    for (const piece of piecesOf(r)) mergePiece(target, piece);
    return target;
  });
  expect(new Set([...all, ...merged].map((r) => digestOf(r, 0))).size).toBe(1);
  return shown(all[0]!);
}

describe("of all deeds of one key the first holds (D1)", () => {
  it("so a deletion that comes again takes nothing away of what was counted after the first", () => {
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(deleted(sides.a))] });
    sides.write(sides.b, 20, plus(3));
    sides.write(sides.b, 30, { controls: [deed(deleted(sides.b))] });
    expect([shown(sides.a), shown(sides.b)]).toEqual(["nothing", "nothing"]);
    expect(outcome(sides)).toBe("3 []");
  });

  it("and not what was made after the second", () => {
    const sides = new Sides();
    sides.write(sides.a, 30, { controls: [deed(deleted(sides.a))] });
    sides.write(sides.b, 10, { controls: [deed(deleted(sides.b))] });
    sides.write(sides.b, 20, plus(3));
    expect(outcome(sides)).toBe("3 []");
  });

  it("so labels that come again do not take back later ones", () => {
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(labelled("first"))] });
    sides.write(sides.b, 20, { controls: [deed(labelled("later"), { key: "other" })] });
    sides.write(sides.b, 30, { controls: [deed(labelled("first, again"))] });
    expect(shown(sides.b)).toBe('5 ["first, again"]');
    expect(outcome(sides)).toBe('5 ["later"]');
  });

  it("so a creation that comes again does not bring back what was deleted", () => {
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(labelled("made", true))] });
    sides.write(sides.a, 20, { controls: [deed(deleted(sides.a), { key: "other" })] });
    sides.write(sides.b, 30, { controls: [deed(labelled("made", true))] });
    expect(outcome(sides)).toBe("nothing");
  });

  it("also of a deed and an addition: one of the two never was", () => {
    for (const [first, second, value] of [
      [10, 20, "nothing"],
      [20, 10, "12 []"],
    ] as const) {
      const sides = new Sides();
      sides.write(sides.a, first, { controls: [deed(deleted(sides.a))] });
      const addition = { counter: "c", delta: 7n, ...key, value: 12n };
      sides.write(sides.b, second, { keyed: [addition] });
      expect(outcome(sides)).toBe(value);
    }
  });

  it("but not of one that comes when the key stands for something new", () => {
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(labelled("first"))] });
    const later = { at: key.until, until: key.until + 1_000 };
    sides.write(sides.b, 20, { controls: [deed(labelled("another"), later)] });
    expect(outcome(sides)).toBe('5 ["another"]');
  });

  it("and is what a repetition finds", () => {
    const sides = new Sides();
    sides.write(sides.a, 20, { controls: [deed(labelled("second"))] });
    sides.write(sides.b, 10, { controls: [deed(labelled("first"))] });
    sides.library.sync(sides.b, sides.a);
    expect(findKey(sides.a, { counter: "c", ...key })).toMatchObject({
      meaning: { type: "configure", asked: 7 },
      deed: labelled("first"),
    });
  });
});

describe("what holds in any case is kept apart (D2)", () => {
  it("so a word without a key counts by its own time, whatever becomes of deeds", () => {
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(deleted(sides.a))] });
    const config = { labels: new Map([["text", "plain"]]), others: [] };
    sides.write(sides.b, 20, { controls: [{ kind: "configure", counter: "c", config }] });
    sides.write(sides.b, 30, { controls: [deed(deleted(sides.b))] });
    expect(outcome(sides)).toBe('0 ["plain"]');
  });

  it("and costs nothing where no key has a deed", () => {
    const sides = new Sides();
    expect(sides.a.counters.get("c")?.base).toBeNull();
  });
});

describe("deeds in memory", () => {
  it("count as one key, and as one more for each 256 bytes of theirs", () => {
    const text = (bytes: number): Deed => {
      const labels = new Map([["ab", "x".repeat((bytes - 2) / 2)]]);
      return { type: "configure", isNew: false, config: { labels, others: [] }, asked: 1 };
    };
    expect([deedUnitBytes - 2, deedUnitBytes].map((bytes) => deedUnits(text(bytes)))).toEqual([
      0, 1,
    ]);
    const sides = new Sides();
    sides.write(sides.a, 10, { controls: [deed(text(deedUnitBytes))] });
    expect([keyCount(sides.a), keyWeight(sides.a)]).toEqual([1, 2]);
  });
});
