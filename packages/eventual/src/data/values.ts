/** What counters come to: cells, floors, and the sums over keys. */
import type { CounterName, FloorEntry, Position, VersionVector, WriterId } from "../types.ts";
import { cover, showDeeds } from "./deeds.ts";
import { sumOpenKeys, sumUnclosedKeys } from "./keys.ts";
import type { Cell, ClosedKeys, CounterState } from "./counter-state.ts";
import type { Replica } from "./replica.ts";
import { nothingClosed } from "./counter-state.ts";

/** 0n of a counter that is not known. Takes a step for each writer, not for each key. */
export function valueOf(r: Replica, name: CounterName): bigint {
  const counter = r.counters.get(name);
  if (counter === undefined) return 0n;
  let value = counter.open + closedTotal(counter);
  for (const [writer, cell] of counter.cells) {
    const floor = counter.floor.get(writer);
    if (floor === undefined) value += cell.plus - cell.minus;
    // A reset may arrive before what it covers: until then there is nothing to take off.
    else if (cell.position > floor.position) {
      value += cell.plus - floor.plus - (cell.minus - floor.minus);
    }
  }
  return value;
}

/** What a writer has added to a counter and taken from it, without keys and beyond the floor. */
export function cellAdds(
  counter: CounterState,
  writer: WriterId,
): { readonly plus: bigint; readonly minus: bigint } {
  const cell = counter.cells.get(writer);
  const floor = counter.floor.get(writer);
  if (cell === undefined) return { plus: 0n, minus: 0n };
  if (floor === undefined) return { plus: cell.plus, minus: cell.minus };
  if (cell.position <= floor.position) return { plus: 0n, minus: 0n };
  return { plus: cell.plus - floor.plus, minus: cell.minus - floor.minus };
}

/** Of all that anything is remembered of, deleted ones included. */
export function counterCount(r: Replica): number {
  return r.counters.size;
}

/**
 * What a reset written now covers: of each writer, what is applied, in the order of their ids.
 *
 * While pieces of a snapshot are ahead of the records, the cells are what is known, so they decide.
 *
 * @param own - our own writer and the position that comes before the record of the reset
 */
export function floorNow(
  r: Replica,
  name: CounterName,
  own: { readonly writer: WriterId; readonly position: Position } | null,
): readonly FloorEntry[] {
  const cells = r.counters.get(name)?.cells;
  const positions = new Map<WriterId, Position>();
  for (const [writer, { position }] of r.writers) positions.set(writer, position);
  if (cells !== undefined) {
    for (const [writer, { position }] of cells) {
      positions.set(writer, Math.max(position, positions.get(writer) ?? 0));
    }
  }
  if (own !== null) positions.set(own.writer, own.position);
  const floor: FloorEntry[] = [];
  for (const writer of [...positions.keys()].sort()) {
    const position = positions.get(writer)!;
    const { plus, minus } = cells?.get(writer) ?? { plus: 0n, minus: 0n };
    if (position > 0) floor.push({ writer, position, plus, minus });
  }
  return floor;
}

/** Adds what a record says to the cell of its writer, unless that has it already. */
export function addPlain(
  counter: CounterState,
  at: { readonly writer: WriterId; readonly position: Position },
  sum: { readonly plus: bigint; readonly minus: bigint },
): void {
  const cell = counter.cells.get(at.writer);
  if (cell === undefined) {
    counter.cells.set(at.writer, { position: at.position, plus: sum.plus, minus: sum.minus });
  } else if (at.position > cell.position) {
    cell.position = at.position;
    cell.plus += sum.plus;
    cell.minus += sum.minus;
  }
}

/** Of two states of one cell, the later. */
export function joinCell(counter: CounterState, writer: WriterId, cell: Cell): void {
  const known = counter.cells.get(writer);
  if (known === undefined || known.position < cell.position) counter.cells.set(writer, cell);
}

/** What a reset or a deletion covers, or a piece says of that. */
export interface Covered {
  readonly floor: readonly FloorEntry[];
  /** What deletions cover. */
  readonly gone?: readonly Pick<FloorEntry, "writer" | "position">[];
  readonly closed?: ClosedKeys;
}

/** Of each writer the higher floor, and of what is closed the later; then the keys again. */
export function joinFloor(
  r: Replica,
  counter: CounterState,
  { floor, gone = [], closed = nothingClosed }: Covered,
): void {
  const changed = cover(counter, floor, gone);
  const closedMore = closed.before > counter.closed.before;
  if (closedMore) {
    counter.closed = closed;
    showDeeds(r, counter); // those that are closed are in `floor` and `gone`
  }
  if (counter.keys.size === 0) return;
  if (closedMore) sumUnclosedKeys(r, counter);
  else if (changed) sumOpenKeys(r, counter);
}

/** What closed keys add: all of them or none, for no reset cuts between them (see `closing.ts`). */
export function closedTotal(counter: CounterState): bigint {
  const { total, upTo } = counter.closed;
  return isCovered(counter, upTo) ? 0n : total;
}

function isCovered(counter: CounterState, upTo: VersionVector): boolean {
  for (const [writer, position] of upTo) {
    if ((counter.floor.get(writer)?.position ?? 0) < position) return false;
  }
  return true;
}
