/**
 * The meaning of counters, as naive as can be: every operation ever written is kept, and a value is
 * computed from all that somebody knows. Nothing is closed, summed up or merged. What a node
 * computes from its compact state has to be the same, always.
 */
import type {
  CounterName,
  KeyedOperation,
  Position,
  RecordBody,
  VersionVector,
  WriterId,
} from "../types.ts";

interface Place {
  readonly writer: WriterId;
  readonly position: Position;
}

interface Dot extends KeyedOperation, Place {
  readonly hlc: number;
  readonly index: number;
}

interface CounterHistory {
  readonly plain: (Place & { readonly sum: bigint })[];
  /** Of each key, in the order of their time. */
  readonly dots: Map<string, Dot[]>;
  readonly resets: (Place & { readonly floor: ReadonlyMap<WriterId, Position> })[];
}

export class FullHistory {
  readonly #counters = new Map<CounterName, CounterHistory>();

  /** Every record that anybody ever writes, once, in any order. */
  add(writer: WriterId, position: Position, body: RecordBody): void {
    for (const control of body.controls) {
      if (control.kind !== "reset") continue;
      const floor = new Map(control.floor.map((entry) => [entry.writer, entry.position]));
      this.#of(control.counter).resets.push({ writer, position, floor });
    }
    for (const { counter, plus, minus } of body.plain) {
      this.#of(counter).plain.push({ writer, position, sum: plus - minus });
    }
    for (const [index, operation] of body.keyed.entries()) {
      const { dots } = this.#of(operation.counter);
      const dot = { ...operation, writer, position, index, hlc: body.hlc };
      const known = dots.get(operation.key) ?? [];
      dots.set(operation.key, [...known, dot].sort(byTime));
    }
  }

  counters(): Iterable<CounterName> {
    return this.#counters.keys();
  }

  /** What the counter is for somebody who knows these records. */
  valueOf(counter: CounterName, known: VersionVector): bigint {
    const history = this.#of(counter);
    const isKnown = (place: Place): boolean => place.position <= (known.get(place.writer) ?? 0);
    const highest = new Map<WriterId, Position>();
    for (const { floor } of history.resets.filter(isKnown)) {
      for (const [writer, position] of floor) {
        highest.set(writer, Math.max(position, highest.get(writer) ?? 0));
      }
    }
    const isUnderFloor = ({ writer, position }: Place): boolean =>
      position <= (highest.get(writer) ?? 0);
    let value = 0n;
    for (const plain of history.plain) {
      if (isKnown(plain) && !isUnderFloor(plain)) value += plain.sum;
    }
    for (const dots of history.dots.values()) {
      const [first] = dots;
      if (dots.length === 1 && first !== undefined) {
        if (isKnown(first) && !isUnderFloor(first)) value += first.delta;
        continue; // as below, only faster
      }
      for (const group of groupsOf(dots.filter(isKnown))) {
        if (!group.some(isUnderFloor)) value += leastOf(group).delta;
      }
    }
    return value;
  }

  #of(counter: CounterName): CounterHistory {
    const known = this.#counters.get(counter) ?? { plain: [], dots: new Map(), resets: [] };
    this.#counters.set(counter, known);
    return known;
  }
}

/** From the first on, everything before its end is the same operation; then it begins again. */
function groupsOf(dots: readonly Dot[]): Dot[][] {
  const groups: Dot[][] = [];
  let end = -Infinity;
  for (const dot of dots) {
    if (dot.at < end) {
      groups.at(-1)?.push(dot);
    } else {
      groups.push([dot]);
      end = dot.until;
    }
  }
  return groups;
}

function leastOf(group: readonly Dot[]): Dot {
  return group.reduce((least, dot) => (byWriting(dot, least) < 0 ? dot : least));
}

function byTime(one: Dot, other: Dot): number {
  return one.at - other.at || byWriting(one, other);
}

function byWriting(one: Dot, other: Dot): number {
  const byWriter = one.writer < other.writer ? -1 : Number(one.writer > other.writer);
  return (
    one.hlc - other.hlc || byWriter || one.position - other.position || one.index - other.index
  );
}
