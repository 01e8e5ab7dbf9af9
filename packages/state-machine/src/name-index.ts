/**
 * Names in ascending order, in chunks, so that nothing takes long with a million of them: a name is
 * found by halving, and adding or removing one moves at most a chunk and the list of chunks.
 *
 * Chunks are never empty, and two neighbours together are more than half a chunk: so there are few
 * of them, whatever was removed.
 */

const chunkNames = 512;

export class NameIndex {
  readonly #chunks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a name that is not there. */
  add(name: string): void {
    this.#size += 1;
    const at = this.#chunkOf(name);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([name]);
      return;
    }
    chunk.splice(firstAfter(chunk, name), 0, name);
    if (chunk.length > chunkNames) this.#chunks.splice(at + 1, 0, chunk.splice(chunkNames >> 1));
  }

  /** Removes a name that is there. */
  remove(name: string): void {
    const at = this.#chunkOf(name);
    const chunk = this.#chunks[at];
    const place = chunk === undefined ? 0 : firstAfter(chunk, name) - 1;
    if (chunk?.[place] !== name) return;
    this.#size -= 1;
    chunk.splice(place, 1);
    if (chunk.length === 0) {
      this.#chunks.splice(at, 1);
    } else {
      this.#join(at);
      this.#join(at - 1);
    }
  }

  /** This name, if it is there, and all above it, ascending. To be read before any change. */
  *from(name: string): Generator<string, void, undefined> {
    const first = this.#chunkOf(name);
    for (let at = first; at < this.#chunks.length; at += 1) {
      const chunk = this.#chunks[at]!;
      let start = at === first ? firstAfter(chunk, name) : 0;
      if (start > 0 && chunk[start - 1] === name) start -= 1;
      for (let place = start; place < chunk.length; place += 1) yield chunk[place]!;
    }
  }

  /** Makes one chunk of this and the one that follows, if they are small. */
  #join(at: number): void {
    const [chunk, following] = [this.#chunks[at], this.#chunks[at + 1]];
    if (chunk === undefined || following === undefined) return;
    if (chunk.length + following.length > chunkNames >> 1) return;
    this.#chunks.splice(at, 2, [...chunk, ...following]);
  }

  /** The chunk in which this name is or would be: the last that begins at or before it. */
  #chunkOf(name: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]![0]! <= name) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** How many of a chunk are at or before this name. */
function firstAfter(chunk: readonly string[], name: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunk[middle]! <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
