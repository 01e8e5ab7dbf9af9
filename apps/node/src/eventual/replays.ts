/** Tells how much was replayed: in one line a burst, however many exchanges it took. */

/** From the first exchange of a burst to its line, in milliseconds. */
const gatherMs = 500;

export interface Replay {
  readonly peer: string;
  readonly direction: "in" | "out";
}

interface Sum {
  records: number;
  bytes: number;
  exchanges: number;
}

export class Replays {
  readonly #tell: (replay: Replay, sum: Readonly<Sum>) => void;
  /** By direction and peer; a burst is short, and peers are few. */
  readonly #sums = new Map<string, { readonly replay: Replay; readonly sum: Sum }>();
  #timer: NodeJS.Timeout | null = null;

  constructor(tell: (replay: Replay, sum: Readonly<Sum>) => void) {
    this.#tell = tell;
  }

  add(replay: Replay & { readonly records: number; readonly bytes: number }): void {
    const way = `${replay.direction} ${replay.peer}`;
    const { sum } = this.#sums.get(way) ?? { sum: { records: 0, bytes: 0, exchanges: 0 } };
    sum.records += replay.records;
    sum.bytes += replay.bytes;
    sum.exchanges += 1;
    this.#sums.set(way, { replay, sum });
    this.#timer ??= setTimeout(() => this.flush(), gatherMs).unref();
  }

  /** Tells what is not told yet. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const sums = [...this.#sums.values()];
    this.#sums.clear();
    for (const { replay, sum } of sums) this.#tell(replay, sum);
  }
}
