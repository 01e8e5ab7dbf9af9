/**
 * A map in the order in which its ids were added, of which nothing takes long, however large it is.
 *
 * O1  Ids are found through many small maps. One large `Map` stops everything now and then while it
 *     is rebuilt: 140 ms with a million entries.
 * O2  The order is kept in blocks. A capture takes the list of blocks, a thousandth of the items; a
 *     block that a capture has is copied before it changes. So nobody has to say that he is done
 *     with a capture, and one that is forgotten costs nothing.
 */

/** An item knows its place in the order; no two items of a table share it. */
export interface Placed {
  readonly sequence: number;
}

/** All items of a moment, in order. Can be read more than once, and later. */
export interface Captured<Item> extends Iterable<Item> {
  readonly size: number;
}

interface Block<Item> {
  /** Ascending by `sequence`. */
  readonly items: Item[];
  /** How many captures had been taken when it was made: those and no others may have it. */
  readonly captures: number;
}

const blockItems = 1024;
const shardCount = 256;
/** Ids that differ, differ at the end; longer ones are not looked at as a whole. */
const hashedCharacters = 64;

export class OrderedTable<Item extends Placed> {
  /** Made when they are needed: most tables are small. */
  readonly #shards: (Map<string, Item> | undefined)[] = new Array<undefined>(shardCount);
  /** By `sequence / blockItems`, in ascending order. */
  readonly #blocks = new Map<number, Block<Item>>();
  #size = 0;
  #nextSequence = 0;
  #captures = 0;

  get size(): number {
    return this.#size;
  }

  /** The place of the next item that is added. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  get(id: string): Item | undefined {
    return this.#shards[shardOf(id)]?.get(id);
  }

  /** Adds an item at `nextSequence`. The caller has looked that the id is new. */
  add(id: string, item: Item): void {
    this.#nextSequence += 1;
    this.#size += 1;
    (this.#shards[shardOf(id)] ??= new Map<string, Item>()).set(id, item);
    this.#ownBlock(item.sequence).items.push(item);
  }

  /** Puts an item in the place of the one with the same id and sequence. */
  replace(id: string, item: Item): void {
    this.#shards[shardOf(id)]!.set(id, item);
    const { items } = this.#ownBlock(item.sequence);
    items[slotOf(items, item.sequence)] = item;
  }

  remove(id: string, { sequence }: Item): void {
    this.#size -= 1;
    this.#shards[shardOf(id)]!.delete(id);
    const { items } = this.#ownBlock(sequence);
    if (items.length === 1) this.#blocks.delete(numberOf(sequence));
    else items.splice(slotOf(items, sequence), 1);
  }

  /** All items in order, as they are now. */
  capture(): Captured<Item> {
    this.#captures += 1;
    const blocks = [...this.#blocks.values()];
    return { size: this.#size, [Symbol.iterator]: () => itemsOf(blocks) };
  }

  /** The items in order. To be read before anything is changed. */
  values(): Generator<Item, void, undefined> {
    return itemsOf(this.#blocks.values());
  }

  /** The items from this place on, in order. To be read before anything is changed. */
  *from(sequence: number): Generator<Item, void, undefined> {
    for (const [number, { items }] of this.#blocks) {
      if (number < numberOf(sequence)) continue;
      for (const item of items) if (item.sequence >= sequence) yield item;
    }
  }

  /** How many items there are before this place. */
  countBefore(sequence: number): number {
    let count = 0;
    for (const [number, { items }] of this.#blocks) {
      if (number > numberOf(sequence)) break;
      if (number < numberOf(sequence)) count += items.length;
      else count += items.filter((item) => item.sequence < sequence).length;
    }
    return count;
  }

  /** The block of this place, for changing: no capture has it. */
  #ownBlock(sequence: number): Block<Item> {
    const number = numberOf(sequence);
    const block = this.#blocks.get(number);
    if (block?.captures === this.#captures) return block;
    const own = { items: block === undefined ? [] : block.items.slice(), captures: this.#captures };
    this.#blocks.set(number, own);
    return own;
  }
}

function* itemsOf<Item>(blocks: Iterable<Block<Item>>): Generator<Item, void, undefined> {
  for (const { items } of blocks) yield* items;
}

function numberOf(sequence: number): number {
  return Math.floor(sequence / blockItems);
}

/** Where the item of this sequence is. Where nothing was removed that is known at once. */
function slotOf(items: readonly Placed[], sequence: number): number {
  let low = 0;
  let high = Math.min(items.length - 1, sequence % blockItems);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (items[middle]!.sequence <= sequence) low = middle;
    else high = middle - 1;
  }
  return low;
}

function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, id.length - hashedCharacters); at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (shardCount - 1);
}
