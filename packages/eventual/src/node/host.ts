/**
 * What runs a core: the pump, the journal, the peers, the waits, the clock, and the end of it all.
 */
import type { Input, Note, Operation } from "../core/door.ts";
import { EventualCore } from "../core/eventual-core.ts";
import { DuplicateIdentityError, RemovedError, StoppedError, StorageFullError } from "../errors.ts";
import type { Address, CounterName } from "../types.ts";
import { ChangeHub } from "./change-stream.ts";
import { checkWhole } from "./checks.ts";
import { CounterFeed } from "./counter-feed.ts";
import { Drain } from "./drain.ts";
import { EventHub } from "./event-stream.ts";
import { Journaling, type AppendTimes } from "./journaling.ts";
import type { EventualNodeOptions, EventualNodeStatus, WriteOptions } from "./options.ts";
import { Peering } from "./peering.ts";
import { Pump } from "./pump.ts";
import { Reads } from "./reads.ts";
import {
  defaultCheckpointBytes,
  defaultTickMs,
  eventualOptionsOf,
  timingMsOf,
} from "./starting.ts";
import { endAll } from "./waiting.ts";
import { Writes } from "./writes.ts";
import type { Written } from "./written.ts";

export class Host {
  /** Resolves when everything has stopped: `null` as it was asked for, else the first error. */
  readonly stopped: Promise<Error | null>;
  /** Rejects if it stops before. */
  readonly ready: Promise<void>;
  readonly core: EventualCore;
  readonly reads: Reads;
  readonly events: EventHub = new EventHub();
  readonly changes: ChangeHub;
  readonly feed: CounterFeed;

  readonly #options: EventualNodeOptions;
  readonly #tickMs: number;
  readonly #drainMs: number;
  readonly #pump: Pump;
  readonly #journaling: Journaling;
  readonly #peering: Peering;
  readonly #writes: Writes;
  readonly #drain = new Drain();
  /** As the core's; kept here because every token names it. */
  #clusterId: string;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #resolveStopped: (error: Error | null) => void = () => undefined;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;
  #stopping: Promise<void> | null = null;
  #closed = false;
  #leaving = false;
  #fatal: Error | null = null;

  constructor(options: EventualNodeOptions) {
    const coreOptions = eventualOptionsOf(options);
    const { journal, transport, address, checkpointBytes = defaultCheckpointBytes } = options;
    const core = new EventualCore(coreOptions);
    const onFatal = (error: Error): void => this.#fail(error);
    this.core = core;
    this.#options = options;
    this.#clusterId = options.cluster.id;
    this.#tickMs = options.tickMs ?? defaultTickMs;
    this.#drainMs = timingMsOf(options).drainMs;
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.ready.catch(() => undefined); // who does not ask for it must not be ended by it
    this.#pump = new Pump(core, {
      observer: options.observer ?? {},
      onWrite: (write) => this.#journaling.write(write),
      onMessage: (message) => this.#peering.send(message),
      onOutcome: (outcome) => this.#writes.onOutcome(outcome),
      onNotes: (notes) => this.#onNotes(notes),
      onChanges: (changes) => this.changes.publish(changes),
      onTurn: () => this.#onTurn(),
      onFatal,
    });
    const step = this.#pump.step.bind(this.#pump);
    this.changes = new ChangeHub((on) => step({ type: "watch", on }));
    this.#journaling = new Journaling({
      journal,
      checkpointBytes: checkWhole("checkpointBytes", checkpointBytes, 2 ** 40),
      standing: () => core.checkpoint(),
      onPersisted: (write) => step({ type: "persisted", write }),
      onFull: (full) => this.events.publish({ type: "storageFull", full }),
      onCheckpoint: (bytes, tookMs) => this.#onCheckpoint(bytes, tookMs),
      onFatal,
    });
    // The core gives up first: it knows that it was time, and not the network, that failed.
    const exchangeTicks = coreOptions.timing.exchangeTicks + 1;
    this.#peering = new Peering({ transport, address, exchangeTicks, step });
    const clusterId = (): string => this.#clusterId;
    const syncNow = (): void => step({ type: "syncNow" });
    const lastAppend = (): AppendTimes => this.#journaling.lastAppend;
    this.#writes = new Writes({ core, clusterId, syncNow, lastAppend });
    this.reads = new Reads({ core, clusterId, syncNow });
    const { changes, reads } = this;
    this.feed = new CounterFeed({ core, reads, changes, settle: () => this.#pump.settle() });
  }

  get isStopping(): boolean {
    return this.#stopping !== null;
  }

  /** Loads the journal; everything begins to move. */
  async begin(): Promise<void> {
    for await (const entry of this.#journaling.load()) this.core.load(entry);
    this.core.start();
    this.#clusterId = this.core.status().clusterId;
    this.#peering.start();
    this.#tick(); // what time it is, before anything else
    // A stalled loop runs late timers before it reads sockets: the tick waits for the messages.
    this.#ticker = setInterval(() => setImmediate(() => this.#tick()), this.#tickMs);
  }

  /**
   * Steps what the core answers with an outcome.
   *
   * @throws {StoppedError | StorageFullError} or as {@link Writes.submit}
   */
  enter(
    inputOf: (context: number) => Input,
    options: WriteOptions,
    counter: CounterName | null = null,
  ): Promise<Written> {
    if (this.#stopping !== null) throw new StoppedError();
    if (this.#journaling.full) throw new StorageFullError();
    const step = (context: number): void => {
      const input = inputOf(context);
      this.#leaving ||= input.type === "leave";
      this.#pump.step(input);
    };
    return this.#writes.submit(step, counter, options);
  }

  /** As {@link enter}. */
  submit(operation: Operation, options: WriteOptions): Promise<Written> {
    const counter = operation.type === "restore" ? null : operation.counter;
    return this.enter((context) => ({ type: "submit", context, operation }), options, counter);
  }

  /** A node that stops has nobody to look for. */
  probe(address: Address): void {
    if (this.#stopping === null) this.#pump.step({ type: "probe", address });
  }

  status(): EventualNodeStatus {
    return {
      ...this.core.status(),
      tickMs: this.#tickMs,
      pendingWrites: this.#writes.size,
      pendingReads: this.reads.size,
      exchanges: this.#peering.exchanges,
      storageFull: this.#journaling.full,
      journalBytes: this.#journaling.appendedBytes,
      checkpointBytes: this.#journaling.checkpointBytes,
      malformedMessages: this.#peering.malformed,
      fatal: this.#fatal,
    };
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#drainAndShutDown());
  }

  #tick(): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    const wallMs = Math.max(0, Math.floor((this.#options.wallClock ?? Date.now)()));
    this.#journaling.onTick();
    this.#peering.onTick();
    this.#pump.step({ type: "tick", wallMs });
    this.#writes.onTick(nowMs);
    this.reads.onTick(nowMs);
  }

  #onTurn(): void {
    this.#writes.onTurn();
    this.reads.onTurn();
    this.#drain.look();
  }

  #onNotes(notes: readonly Note[]): void {
    for (const note of notes) {
      if (note.type === "cluster") this.#clusterId = note.id;
      if (note.type === "ready") this.#resolveReady();
      this.events.publish(note);
      if (note.type !== "mustStop") continue;
      if (note.why === "duplicate-identity") this.#fail(new DuplicateIdentityError());
      else if (this.#leaving) this.#stopping ??= this.#shutDown();
      else this.#fail(new RemovedError());
    }
  }

  #onCheckpoint(bytes: number, tookMs: number): void {
    this.#options.observer?.onCheckpoint?.(bytes, tookMs);
    this.events.publish({ type: "checkpoint", bytes, tookMs });
  }

  #fail(error: Error): void {
    this.#fatal ??= error;
    this.#drain.end();
    this.#options.observer?.onFatal?.(error);
    if (this.#stopping !== null) return; // `stop` tells it
    this.#stopping = this.#shutDown();
    this.#stopping.catch(() => undefined); // `stopped` tells it
  }

  async #drainAndShutDown(): Promise<void> {
    await this.#drain.wait(() => this.#isHandedOver(), this.#drainMs);
    await this.#shutDown();
    if (this.#fatal !== null) throw this.#fatal;
  }

  /** Nobody waits for the disk, and most of the peers that are up have all that we wrote. */
  #isHandedOver(): boolean {
    if (this.#writes.size > 0) return false;
    const { position, peers } = this.core.status();
    const up = peers.filter((peer) => peer.up);
    return up.length === 0 || up.filter(({ acked }) => acked >= position).length * 2 > up.length;
  }

  async #shutDown(): Promise<void> {
    const before = this.#fatal;
    const { journal, transport } = this.#options;
    this.#closed = true;
    this.#rejectReady(before ?? new StoppedError());
    clearInterval(this.#ticker);
    this.#pump.stop();
    this.#peering.stop();
    this.#writes.rejectAll(before);
    this.reads.rejectAll(before);
    this.events.close();
    this.changes.close();
    const failed = await endAll([
      () => transport.close(),
      () => this.#journaling.stop(),
      () => journal.close(),
    ]);
    this.#fatal ??= failed;
    this.#resolveStopped(this.#fatal);
    if (this.#fatal !== null && this.#fatal !== before) throw this.#fatal;
  }
}
