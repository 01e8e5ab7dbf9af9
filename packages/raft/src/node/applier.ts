/**
 * Feeds the state machine, one piece of work after the other, in log order.
 *
 * A machine whose `apply` answers at once is applied at once; one that answers with a promise holds
 * the following work back, and only that: replication goes on. What there is to apply after a
 * restart or a snapshot is more than a turn of the event loop should take: it is done in pieces,
 * and heartbeats and requests come between them. A snapshot of the machine is captured
 * between two pieces of work, never during one. A restore makes the work before it pointless: the
 * snapshot contains it.
 */
import { invariant } from "../core/invariant.ts";
import { StoppedError } from "../errors.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import type { Answer } from "./answers.ts";
import type { CommittedCommand, StateMachine, Storage } from "./ports.ts";
import { asError } from "./waiting.ts";

/** Entries given to the machine in one call. */
export const pieceMaxEntries: number = 256;
/** After so long the event loop has its turn, in milliseconds; one piece may take longer. */
const turnMaxMs = 5;

type Work =
  | { readonly type: "restore"; readonly snapshot: SnapshotMeta }
  /** From the entry at position `from` on. */
  | { readonly type: "apply"; readonly entries: readonly Entry[]; readonly from: number }
  | {
      readonly type: "between";
      readonly run: () => void;
      readonly reject: (error: Error) => void;
    };

export interface ApplierEvents<Result> {
  /** These entries were applied; `results` has one item a command, in order. */
  applied(entries: readonly Entry[], results: readonly Answer<Result>[]): void;
  /** The machine is being replaced: until `restored` it must not be read. */
  restoring(): void;
  restored(snapshot: SnapshotMeta): void;
  failed(error: Error): void;
}

export class Applier<Result> {
  readonly #machine: StateMachine<Result>;
  readonly #storage: Storage;
  readonly #events: ApplierEvents<Result>;
  #queue: Work[] = [];
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(machine: StateMachine<Result>, storage: Storage, events: ApplierEvents<Result>) {
    this.#machine = machine;
    this.#storage = storage;
    this.#events = events;
  }

  restore(snapshot: SnapshotMeta): void {
    this.#queue = this.#queue.filter(({ type }) => type === "between");
    this.#enqueue({ type: "restore", snapshot });
  }

  apply(entries: readonly Entry[]): void {
    this.#enqueue({ type: "apply", entries, from: 0 });
  }

  /** Runs something when the machine stands exactly at the applied index. */
  between<Value>(run: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new StoppedError());
      this.#enqueue({ type: "between", run: () => resolve(run()), reject });
    });
  }

  /** Begins nothing more; resolves when what runs has ended, however it ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const work of this.#queue) if (work.type === "between") work.reject(new StoppedError());
    this.#queue = [];
    await this.#running;
  }

  #enqueue(work: Work): void {
    if (this.#stopped) return;
    this.#queue.push(work);
    if (this.#running === null) this.#run();
  }

  #run(): void {
    const startedMs = performance.now();
    while (!this.#stopped) {
      const work = this.#queue.shift();
      if (work === undefined) return;
      const waiting = this.#begin(work) ?? this.#breathe(startedMs);
      if (waiting === null) continue;
      this.#running = waiting
        .catch((error: unknown) => this.#fail(error))
        .then(() => {
          this.#running = null;
          this.#run();
        });
      return;
    }
  }

  /** Lets the event loop go on if this turn was long and there is more to do. */
  #breathe(startedMs: number): Promise<void> | null {
    if (this.#queue.length === 0 || performance.now() - startedMs < turnMaxMs) return null;
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** @returns a promise if the machine needs time */
  #begin(work: Work): Promise<void> | null {
    try {
      if (work.type === "apply") return this.#apply(this.#pieceOf(work));
      if (work.type === "restore") return this.#restore(work.snapshot);
      work.run();
    } catch (error) {
      if (work.type === "between") work.reject(asError(error));
      else this.#fail(error);
    }
    return null;
  }

  /** What follows the piece goes back to the head of the queue: a restore may still void it. */
  #pieceOf({ entries, from }: Extract<Work, { type: "apply" }>): readonly Entry[] {
    const end = from + pieceMaxEntries;
    if (end < entries.length) this.#queue.unshift({ type: "apply", entries, from: end });
    return entries.length <= pieceMaxEntries ? entries : entries.slice(from, end);
  }

  #apply(entries: readonly Entry[]): Promise<void> | null {
    const commands = commandsOf(entries);
    const results = commands.length === 0 ? [] : this.#machine.apply(commands);
    if (!(results instanceof Promise)) {
      this.#finish(entries, commands, results);
      return null;
    }
    return results.then((late) => {
      if (!this.#stopped) this.#finish(entries, commands, late);
    });
  }

  #finish(
    entries: readonly Entry[],
    commands: readonly CommittedCommand[],
    results: readonly Answer<Result>[],
  ): void {
    invariant(results.length === commands.length, "a state machine gives one result a command");
    this.#events.applied(entries, results);
  }

  async #restore(snapshot: SnapshotMeta): Promise<void> {
    this.#events.restoring();
    await this.#machine.restore(this.#storage.readSnapshot(snapshot.index));
    if (!this.#stopped) this.#events.restored(snapshot);
  }

  #fail(error: unknown): void {
    if (!this.#stopped) this.#events.failed(asError(error));
  }
}

/** An entry is a command already; most batches hold nothing else and are passed on as they are. */
function commandsOf(entries: readonly Entry[]): readonly CommittedCommand[] {
  const isCommand = (entry: Entry): boolean => entry.kind === "command";
  return entries.every(isCommand) ? entries : entries.filter(isCommand);
}
