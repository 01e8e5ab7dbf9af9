/**
 * Names in order, for lists by prefix: sorted chunks, so that neither a new name nor a page of a
 * list ever touches all of a hundred thousand.
 */
import type { CounterName } from "../types.ts";

/** A chunk that grows beyond this is cut into halves. */
const chunkMax = 512;

export class NameTable {
  /** None is empty; each ends before the next one begins. */
  readonly #chunks: CounterName[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a name; again is no harm. */
  add(name: CounterName): void {
    const place = this.#chunkOf(name);
    const chunk = this.#chunks[place];
    if (chunk === undefined) {
      // Beyond all others: it goes to the end of the last chunk.
      const last = this.#chunks.at(-1);
      if (last === undefined) this.#chunks.push([name]);
      else this.#insert(this.#chunks.length - 1, last.length, name);
      this.#size += 1;
      return;
    }
    const at = firstFrom(chunk, name);
    if (chunk[at] === name) return;
    this.#insert(place, at, name);
    this.#size += 1;
  }

  /**
   * The first names from `from` on, in order.
   *
   * @param isAfter - leaves `from` itself out
   * @param most - of names; there are fewer where the table ends
   */
  page(
    { from, isAfter }: { readonly from: CounterName; readonly isAfter: boolean },
    most: number,
  ): CounterName[] {
    const names: CounterName[] = [];
    let place = this.#chunkOf(from);
    let at = firstFrom(this.#chunks[place] ?? [], from);
    if (isAfter && this.#chunks[place]?.[at] === from) at += 1;
    for (; place < this.#chunks.length && names.length < most; place += 1) {
      names.push(...this.#chunks[place]!.slice(at, at + most - names.length));
      at = 0;
    }
    return names;
  }

  /** The first chunk that ends at or after this name; the number of chunks if none does. */
  #chunkOf(name: CounterName): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.at(-1)! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(place: number, at: number, name: CounterName): void {
    const chunk = this.#chunks[place]!;
    chunk.splice(at, 0, name);
    if (chunk.length <= chunkMax) return;
    this.#chunks.splice(place + 1, 0, chunk.splice(chunk.length >> 1));
  }
}

/** Place of the first name that is not before this one. */
function firstFrom(chunk: readonly CounterName[], name: CounterName): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunk[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
