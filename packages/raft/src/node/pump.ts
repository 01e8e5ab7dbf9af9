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
  /** Given by the core and not durable, in order; the first one is with the storage. */
  readonly #writes: Write[] = [];
  #writing: Promise<void> | null = null;

  constructor(options: RaftOptions, persisted: PersistedState, parts: PumpParts<Result>) {
    this.core = new RaftCore(options, persisted);
    this.#parts = parts;
    parts.observer.onStart?.({ options, image: () => this.core.image() });
  }

  step(input: Input): void {
    if (this.#stopped) return;
    try {
      this.#parts.observer.onInput?.(input);
      this.core.step(input);
    } catch (error) {
      return this.#parts.onFatal(asError(error));
    }
    // A write that found no room on the disk is tried again.
    if (input.type === "tick" && this.#writes.length > 0) this.#writeNext();
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

  /** Takes nothing in any more; resolves when the write that is out has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
  }

  #carryOut(ready: Ready): void {
    const { observer, transport } = this.#parts;
    observer.onReady?.(ready);
    this.#parts.onReady(ready);
    if (ready.contacts !== null) transport.setMembers(ready.contacts);
    for (const message of ready.messages) transport.send(message);
    // Behind another one it waits: for its end, or, where the disk is full, for a tick.
    if (ready.write !== null && this.#writes.push(ready.write) === 1) this.#writeNext();
    for (const outcome of ready.outcomes) this.#parts.onOutcome(outcome);
    if (ready.restore !== null) this.#parts.applier().restore(ready.restore);
    if (ready.committed.length > 0) this.#parts.applier().apply(ready.committed);
    for (const request of ready.snapshotReads) this.#readSnapshot(request);
    if (ready.compactThrough !== null) this.#compact(ready.compactThrough);
  }

  /**
   * One at a time: a write that finds no room keeps those behind it waiting. Meanwhile nothing is
   * acknowledged, and a leader whose disk does not answer steps down.
   */
  #writeNext(): void {
    const write = this.#writes[0];
    if (write === undefined || this.#writing !== null || this.#stopped) return;
    this.#writing = this.#parts.storage.write(write).then(
      () => {
        this.#writing = null;
        this.#writes.shift();
        this.step({ type: "persisted", write: write.id });
        this.#parts.onPersisted();
        this.#writeNext();
      },
      (error: unknown) => {
        this.#writing = null;
        if (!isStorageFull(error)) this.#parts.onFatal(asError(error));
      },
    );
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
