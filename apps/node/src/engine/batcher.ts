/**
 * Group commit: all operations of one turn of the event loop become one command of the log.
 *
 * - B1 An operation waits for the end of its turn and never longer: no timer, no added delay.
 * - B2 Operations without a key on one counter are summed into one; each caller gets its own result
 *   by prefix. That is a valid order of operations that were all under way at the same time.
 * - B3 An operation with a key is never summed: its answer must be stored under its key alone.
 */
import type { Operation, OperationKey, OperationResult } from "@counter/state-machine";

import { OperationRefusedError, TooManyWaitingError, type Written } from "./engine.ts";

/** Most operations in one command. */
export const batchMaxOperations: number = 1024;

/** Most callers that wait for an answer; further ones are refused. */
export const waitingMax: number = 16_384;

/**
 * Only amounts below this are summed. A sum of larger ones could leave the range of values and be
 * refused, and with it callers whose own amount was fine.
 */
const summedBelow = 1n << 64n;

interface Waiter {
  readonly amount: bigint;
  /** What earlier callers of the same sum asked for together. */
  readonly before: bigint;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly type: "add" | "next";
  readonly counter: string;
  readonly key: OperationKey | null;
  total: bigint;
  readonly waiters: Waiter[];
}

export interface BatcherOptions {
  /** Answers with one result an operation, in order. A rejection is passed to every caller. */
  readonly propose: (operations: readonly Operation[]) => Promise<readonly OperationResult[]>;
  readonly batchMaxOperations?: number;
  readonly waitingMax?: number;
  /** Told of every command, before it is proposed, with the number of callers that wait for it. */
  readonly onBatch?: (callers: number) => void;
}

export class Batcher {
  readonly #options: Required<BatcherOptions>;
  #slots: Slot[] = [];
  #sums = new Map<string, Slot>();
  #scheduled = false;
  #waiting = 0;

  constructor(options: BatcherOptions) {
    const onBatch = (): void => undefined;
    this.#options = { batchMaxOperations, waitingMax, onBatch, ...options };
  }

  /** Callers that wait for an answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param operation.amount - the delta of an `add`, the count of a `next`
   * @throws TooManyWaitingError, OperationRefusedError, or whatever `propose` rejected with
   */
  submit(operation: {
    readonly type: "add" | "next";
    readonly counter: string;
    readonly amount: bigint;
    readonly key: OperationKey | null;
  }): Promise<Written> {
    if (this.#waiting >= this.#options.waitingMax) {
      return Promise.reject(new TooManyWaitingError(this.#options.waitingMax));
    }
    this.#waiting += 1;
    return new Promise<Written>((resolve, reject) => {
      const slot = this.#slotFor(operation);
      slot.waiters.push({ amount: operation.amount, before: slot.total, resolve, reject });
      slot.total += operation.amount;
      if (!this.#scheduled) {
        this.#scheduled = true;
        setImmediate(() => this.#flush());
      }
    });
  }

  #slotFor(operation: Pick<Slot, "type" | "counter" | "key"> & { readonly amount: bigint }): Slot {
    const { type, counter, key, amount } = operation;
    const summed = key === null && amount < summedBelow && amount > -summedBelow;
    const sumName = `${type} ${counter}`;
    const open = summed ? this.#sums.get(sumName) : undefined;
    if (open !== undefined) return open;

    if (this.#slots.length >= this.#options.batchMaxOperations) this.#flush();
    const slot: Slot = { type, counter, key, total: 0n, waiters: [] };
    this.#slots.push(slot);
    if (summed) this.#sums.set(sumName, slot);
    return slot;
  }

  #flush(): void {
    const slots = this.#slots;
    this.#scheduled = false;
    if (slots.length === 0) return;
    this.#slots = [];
    this.#sums = new Map();
    this.#options.onBatch(slots.reduce((callers, { waiters }) => callers + waiters.length, 0));
    this.#options.propose(slots.map(operationOf)).then(
      (results) => {
        for (const [place, slot] of slots.entries()) this.#settle(slot, results[place]!);
      },
      (error: unknown) => {
        for (const slot of slots) this.#reject(slot, error);
      },
    );
  }

  #settle(slot: Slot, result: OperationResult): void {
    if (result.status === "refused") {
      this.#reject(slot, new OperationRefusedError(result.code));
      return;
    }
    this.#waiting -= slot.waiters.length;
    // A replayed answer belongs to an operation of the same amount: its key says so.
    const start = slot.type === "next" ? result.first - 1n : result.previous;
    for (const { amount, before, resolve } of slot.waiters) {
      const value = start + before + amount;
      const first = slot.type === "next" ? start + before + 1n : value;
      resolve({ replayed: result.replayed, value, first });
    }
  }

  #reject(slot: Slot, error: unknown): void {
    this.#waiting -= slot.waiters.length;
    for (const { reject } of slot.waiters) reject(error);
  }
}

function operationOf(slot: Slot): Operation {
  const { type, counter, key, total } = slot;
  return type === "add"
    ? { type, counter, delta: total, key }
    : { type, counter, count: total, key };
}
