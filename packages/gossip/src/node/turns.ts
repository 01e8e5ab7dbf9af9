/** Long work in slices: others have the event loop between them, so that pings are answered. */
import type { Input } from "../core/door.ts";
import type { PushPull } from "../messages.ts";

/** Rows of a table that the core merges in one step: some milliseconds, if all of them are new. */
export const MERGED_ROWS_MAX = 128;
/** Long tables that wait to be merged. Each has at most as many rows as a stream may bring. */
export const TABLES_WAITING_MAX = 16;

/**
 * Does the first slice at once, and each other one in a later turn of the event loop.
 *
 * @param isOver - whether nobody wants the result any more
 */
export function inTurns<T>(
  slices: Generator<undefined, T, undefined>,
  done: (result: T) => void,
  isOver: () => boolean,
): void {
  const slice = slices.next();
  if (slice.done === true) return done(slice.value);
  setImmediate(() => {
    if (!isOver()) inTurns(slices, done, isOver);
  });
}

/** A table that arrived. */
export type TableInput = Extract<Input, { type: "stream" | "streamAnswered" }> & {
  readonly message: PushPull;
};

/** Whether it is a table that takes more than one step. */
export function isLongTable(input: Input): input is TableInput {
  if (input.type !== "stream" && input.type !== "streamAnswered") return false;
  const { message } = input;
  return message.type === "pushPull" && message.states.length > MERGED_ROWS_MAX;
}

interface Waiting {
  readonly input: TableInput;
  readonly from: Rows["from"];
  readonly ended: () => void;
}

type Rows = Extract<Input, { type: "rows" }>;

/**
 * Steps long tables into the core piece by piece, one table after the other: what a newcomer learns
 * from its first table must be known before a second one can tell what is news (X3).
 */
export class TableMerger {
  readonly #step: (input: Input) => void;
  readonly #waiting: Waiting[] = [];
  #isClosed: boolean = false;

  /** @param step - steps an input; it does not hold up a tick */
  constructor(step: (input: Input) => void) {
    this.#step = step;
  }

  /**
   * @param ended - called when all of it was stepped
   * @returns `false` if too many wait; nothing is stepped then
   */
  merge(input: TableInput, from: Rows["from"], ended: () => void): boolean {
    if (this.#waiting.length >= TABLES_WAITING_MAX) return false;
    this.#waiting.push({ input, from, ended });
    if (this.#waiting.length === 1) this.#next();
    return true;
  }

  close(): void {
    this.#isClosed = true;
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const over = (): void => {
      first.ended();
      this.#waiting.shift();
      this.#next();
    };
    inTurns(this.#pieces(first), over, () => this.#isClosed);
  }

  *#pieces({ input, from }: Waiting): Generator<undefined, void, undefined> {
    const { states } = input.message;
    const exchange = input.type === "streamAnswered" ? input.exchange : null;
    let start = 0;
    for (; states.length - start > MERGED_ROWS_MAX; start += MERGED_ROWS_MAX) {
      const piece = states.slice(start, start + MERGED_ROWS_MAX);
      this.#step({ type: "rows", from, exchange, states: piece });
      yield;
    }
    this.#step({ ...input, message: { ...input.message, states: states.slice(start) } });
  }
}
