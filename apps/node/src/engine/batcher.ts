/**
 * Group commit: all operations of one turn of the event loop become one command of the log.
 *
 * - B1 An operation waits for the end of its turn and never longer: no timer, no added delay.
 * - B2 Equal additions to one counter, and equal calls of `next`, become one operation that is done
 *   many times; each caller gets its own answer, with its own revision. That is a valid order of
 *   operations that were all under way at the same time.
 * - B3 An operation with a key, in a session or with a condition is never done together with others:
 *   its answer must be stored under its key alone, and its condition looked at for itself.
 * - B4 A command says whose requests it carries out, where they are to be kept: of the first 1024 that
 *   are. Nothing is done otherwise because of it, and none waits for another command.
 */
import {
  resultAt,
  timesMax,
  tracesMax,
  type CounterOperation,
  type Operation,
  type OperationResult,
  type OperationTrace,
  type SessionAnswer,
  type SessionChanged,
  type SessionOperation,
  type SingleResult,
} from "@counter/state-machine";

import { TooManyWaitingError, type StageSink, type WriteNotes } from "./engine.ts";

/** Most operations in one command. */
export const batchMaxOperations: number = 1024;

/** Most callers that wait for an answer; further ones are refused. */
export const waitingMax: number = 16_384;

/** Only amounts below this are looked up: the name of a larger one would cost more than it saves. */
const repeatedBelow = 1n << 64n;

/** What is submitted alone or with others. */
export type Submitted = CounterOperation | SessionOperation;

/** What becomes of it. */
export type Answer = SingleResult | SessionAnswer | SessionChanged;

interface Waiter {
  readonly resolve: (result: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly operation: Submitted;
  readonly waiters: Waiter[];
  /** In the command. */
  readonly place: number;
}

/** A caller that wants to know where the time goes; `sinceMs` by `performance.now`. */
export interface Asker {
  readonly stages: StageSink;
  readonly sinceMs: number;
}

/** What goes with a command; `null` where nobody asks, and where nothing is kept. */
export interface BatchNotes {
  readonly askers: readonly Asker[] | null;
  readonly traces: readonly OperationTrace[] | null;
}

/** Of most commands. */
export const noNotes: BatchNotes = { askers: null, traces: null };

export interface BatcherOptions {
  /** Answers with one result an operation, in order. A rejection is passed to every caller. */
  readonly propose: (
    operations: readonly Operation[],
    notes: BatchNotes,
  ) => Promise<readonly OperationResult[]>;
  readonly batchMaxOperations?: number;
  readonly waitingMax?: number;
  /** Told of every command, before it is proposed, with the number of callers that wait for it. */
  readonly onBatch?: (callers: number) => void;
}

export class Batcher {
  readonly #options: Required<BatcherOptions>;
  #slots: Slot[] = [];
  #repeated = new Map<string, Slot>();
  /** Those of the open slots. */
  #askers: Asker[] | null = null;
  #traces: OperationTrace[] | null = null;
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

  /** @throws TooManyWaitingError, or whatever `propose` rejected with */
  submit(operation: Submitted, notes?: WriteNotes): Promise<Answer> {
    if (this.#waiting >= this.#options.waitingMax) {
      return Promise.reject(new TooManyWaitingError(this.#options.waitingMax));
    }
    this.#waiting += 1;
    return new Promise<Answer>((resolve, reject) => {
      const { waiters, place } = this.#slotFor(operation);
      waiters.push({ resolve, reject });
      if (notes !== undefined) this.#note(notes, place);
      if (!this.#scheduled) {
        this.#scheduled = true;
        setImmediate(() => this.#flush());
      }
    });
  }

  /** Makes these operations one command by themselves, in order; they count as so many callers. */
  async submitAlone(
    operations: readonly Operation[],
    { stages, trace = null }: WriteNotes = {},
  ): Promise<readonly OperationResult[]> {
    const { waitingMax, propose } = this.#options;
    const callers = operations.length;
    if (this.#waiting + callers > waitingMax) throw new TooManyWaitingError(waitingMax);
    this.#waiting += callers;
    try {
      const askers = stages === undefined ? null : [askerOf(stages)];
      const traces = trace === null ? null : [{ first: 0, count: callers, context: trace }];
      return await propose(operations, { askers, traces });
    } finally {
      this.#waiting -= callers;
    }
  }

  /** Right after its slot was found, which may have begun a new command. */
  #note({ stages, trace = null }: WriteNotes, place: number): void {
    if (stages !== undefined) (this.#askers ??= []).push(askerOf(stages));
    if (trace === null) return;
    const traces = (this.#traces ??= []);
    if (traces.length < tracesMax) traces.push({ first: place, count: 1, context: trace });
  }

  #slotFor(operation: Submitted): Slot {
    const name = repeatedName(operation);
    const open = name === null ? undefined : this.#repeated.get(name);
    if (open !== undefined && open.waiters.length < timesMax) return open;

    if (this.#slots.length >= this.#options.batchMaxOperations) this.#flush();
    const slot: Slot = { operation, waiters: [], place: this.#slots.length };
    this.#slots.push(slot);
    if (name !== null) this.#repeated.set(name, slot);
    return slot;
  }

  #flush(): void {
    const slots = this.#slots;
    this.#scheduled = false;
    if (slots.length === 0) return;
    const askers = this.#askers;
    // Who joins an operation that others have asked for comes later, and belongs to its place.
    const traces = this.#traces?.sort((a, b) => a.first - b.first) ?? null;
    this.#slots = [];
    this.#askers = null;
    this.#traces = null;
    this.#repeated = new Map();
    this.#options.onBatch(slots.reduce((callers, { waiters }) => callers + waiters.length, 0));
    this.#options.propose(slots.map(operationOf), { askers, traces }).then(
      (results) => {
        for (const [place, slot] of slots.entries()) this.#settle(slot, results[place]!);
      },
      (error: unknown) => {
        for (const slot of slots) this.#reject(slot, error);
      },
    );
  }

  #settle({ waiters }: Slot, result: OperationResult): void {
    this.#waiting -= waiters.length;
    for (const [place, { resolve }] of waiters.entries()) resolve(resultOf(result, place));
  }

  #reject({ waiters }: Slot, error: unknown): void {
    this.#waiting -= waiters.length;
    for (const { reject } of waiters) reject(error);
  }
}

function askerOf(stages: StageSink): Asker {
  return { stages, sinceMs: performance.now() };
}

/** What is the same for all that may be done together; `null`: it is done by itself (B3). */
function repeatedName(operation: Submitted): string | null {
  if (!("key" in operation) || operation.key !== null || operation.condition !== null) return null;
  switch (operation.type) {
    case "add": {
      const { counter, delta, onBound } = operation;
      if (delta >= repeatedBelow || delta <= -repeatedBelow) return null;
      return `add ${counter} ${delta} ${onBound ?? ""}`;
    }
    case "next": {
      const { counter, count } = operation;
      return count >= repeatedBelow ? null : `next ${counter} ${count}`;
    }
    default:
      return null;
  }
}

function operationOf({ operation, waiters }: Slot): Operation {
  const times = waiters.length;
  if (times > 1 && (operation.type === "add" || operation.type === "next")) {
    return { ...operation, times };
  }
  return operation;
}

function resultOf(result: OperationResult, place: number): Answer {
  switch (result.status) {
    case "repeated":
      return resultAt(result, place);
    case "group":
      return result.results[place]!;
    default:
      return result;
  }
}
