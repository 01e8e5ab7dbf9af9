/**
 * The meaning of counters, as naive as can be: every operation ever written is kept, and a value is
 * computed from all that somebody knows. Nothing is closed, summed up or merged. What a node
 * computes from its compact state has to be the same, always.
 */
import type {
  Control,
  CounterName,
  Deed,
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
  readonly deed: Deed | null;
}

interface CounterHistory {
  readonly plain: (Place & { readonly sum: bigint })[];
  /** Of each key, in the order of their time. */
  readonly dots: Map<string, Dot[]>;
  readonly resets: Cover[];
  readonly deletions: Cover[];
  /** Settings and deletions. */
  readonly words: Word[];
}

/** What somebody wiped out. */
interface Cover extends Place {
  readonly floor: ReadonlyMap<WriterId, Position>;
}

interface Word extends Place {
  readonly hlc: number;
  readonly index: number;
  /** `null`: deleted. */
  readonly labels: ReadonlyMap<string, string> | null;
}

export class FullHistory {
  readonly #counters = new Map<CounterName, CounterHistory>();

  /** Every record that anybody ever writes, once, in any order. */
  add(writer: WriterId, position: Position, body: RecordBody): void {
    for (const [index, control] of body.controls.entries()) {
      const word = { writer, position, hlc: body.hlc, index };
      if (control.kind === "deed") this.#addDot({ ...control, ...word, delta: 0n });
      if (control.kind === "configure") {
        this.#of(control.counter).words.push({ ...word, labels: control.config.labels });
      }
      if (control.kind !== "reset" && control.kind !== "delete") continue;
      const floor = floorOf(control.floor);
      const { resets, deletions, words } = this.#of(control.counter);
      resets.push({ writer, position, floor });
      if (control.kind === "reset") continue;
      deletions.push({ writer, position, floor });
      words.push({ ...word, labels: null });
    }
    for (const { counter, plus, minus } of body.plain) {
      this.#of(counter).plain.push({ writer, position, sum: plus - minus });
    }
    for (const [index, operation] of body.keyed.entries()) {
      this.#addDot({ ...operation, writer, position, index, hlc: body.hlc, deed: null });
    }
  }

  #addDot(dot: Dot): void {
    const { dots } = this.#of(dot.counter);
    const known = dots.get(dot.key) ?? [];
    dots.set(dot.key, [...known, dot].sort(byTime));
  }

  counters(): Iterable<CounterName> {
    return this.#counters.keys();
  }

  /** What the counter is for somebody who knows these records. */
  valueOf(counter: CounterName, known: VersionVector): bigint {
    const history = this.#of(counter);
    const isKnown = isIn(known);
    const deeds = heldIn(history, isKnown);
    const isUnderFloor = isIn(highest([...history.resets.filter(isKnown), ...coversOf(deeds)]));
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

  /** Labels of the counter for somebody who knows these records; `null`: there is none. */
  labelsOf(counter: CounterName, known: VersionVector): ReadonlyMap<string, string> | null {
    const history = this.#of(counter);
    const { plain, dots, deletions, words } = history;
    const isKnown = isIn(known);
    const deeds = heldIn(history, isKnown);
    const said = [...words.filter(isKnown), ...deeds.map(wordOf)];
    const word = said.reduce<Word | null>((last, next) => {
      return last === null || byWriting(last, next) < 0 ? next : last;
    }, null);
    const isGone = isIn(highest([...deletions.filter(isKnown), ...coversOf(deeds)]));
    const isUsed =
      plain.some((place) => isKnown(place) && !isGone(place)) ||
      [...dots.values()]
        .flatMap((all) => groupsOf(all.filter(isKnown)))
        .some((group) => leastOf(group).deed === null && !group.some(isGone));
    return word?.labels ?? (isUsed ? new Map() : null);
  }

  #of(counter: CounterName): CounterHistory {
    const known = this.#counters.get(counter) ?? {
      ...{ plain: [], dots: new Map(), resets: [], deletions: [], words: [] },
    };
    this.#counters.set(counter, known);
    return known;
  }
}

interface HeldDeed extends Dot {
  readonly deed: Deed;
}

/** Of all with one key the first holds. */
function heldIn({ dots }: CounterHistory, isKnown: (place: Place) => boolean): HeldDeed[] {
  return [...dots.values()]
    .flatMap((all) => groupsOf(all.filter(isKnown)).map(leastOf))
    .filter((dot): dot is HeldDeed => dot.deed !== null);
}

function coversOf(deeds: readonly HeldDeed[]): Cover[] {
  return deeds.flatMap(({ deed, writer, position }) => {
    return deed.type === "delete" ? [{ writer, position, floor: floorOf(deed.floor) }] : [];
  });
}

function wordOf({ deed, writer, position, hlc, index }: HeldDeed): Word {
  const labels = deed.type === "delete" ? null : deed.config.labels;
  return { writer, position, hlc, index, labels };
}

function floorOf(floor: (Control & { kind: "reset" })["floor"]): ReadonlyMap<WriterId, Position> {
  return new Map(floor.map(({ writer, position }) => [writer, position]));
}

function isIn(vector: VersionVector): (place: Place) => boolean {
  return ({ writer, position }) => position <= (vector.get(writer) ?? 0);
}

function highest(covers: readonly Cover[]): VersionVector {
  const all = new Map<WriterId, Position>();
  for (const { floor } of covers) {
    for (const [writer, position] of floor) {
      all.set(writer, Math.max(position, all.get(writer) ?? 0));
    }
  }
  return all;
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

function byWriting(one: Omit<Word, "labels">, other: Omit<Word, "labels">): number {
  const byWriter = one.writer < other.writer ? -1 : Number(one.writer > other.writer);
  return (
    one.hlc - other.hlc || byWriter || one.position - other.position || one.index - other.index
  );
}
