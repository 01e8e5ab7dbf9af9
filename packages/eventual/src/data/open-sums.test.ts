import { drawFrom, pick, type Draw } from "../test-support/random.ts";
import { born, Library, member, writerId } from "../test-support/writing.ts";
import type { Deed, FloorEntry, Position } from "../types.ts";
import { closeKeys } from "./closing.ts";
import type { Dot } from "./dots.ts";

import { identityAdds, identityLives } from "./groups.ts";
import { addDot } from "./keys.ts";
import { blockRows } from "./open-sums.ts";
import type { CounterState } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { noSlot } from "./slot.ts";
import { counterOf, emptyReplica } from "./replica.ts";
import { joinFloor } from "./values.ts";

const home = writerId("a");
const writers = ["b", "c", "d"].map(writerId);

/** Each key looked at by itself. */
function keyByKey(r: Replica, counter: CounterState): { open: bigint; alive: number } {
  let [open, alive] = [0n, 0];
  for (const first of counter.keys.values()) {
    open += identityAdds(r.dots, counter, first);
    alive += identityLives(r.dots, counter, first);
  }
  return { open, alive };
}

function floorAt(writer: string, position: Position): FloorEntry {
  return { writer, position, plus: 0n, minus: 0n };
}

function dotOf(writer: string, position: Position, parts: Partial<Dot> = {}): Dot {
  const rest = { index: 0, hlc: position, at: 0, until: 1000, delta: 1n, value: 1n };
  return { writer, position, ...rest, isSet: false, deed: null, ...parts };
}

/** What may happen to a counter and its keys, in no order that a protocol would have. */
class Life {
  readonly r: Replica = emptyReplica();
  readonly counter: CounterState = counterOf(this.r, "c");
  readonly seen = { blocks: 0, closed: 0, several: 0, deeds: 0 };
  readonly #draw: Draw;
  readonly #library = new Library();
  #round = 0;
  #index = 0;

  constructor(seed: number) {
    this.#draw = drawFrom(seed);
    this.#library.write(this.r, home, { controls: [born("a"), member("a")] });
  }

  step(): void {
    this.#round += 1;
    const what = this.#draw(100);
    if (what < 88) this.#use();
    else if (what < 94) this.#cover();
    else if (what < 98) this.#close();
    else if (what < 99) this.#hearOfClosing();
    else this.#delete();
  }

  #use(deed: Deed | null = null): void {
    const draw = this.#draw;
    const again = draw(8) === 0 && this.counter.keys.size > 0;
    const key = again ? pick(draw, [...this.counter.keys.keys()]) : `k${this.#round}`;
    const at = this.#round - draw(40);
    this.#index += 1;
    const delta = deed === null ? BigInt(draw(9) - 4) : 0n;
    const when = { at, until: at + 900, index: this.#index, hlc: this.#round, delta, value: 0n };
    addDot(
      this.r,
      this.counter,
      key,
      dotOf(pick(draw, writers), this.#position(), { ...when, deed }),
    );
    if (this.r.dots.next(this.counter.keys.get(key) ?? 0) !== noSlot) this.seen.several += 1;
  }

  #delete(): void {
    this.seen.deeds += 1;
    this.#use({ type: "delete", floor: [floorAt(pick(this.#draw, writers), this.#position())] });
  }

  #cover(): void {
    const floor = [floorAt(pick(this.#draw, writers), this.#position())];
    joinFloor(this.r, this.counter, { floor, gone: this.#draw(2) === 0 ? floor : [] });
  }

  #close(): void {
    const before = Math.max(1, this.#round - this.#draw(50));
    this.#library.write(this.r, home, {
      controls: [{ kind: "promise", before, known: new Map() }],
    });
    this.seen.closed += closeKeys(this.r, 1 + this.#draw(100))?.keys ?? 0;
  }

  #hearOfClosing(): void {
    const before = this.counter.closed.before + this.#draw(5);
    joinFloor(this.r, this.counter, {
      floor: [],
      closed: { before, total: 0n, upTo: new Map(), alive: false },
    });
  }

  /** Rising, but not in order: pieces of a snapshot come in any. */
  #position(): Position {
    return 1 + Math.floor(this.#round / 2) + this.#draw(100);
  }
}

describe("the sums over open keys", () => {
  it.each([1, 2, 3, 4])(
    "are what each key by itself comes to, whatever happens; seed %i",
    (seed) => {
      const life = new Life(seed);
      for (let round = 0; round < 4000; round += 1) {
        life.step();
        if (round % 7 > 0) continue;
        const { open, alive } = life.counter;
        expect({ open, alive }).toEqual(keyByKey(life.r, life.counter));
      }
      expect(life.counter.keys.size).toBeGreaterThan(blockRows);
      expect(Math.min(life.seen.closed, life.seen.several, life.seen.deeds)).toBeGreaterThan(10);
    },
  );

  it("take no step for each key when a floor covers them", () => {
    const r = emptyReplica();
    const counter = counterOf(r, "c");
    const [writer] = writers;
    const rows = 20 * blockRows;
    for (let position = 1; position <= rows; position += 1) {
      addDot(r, counter, `k${position}`, dotOf(writer!, position));
    }
    const looked = jest.spyOn(r.dots, "position");
    joinFloor(r, counter, { floor: [floorAt(writer!, rows)] });
    expect(counter.open).toBe(0n);
    expect(looked).toHaveBeenCalledTimes(0);
    joinFloor(r, counter, { floor: [], gone: [{ writer: writer!, position: blockRows * 3 + 5 }] });
    expect(counter.alive).toBe(rows - blockRows * 3 - 5);
    expect(looked.mock.calls.length).toBeLessThanOrEqual(2 * blockRows);
  });

  it.each([
    { order: "from the first to the last", turned: false },
    { order: "from the last to the first", turned: true },
  ])("keep their blocks small when rows come $order", ({ turned }) => {
    const r = emptyReplica();
    const counter = counterOf(r, "c");
    const [writer] = writers;
    const rows = 10 * blockRows;
    for (let at = 0; at < rows; at += 1) {
      const position = turned ? rows - at : at + 1;
      addDot(r, counter, `k${position}`, dotOf(writer!, position));
    }
    const looked = jest.spyOn(r.dots, "position");
    joinFloor(r, counter, { floor: [floorAt(writer!, rows / 2 + 1)] });
    expect(counter.open).toBe(BigInt(rows / 2 - 1));
    expect(looked.mock.calls.length).toBeLessThanOrEqual(2 * blockRows);
  });

  it("of a record with more keys than a block has rows are whole or nothing", () => {
    const r = emptyReplica();
    const counter = counterOf(r, "c");
    const [writer] = writers;
    addDot(r, counter, "before", dotOf(writer!, 1));
    for (let index = 0; index < 5 * blockRows; index += 1) {
      addDot(r, counter, `k${index}`, dotOf(writer!, 2, { index }));
    }
    addDot(r, counter, "after", dotOf(writer!, 3));
    joinFloor(r, counter, { floor: [floorAt(writer!, 1)] });
    expect(counter.open).toBe(BigInt(5 * blockRows + 1));
    joinFloor(r, counter, { floor: [floorAt(writer!, 2)] });
    expect(counter.open).toBe(1n);
  });
});
