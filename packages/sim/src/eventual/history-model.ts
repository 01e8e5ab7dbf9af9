/**
 * What a node should show, worked out from every record that it knows: nothing is summed up for
 * good, closed or forgotten. Slow where the core is clever, and short enough to be believed.
 */
import type { CounterName, Position, RecordBody, VersionVector, WriterId } from "@counter/eventual";
import type { Dot } from "./history-groups.ts";
import { countingDot, groupsOf } from "./history-groups.ts";

interface Plain {
  readonly writer: WriterId;
  readonly position: Position;
  readonly amount: bigint;
}

/** The latest word on a counter as a whole. */
interface Word {
  readonly hlc: number;
  readonly writer: WriterId;
  readonly position: Position;
  /** `null`: deleted. */
  readonly labels: ReadonlyMap<string, string> | null;
}

/** What was said of a counter as a whole. */
interface Words {
  readonly floor: Map<WriterId, Position>;
  /** What deletions cover. */
  readonly gone: Map<WriterId, Position>;
  word: Word | null;
}

interface CounterHistory {
  readonly plain: Plain[];
  readonly keys: Map<string, Dot[]>;
  /** Without keys. */
  readonly said: Words;
  /** Keys under which something was said. */
  readonly deedKeys: Set<string>;
  /** All of that; `null`: to be worked out again. */
  words: Words | null;
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
    const { word, gone } = wordsOf(counter);
    if (word !== null && word.labels !== null) return word.labels;
    const isLeft = (place: Dot | Plain): boolean => !isCovered(gone, place);
    if (counter.plain.some(isLeft)) return new Map();
    for (const dots of counter.keys.values()) {
      const groups = groupsOf(dots).filter((group) => countingDot(group).deed === null);
      if (groups.some((group) => group.every(isLeft))) return new Map();
    }
    return null;
  }

  /** Whether it was deleted once. */
  wasDeleted(name: CounterName): boolean {
    const counter = this.#counters.get(name);
    return counter !== undefined && wordsOf(counter).gone.size > 0;
  }

  /** Whether something was done to it under one key at several nodes. */
  hasDisplacedDeeds(name: CounterName): boolean {
    const counter = this.#counters.get(name);
    return [...(counter?.deedKeys ?? [])].some((key) => this.dotsOf(name, key).length > 1);
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
    for (const [index, item] of body.controls.entries()) {
      if (!("counter" in item)) continue;
      const counter = this.#changing(item.counter, touched);
      counter.words = null;
      counter.value = null;
      if (item.kind === "deed") {
        counter.deedKeys.add(item.key);
        const { deed, ...operation } = { ...item, delta: 0n };
        dotsIn(counter, item.key).push({
          ...at,
          index,
          hlc: body.hlc,
          operation,
          isSet: false,
          deed,
        });
        continue;
      }
      if (item.kind === "reset") sets.add(item.counter);
      if (item.kind !== "reset") {
        const labels = item.kind === "configure" ? item.config.labels : null;
        say(counter.said, { ...at, hlc: body.hlc, labels });
      }
      if (item.kind === "configure") continue;
      raise(counter.said.floor, item.floor);
      if (item.kind === "delete") raise(counter.said.gone, item.floor);
    }
    for (const { counter: name, plus, minus } of body.plain) {
      const counter = this.#changing(name, touched);
      const item = { ...at, amount: plus - minus };
      counter.plain.push(item);
      if (counter.value !== null && !isUnder(counter, item)) counter.value += item.amount;
    }
    body.keyed.forEach((operation, index) => {
      const counter = this.#changing(operation.counter, touched);
      const dots = dotsIn(counter, operation.key);
      if (counter.deedKeys.has(operation.key)) counter.words = counter.value = null;
      const before = counter.value === null ? 0n : keyValue(counter, dots);
      const isSet = sets.has(operation.counter);
      dots.push({ ...at, index, hlc: body.hlc, operation, isSet, deed: null });
      if (counter.value !== null) counter.value += keyValue(counter, dots) - before;
    });
  }

  #changing(name: CounterName, touched: Set<CounterName>): CounterHistory {
    touched.add(name);
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const said = { floor: new Map(), gone: new Map(), word: null };
      const rest = { deedKeys: new Set<string>(), words: null, value: 0n };
      counter = { plain: [], keys: new Map(), said, ...rest };
      this.#counters.set(name, counter);
    }
    return counter;
  }
}

function dotsIn({ keys }: CounterHistory, key: string): Dot[] {
  const dots = keys.get(key) ?? [];
  keys.set(key, dots);
  return dots;
}

/** With what the first of each key said. */
function wordsOf(counter: CounterHistory): Words {
  if (counter.words !== null) return counter.words;
  const { floor, gone, word } = counter.said;
  const words = { floor: new Map(floor), gone: new Map(gone), word };
  for (const key of counter.deedKeys) {
    for (const group of groupsOf(counter.keys.get(key) ?? [])) {
      const { deed, hlc, writer, position } = countingDot(group);
      if (deed === null) continue;
      const labels = deed.type === "delete" ? null : deed.config.labels;
      say(words, { hlc, writer, position, labels });
      if (deed.type === "configure") continue;
      raise(words.floor, deed.floor);
      raise(words.gone, deed.floor);
    }
  }
  counter.words = words;
  return words;
}

function say(words: Words, word: Word): void {
  if (words.word === null || isLater(word, words.word)) words.word = word;
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

function isUnder(counter: CounterHistory, place: Place): boolean {
  return isCovered(wordsOf(counter).floor, place);
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
