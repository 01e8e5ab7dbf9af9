/**
 * What the newest records say of each counter, by counter. Whoever asks how far a counter has spread
 * asks again and again about the same few records: they are read once.
 */
import type { CounterName, KeyedOperation, Position, RecordBody, WriterId } from "../types.ts";

/** Most records that are looked through for one answer, and kept for that. */
export const spreadRecordsMax: number = 256;
/** Most operations and controls of the records that are kept: what more there is, is decoded. */
export const recentItemsMax: number = 16_384;

/** What one record says of one counter. */
export interface Touch {
  /** Without a key. */
  sum: bigint;
  readonly keyed: Pick<KeyedOperation, "key" | "delta">[];
  /** Something was done to it as a whole. */
  acted: boolean;
}

export type Touched = ReadonlyMap<CounterName, Touch>;

interface Recent {
  /** Until somebody asks. */
  body: RecordBody | null;
  touched: Touched | null;
  readonly items: number;
}

export class RecentRecords {
  /** In the order in which they came. */
  readonly #records = new Map<string, Recent>();
  #items = 0;

  get size(): number {
    return this.#records.size;
  }

  add(writer: WriterId, position: Position, body: RecordBody): void {
    const items = body.controls.length + body.plain.length + body.keyed.length;
    this.#records.set(idOf(writer, position), { body, touched: null, items });
    this.#items += items;
    while (this.#records.size > spreadRecordsMax || this.#items > recentItemsMax) this.#dropFirst();
  }

  /** `null`: it is not kept. */
  touched(writer: WriterId, position: Position): Touched | null {
    const recent = this.#records.get(idOf(writer, position));
    if (recent === undefined) return null;
    if (recent.body !== null) {
      recent.touched = touchedBy(recent.body);
      recent.body = null;
    }
    return recent.touched;
  }

  #dropFirst(): void {
    for (const [id, { items }] of this.#records) {
      this.#records.delete(id);
      this.#items -= items;
      return;
    }
  }
}

function idOf(writer: WriterId, position: Position): string {
  return `${writer} ${position}`;
}

export function touchedBy({ controls, plain, keyed }: RecordBody): Touched {
  const touched = new Map<CounterName, Touch>();
  const touch = (counter: CounterName): Touch => {
    let found = touched.get(counter);
    if (found === undefined) touched.set(counter, (found = { sum: 0n, keyed: [], acted: false }));
    return found;
  };
  for (const item of controls) if ("counter" in item) touch(item.counter).acted = true;
  for (const { counter, plus, minus } of plain) touch(counter).sum += plus - minus;
  for (const { counter, key, delta } of keyed) touch(counter).keyed.push({ key, delta });
  return touched;
}
