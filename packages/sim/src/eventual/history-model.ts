/**
 * What a node should show, worked out from every record that it knows: nothing is summed up for
 * good, closed or forgotten. Slow where the core is clever, and short enough to be believed.
 */
import type {
  CounterName,
  KeyedOperation,
  Position,
  RecordBody,
  VersionVector,
  WriterId,
} from "@counter/eventual";

interface Plain {
  readonly writer: WriterId;
  readonly position: Position;
  readonly amount: bigint;
}

/** One place where a keyed operation was accepted. */
export interface Dot {
  readonly writer: WriterId;
  readonly position: Position;
  readonly index: number;
  readonly hlc: number;
  readonly operation: KeyedOperation;
  /** It stands beside a reset. */
  readonly isSet: boolean;
}

/** The latest word on a counter as a whole. */
interface Word {
  readonly hlc: number;
  readonly writer: WriterId;
  readonly position: Position;
  /** `null`: deleted. */
  readonly labels: ReadonlyMap<string, string> | null;
}

interface CounterHistory {
  readonly plain: Plain[];
  readonly keys: Map<string, Dot[]>;
  readonly floor: Map<WriterId, Position>;
  /** What deletions cover. */
  readonly gone: Map<WriterId, Position>;
  word: Word | null;
  /** Kept up to date as long as no reset comes; `null`: to be worked out again. */
  value: bigint | null;
}

/** Where the bodies of records come from. */
export type RecordSource = (writer: WriterId, position: Position) => RecordBody | null;

export class HistoryModel {
  readonly #counters = new Map<CounterName, CounterHistory>();
  readonly #vector = new Map<WriterId, Position>();
  readonly #bodyOf: RecordSource;

  constructor(bodyOf: RecordSource) {
    this.#bodyOf = bodyOf;
  }

  get vector(): VersionVector {
    return this.#vector;
  }

  /**
   * Learns everything up to this vector; `touched` gets the counters that may have changed.
   *
   * @returns the first record that is not to be had, or `null`
   */
  advanceTo(
    vector: VersionVector,
    touched: Set<CounterName>,
  ): { readonly writer: WriterId; readonly position: Position } | null {
    for (const [writer, last] of vector) {
      const known = this.#vector.get(writer) ?? 0;
      for (let position = known + 1; position <= last; position += 1) {
        const body = this.#bodyOf(writer, position);
        if (body === null) return { writer, position };
        this.#learn({ writer, position }, body, touched);
      }
      if (last > known) this.#vector.set(writer, last);
    }
    return null;
  }

  counterNames(): IterableIterator<CounterName> {
    return this.#counters.keys();
  }

  value(name: CounterName): bigint {
    const counter = this.#counters.get(name);
    if (counter === undefined) return 0n;
    counter.value ??= valueOf(counter);
    return counter.value;
  }

  /** The labels of a counter; `null`: there is none of that name. */
  labels(name: CounterName): ReadonlyMap<string, string> | null {
    const counter = this.#counters.get(name);
    if (counter === undefined) return null;
    if (counter.word !== null && counter.word.labels !== null) return counter.word.labels;
    const isLeft = (place: Dot | Plain): boolean => !isCovered(counter.gone, place);
    if (counter.plain.some(isLeft)) return new Map();
    for (const dots of counter.keys.values()) {
      if (groupsOf(dots).some((group) => group.every(isLeft))) return new Map();
    }
    return null;
  }

  /** Whether it was deleted once. */
  wasDeleted(name: CounterName): boolean {
    return (this.#counters.get(name)?.gone.size ?? 0) > 0;
  }

  /** Where a key was accepted, as far as is known. */
  dotsOf(name: CounterName, key: string): readonly Dot[] {
    return this.#counters.get(name)?.keys.get(key) ?? [];
  }

  /** An operation on this counter that a floor should cover and does not; `null` if there is none. */
  uncovered(name: CounterName, floor: ReadonlyMap<WriterId, Position>): string | null {
    const counter = this.#counters.get(name);
    if (counter === undefined) return null;
    for (const { writer, position } of counter.plain) {
      if (position > (floor.get(writer) ?? 0)) return `${writer}@${position}`;
    }
    for (const [key, dots] of counter.keys) {
      for (const { writer, position } of dots) {
        if (position > (floor.get(writer) ?? 0)) return `${key} at ${writer}@${position}`;
      }
    }
    return null;
  }

  #learn(
    at: { readonly writer: WriterId; readonly position: Position },
    body: RecordBody,
    touched: Set<CounterName>,
  ): void {
    const sets = new Set<CounterName>();
    for (const item of body.controls) {
      if (!("counter" in item)) continue;
      const counter = this.#changing(item.counter, touched);
      if (item.kind === "reset") sets.add(item.counter);
      if (item.kind !== "reset") {
        const labels = item.kind === "configure" ? item.config.labels : null;
        const word = { ...at, hlc: body.hlc, labels };
        if (counter.word === null || isLater(word, counter.word)) counter.word = word;
      }
      if (item.kind === "configure") continue;
      counter.value = null;
      raise(counter.floor, item.floor);
      if (item.kind === "delete") raise(counter.gone, item.floor);
    }
    for (const { counter: name, plus, minus } of body.plain) {
      const counter = this.#changing(name, touched);
      const item = { ...at, amount: plus - minus };
      counter.plain.push(item);
      if (counter.value !== null && !isUnder(counter, item)) counter.value += item.amount;
    }
    body.keyed.forEach((operation, index) => {
      const counter = this.#changing(operation.counter, touched);
      const dots = counter.keys.get(operation.key) ?? [];
      const before = keyValue(counter, dots);
      counter.keys.set(operation.key, dots);
      dots.push({ ...at, index, hlc: body.hlc, operation, isSet: sets.has(operation.counter) });
      if (counter.value !== null) counter.value += keyValue(counter, dots) - before;
    });
  }

  #changing(name: CounterName, touched: Set<CounterName>): CounterHistory {
    touched.add(name);
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const floors = { floor: new Map(), gone: new Map() };
      counter = { plain: [], keys: new Map(), ...floors, word: null, value: 0n };
      this.#counters.set(name, counter);
    }
    return counter;
  }
}

function valueOf(counter: CounterHistory): bigint {
  let sum = 0n;
  for (const item of counter.plain) if (!isUnder(counter, item)) sum += item.amount;
  for (const dots of counter.keys.values()) sum += keyValue(counter, dots);
  return sum;
}

/** What one key adds: each of its groups that no reset has cut. */
function keyValue(counter: CounterHistory, dots: readonly Dot[]): bigint {
  let sum = 0n;
  for (const group of groupsOf(dots)) {
    if (group.some((dot) => isUnder(counter, dot))) continue;
    sum += countingDot(group).operation.delta;
  }
  return sum;
}

interface Place {
  readonly writer: WriterId;
  readonly position: Position;
}

function isUnder({ floor }: CounterHistory, place: Place): boolean {
  return isCovered(floor, place);
}

function isCovered(floor: ReadonlyMap<WriterId, Position>, { writer, position }: Place): boolean {
  return position <= (floor.get(writer) ?? 0);
}

function raise(floor: Map<WriterId, Position>, by: readonly Place[]): void {
  for (const { writer, position } of by) {
    floor.set(writer, Math.max(position, floor.get(writer) ?? 0));
  }
}

function isLater(one: Word, other: Word): boolean {
  if (one.hlc !== other.hlc) return one.hlc > other.hlc;
  return one.writer !== other.writer ? one.writer > other.writer : one.position > other.position;
}

/** Dots of one key that count once: from the first one on all that begin before it is forgotten. */
export function groupsOf(dots: readonly Dot[]): Dot[][] {
  if (dots.length === 1) return [[dots[0]!]];
  const ordered = [...dots].sort((a, b) => a.operation.at - b.operation.at || byAge(a, b));
  const groups: Dot[][] = [];
  let until = -Infinity;
  for (const dot of ordered) {
    if (dot.operation.at < until) {
      groups.at(-1)!.push(dot);
      continue;
    }
    groups.push([dot]);
    until = dot.operation.until;
  }
  return groups;
}

/** The dot whose delta counts for its group. */
export function countingDot(group: readonly Dot[]): Dot {
  return group.reduce((least, dot) => (byAge(dot, least) < 0 ? dot : least));
}

function byAge(a: Dot, b: Dot): number {
  if (a.hlc !== b.hlc) return a.hlc - b.hlc;
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1;
  return a.position - b.position || a.index - b.index;
}
