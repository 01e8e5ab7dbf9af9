/** Tells how much was replayed: in one line a burst, however many exchanges it took. */

/** From the first exchange of a burst to its line, in milliseconds. */
const gatherMs = 500;

interface Sum {
  records: number;
  bytes: number;
  exchanges: number;
}

export class Replays {
  readonly #tell: (way: string, sum: Readonly<Sum>) => void;
  /** By direction and peer; a burst is short, and peers are few. */
  readonly #sums = new Map<string, Sum>();
  #timer: NodeJS.Timeout | null = null;

  /** @param tell - called with, say, `to 127.0.0.1:8081` */
  constructor(tell: (way: string, sum: Readonly<Sum>) => void) {
    this.#tell = tell;
  }

  add(way: string, { records, bytes }: { readonly records: number; readonly bytes: number }): void {
    const sum = this.#sums.get(way) ?? { records: 0, bytes: 0, exchanges: 0 };
    sum.records += records;
    sum.bytes += bytes;
    sum.exchanges += 1;
    this.#sums.set(way, sum);
    this.#timer ??= setTimeout(() => this.flush(), gatherMs).unref();
  }

  /** Tells what is not told yet. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const sums = [...this.#sums];
    this.#sums.clear();
    for (const [way, sum] of sums) this.#tell(way, sum);
  }
}
