/**
 * Feeds the state machine, one batch after the other, in log order.
 *
 * A machine whose `apply` answers at once is applied at once; one that answers with a promise holds
 * the following batches back, and only those: replication goes on.
 */
import { invariant } from "../core/invariant.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import type { CommittedCommand, StateMachine, Storage } from "./ports.ts";

type Work =
  | { readonly type: "restore"; readonly snapshot: SnapshotMeta }
  | { readonly type: "apply"; readonly entries: readonly Entry[] };

export interface ApplierEvents<Result> {
  /** These entries were applied; `results` has one item a command, in order. */
  applied(entries: readonly Entry[], results: readonly Result[]): void;
  restored(snapshot: SnapshotMeta): void;
  failed(error: Error): void;
}

export class Applier<Result> {
  readonly #machine: StateMachine<Result>;
  readonly #storage: Storage;
  readonly #events: ApplierEvents<Result>;
  readonly #queue: Work[] = [];
  #busy = false;
  #stopped = false;

  constructor(machine: StateMachine<Result>, storage: Storage, events: ApplierEvents<Result>) {
    this.#machine = machine;
    this.#storage = storage;
    this.#events = events;
  }

  restore(snapshot: SnapshotMeta): void {
    this.#enqueue({ type: "restore", snapshot });
  }

  apply(entries: readonly Entry[]): void {
    this.#enqueue({ type: "apply", entries });
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  #enqueue(work: Work): void {
    this.#queue.push(work);
    if (!this.#busy) this.#run();
  }

  #run(): void {
    for (let work = this.#next(); work !== undefined; work = this.#next()) {
      const waiting = work.type === "apply" ? this.#apply(work.entries) : this.#restore(work);
      if (waiting === null) continue;
      this.#busy = true;
      waiting.then(
        () => {
          this.#busy = false;
          this.#run();
        },
        (error: unknown) => this.#events.failed(asError(error)),
      );
      return;
    }
  }

  #next(): Work | undefined {
    return this.#stopped ? undefined : this.#queue.shift();
  }

  #apply(entries: readonly Entry[]): Promise<void> | null {
    const commands = commandsOf(entries);
    try {
      const results = commands.length === 0 ? [] : this.#machine.apply(commands);
      if (!(results instanceof Promise)) {
        this.#finish(entries, commands, results);
        return null;
      }
      return results.then((late) => {
        if (!this.#stopped) this.#finish(entries, commands, late);
      });
    } catch (error) {
      this.#events.failed(asError(error));
      return null;
    }
  }

  #finish(
    entries: readonly Entry[],
    commands: readonly CommittedCommand[],
    results: readonly Result[],
  ): void {
    invariant(results.length === commands.length, "a state machine gives one result a command");
    this.#events.applied(entries, results);
  }

  async #restore({ snapshot }: { readonly snapshot: SnapshotMeta }): Promise<void> {
    await this.#machine.restore(this.#storage.readSnapshot());
    if (!this.#stopped) this.#events.restored(snapshot);
  }
}

/** An entry is a command already; most batches hold nothing else and are passed on as they are. */
function commandsOf(entries: readonly Entry[]): readonly CommittedCommand[] {
  const isCommand = (entry: Entry): boolean => entry.kind === "command";
  return entries.every(isCommand) ? entries : entries.filter(isCommand);
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
