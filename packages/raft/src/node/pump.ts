/**
 * Turns the core: steps inputs into it and carries out what it asks for.
 *
 * All inputs of one turn of the event loop are taken in before a Ready is drawn, so that a turn
 * becomes one write and one message a follower.
 */
import { RaftCore } from "../core/raft-core.ts";
import type {
  Input,
  Outcome,
  RaftOptions,
  Ready,
  SnapshotReadRequest,
  Write,
} from "../core/door.ts";
import type { LogIndex, PersistedState } from "../types.ts";
import type { Applier } from "./applier.ts";
import type { RaftObserver, Storage, Transport } from "./ports.ts";
import { isStorageFull } from "./snapshotter.ts";
import { asError } from "./waiting.ts";

export interface PumpParts<Result> {
  readonly storage: Storage;
  readonly transport: Transport;
  readonly observer: RaftObserver;
  readonly applier: () => Applier<Result>;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onReady: (ready: Ready) => void;
  readonly onPersisted: () => void;
  readonly onFatal: (error: Error) => void;
}

export class Pump<Result> {
  readonly core: RaftCore;
  readonly #parts: PumpParts<Result>;
  #scheduled = false;
  #stopped = false;
  #writesOut = 0;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Found no room on the disk; tried again with every tick. */
  #refusedWrite: Write | null = null;

  constructor(options: RaftOptions, persisted: PersistedState, parts: PumpParts<Result>) {
    this.core = new RaftCore(options, persisted);
    this.#parts = parts;
  }

  step(input: Input): void {
    if (this.#stopped) return;
    try {
      this.#parts.observer.onInput?.(input);
      this.core.step(input);
    } catch (error) {
      return this.#parts.onFatal(asError(error));
    }
    if (input.type === "tick") this.#retryWrite();
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.turn();
    });
  }

  /** Carries out everything that the core asks for now. */
  turn(): void {
    try {
      while (!this.#stopped && this.core.hasReady()) this.#carryOut(this.core.ready());
    } catch (error) {
      this.#parts.onFatal(asError(error));
    }
  }

  /** Takes nothing in any more; resolves when the writes that are out have ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#lastWrite;
  }

  #carryOut(ready: Ready): void {
    const { observer, transport } = this.#parts;
    observer.onReady?.(ready);
    this.#parts.onReady(ready);
    for (const message of ready.messages) transport.send(message);
    if (ready.write !== null) this.#write(ready.write);
    for (const outcome of ready.outcomes) this.#parts.onOutcome(outcome);
    if (ready.restore !== null) this.#parts.applier().restore(ready.restore);
    if (ready.committed.length > 0) this.#parts.applier().apply(ready.committed);
    for (const request of ready.snapshotReads) this.#readSnapshot(request);
    if (ready.compactThrough !== null) this.#compact(ready.compactThrough);
  }

  #write(write: Write): void {
    this.#writesOut += 1;
    const written = this.#parts.storage.write(write).then(
      () => {
        this.#writesOut -= 1;
        this.step({ type: "persisted", write: write.id });
        this.#parts.onPersisted();
      },
      (error: unknown) => {
        this.#writesOut -= 1;
        // Writes keep their order: one that others are already behind cannot be tried again.
        if (isStorageFull(error) && this.#writesOut === 0) this.#refusedWrite = write;
        else this.#parts.onFatal(asError(error));
      },
    );
    this.#lastWrite = this.#lastWrite.then(() => written);
  }

  /** Meanwhile nothing is acknowledged, and a leader whose disk does not answer steps down. */
  #retryWrite(): void {
    const write = this.#refusedWrite;
    if (write === null) return;
    this.#refusedWrite = null;
    this.#write(write);
  }

  #readSnapshot({ to, index, offset, maxBytes }: SnapshotReadRequest): void {
    this.#parts.storage.readSnapshotChunk({ index, offset, maxBytes }).then(
      (chunk) => this.step({ type: "snapshotRead", to, index, offset, chunk }),
      (error: unknown) => this.#parts.onFatal(asError(error)),
    );
  }

  #compact(index: LogIndex): void {
    this.#parts.storage.compact(index).catch((error: unknown) => {
      this.#parts.onFatal(asError(error));
    });
  }
}
