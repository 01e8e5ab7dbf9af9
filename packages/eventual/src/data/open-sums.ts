/**
 * What the open keys of a counter add, so that a reset or a deletion of a counter takes no step for
 * each of its keys: there may be a million.
 *
 * Z1  A key of one row, an addition, stands in the blocks of its writer, in the order of positions.
 *     A floor cuts one block of a writer at most; all others count as a whole or not at all.
 * Z2  A key of several rows counts by all of them together (G2), so it stands apart, and is looked
 *     at each time. These are keys that were sent again to another node.
 * Z3  A covered key stays: a deed that covered it may turn out not to have been the first (D2).
 *
 * Only what is added counts here. Whether a key has ended is up to those who put it in.
 */
import type { Position } from "../types.ts";
import type { CounterState, OpenSums, RowBlock } from "./counter-state.ts";
import type { DotTable } from "./dots.ts";
import { identityAdds, identityLives } from "./groups.ts";
import type { Slot } from "./slot.ts";
import { noSlot } from "./slot.ts";

/** A block that has so many rows is full; one that comes to have twice as many is cut. */
export const blockRows = 256;

export function emptySums(): OpenSums {
  return { blocks: new Map(), several: new Set() };
}

/** Takes in the rows of a key as they are now; `first` is the first of them. */
export function putKey(dots: DotTable, counter: CounterState, key: string, first: Slot): void {
  const sums = (counter.sums ??= emptySums());
  if (dots.next(first) !== noSlot) {
    sums.several.add(key);
  } else if (dots.deed(first) === null && dots.until(first) > counter.closed.before) {
    const writer = dots.writer(first);
    const blocks = sums.blocks.get(writer);
    if (blocks === undefined) sums.blocks.set(writer, [blockOf(dots, [first])]);
    else insert(dots, blocks, first);
  }
}

/** Before the rows of a key change, of which `first` is the first. */
export function takeKey(dots: DotTable, { sums }: CounterState, key: string, first: Slot): void {
  if (sums === null || (sums.several.size > 0 && sums.several.delete(key))) return;
  const writer = dots.writer(first);
  const blocks = sums.blocks.get(writer);
  if (blocks === undefined) return;
  remove(dots, blocks, first);
  if (blocks.length === 0) sums.blocks.delete(writer);
}

/** What all of it adds, and how many uses no deletion covers. */
export function totalOf(
  dots: DotTable,
  counter: CounterState,
): { readonly open: bigint; readonly alive: number } {
  const { blocks: all, several } = counter.sums ?? emptySums();
  let open = 0n;
  let alive = 0;
  for (const [writer, blocks] of all) {
    const floor = counter.floor.get(writer)?.position ?? 0;
    const gone = counter.gone.get(writer) ?? 0;
    for (const block of blocks) {
      open += addsAbove(dots, block, floor);
      alive += rowsAbove(dots, block, gone);
    }
  }
  for (const key of several) {
    const first = counter.keys.get(key)!;
    open += identityAdds(dots, counter, first);
    alive += identityLives(dots, counter, first);
  }
  return { open, alive };
}

function addsAbove(dots: DotTable, block: RowBlock, floor: Position): bigint {
  if (block.first > floor) return block.adds;
  if (block.last <= floor) return 0n;
  let adds = 0n;
  for (const slot of block.slots) if (dots.position(slot) > floor) adds += dots.delta(slot);
  return adds;
}

function rowsAbove(dots: DotTable, block: RowBlock, floor: Position): number {
  if (block.first > floor) return block.slots.length;
  if (block.last <= floor) return 0;
  let rows = 0;
  for (const slot of block.slots) if (dots.position(slot) > floor) rows += 1;
  return rows;
}

function blockOf(dots: DotTable, slots: Slot[]): RowBlock {
  let [first, last, adds] = [Infinity, 0, 0n];
  for (const slot of slots) {
    const position = dots.position(slot);
    first = Math.min(first, position);
    last = Math.max(last, position);
    adds += dots.delta(slot);
  }
  return { first, last, adds, slots };
}

/** @param blocks - at least one */
function insert(dots: DotTable, blocks: RowBlock[], slot: Slot): void {
  const position = dots.position(slot);
  const latest = blocks.at(-1)!;
  if (position > latest.last && latest.slots.length >= blockRows) {
    blocks.push(blockOf(dots, [slot]));
    return;
  }
  const place = placeOf(blocks, position);
  const block = blocks[place]!;
  block.first = Math.min(block.first, position);
  block.last = Math.max(block.last, position);
  block.adds += dots.delta(slot);
  block.slots.push(slot);
  if (block.slots.length >= 2 * blockRows && block.first < block.last) {
    blocks.splice(place, 1, ...halvesOf(dots, block));
  }
}

/** Where this position belongs: the last block that begins at or before it, or else the first. */
function placeOf(blocks: readonly RowBlock[], position: Position): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (blocks[middle]!.first <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Cut between two positions, so that both have something if it has more than one. */
function halvesOf(dots: DotTable, { slots }: RowBlock): RowBlock[] {
  const positions = slots.map((slot) => dots.position(slot)).sort((one, other) => one - other);
  const middle = positions[positions.length >> 1]!;
  const cut = middle > positions[0]! ? middle : positions.find((position) => position > middle);
  if (cut === undefined) return [blockOf(dots, slots)];
  const below = slots.filter((slot) => dots.position(slot) < cut);
  const above = slots.filter((slot) => dots.position(slot) >= cut);
  return [blockOf(dots, below), blockOf(dots, above)];
}

/** Nothing happens if it is not there: a row that had ended was not put in. */
function remove(dots: DotTable, blocks: RowBlock[], slot: Slot): void {
  const place = placeOf(blocks, dots.position(slot));
  const block = blocks[place]!;
  const at = block.slots.indexOf(slot);
  if (at < 0) return;
  if (at === 0)
    block.slots.shift(); // nearly always, for keys are closed in their order
  else block.slots.splice(at, 1);
  block.adds -= dots.delta(slot);
  if (block.slots.length === 0) blocks.splice(place, 1);
}
