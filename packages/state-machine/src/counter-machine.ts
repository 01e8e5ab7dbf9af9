import { knownAnswer, once, performGroup, type KeyedMoment } from "./answering.ts";
import { crc32, fnv1a } from "./checksum.ts";
import { decodeVersioned, type VersionedBatch } from "./command-reader.ts";
import { isLive, never } from "./counter-record.ts";
import { perform } from "./counter-rules.ts";
import { backupsOf, CounterTable } from "./counter-table.ts";
import { MachineInvariantError } from "./errors.ts";
import { KeyTable } from "./key-table.ts";
import { isOfSession, performSession } from "./in-session.ts";
import { sweepMaxCounters, sweepMaxKeys, sweepMaxSessions } from "./limits.ts";
import { namePage, type NamePage, type NameQuery } from "./name-page.ts";
import type {
  CommittedBatch,
  CounterOperation,
  Operation,
  RestoreOperation,
  RestoreStep,
} from "./operations.ts";
import { repeat } from "./repetition.ts";
import { dropForgotten, performRestore } from "./restoring.ts";
import type { OperationResult, SingleResult } from "./results.ts";
import { SessionTable } from "./session-table.ts";
import type { MachineState } from "./snapshot-format.ts";
import { readSnapshot } from "./snapshot-reader.ts";
import { hex } from "./stage-digest.ts";
import { asOfVersion1 } from "./snapshot-version-1.ts";
import { captureState, snapshotPieces } from "./snapshot-writer.ts";
import type {
  CounterBackup,
  CounterName,
  CounterValue,
  CounterView,
  MachineObserver,
  MachineStats,
} from "./types.ts";

/** The change after it has revision 0. */
const uncounted = -1;

/**
 * Counters that every server computes alike: same commands in the same order, same state, same
 * answers, same bytes in a snapshot. It is the `StateMachine` of a Raft node, one array of
 * {@link OperationResult} a command.
 *
 * M1  Nothing but the commands decides anything: no clock, no settings, no chance.
 * M2, M3 and M4 are about keys and groups: `answering.ts`.
 *
 * @example
 * ```ts
 * const machine = new CounterMachine();
 * const node = await RaftNode.start({ stateMachine: machine, ... });
 * const { result } = await node.propose(encodeBatch(batch));
 * ```
 */
export class CounterMachine {
  readonly #observer: MachineObserver;
  #state: MachineState;
  #lastIndex = 0;
  #restoring = false;

  constructor(observer: MachineObserver = {}) {
    this.#observer = observer;
    const counters = new CounterTable(observer);
    const keys = new KeyTable();
    const sessions = new SessionTable();
    const nothing = { logTimeMs: 0, restoreEpoch: 0, revision: 0, stage: null };
    this.#state = { counters, keys, sessions, ...nothing };
  }

  /**
   * Applies committed commands in order: for each the results of its operations, in order.
   *
   * @throws UnknownCommandError or CommandFormatError if the log holds something that this release
   *   cannot apply, MachineInvariantError if a command comes twice or out of order. The server must
   *   stop: whoever skipped a command would from then on disagree with the others.
   */
  apply(commands: readonly CommittedBatch[]): readonly (readonly OperationResult[])[] {
    if (this.#restoring) throw new MachineInvariantError("nothing is applied during a restore");
    const results: (readonly OperationResult[])[] = [];
    for (const { index, data } of commands) {
      if (index <= this.#lastIndex) throw new MachineInvariantError("commands come once, in order");
      const command = decodeVersioned(data);
      this.#lastIndex = index;
      results.push(this.#applyBatch(command));
    }
    return results;
  }

  /**
   * The state as it is now, in pieces of about 64 KiB that are made as they are read, while later
   * commands are applied. Can be read more than once.
   */
  snapshot(): Iterable<Uint8Array> {
    const captured = captureState(this.#state);
    return { [Symbol.iterator]: () => snapshotPieces(captured) };
  }

  /**
   * Replaces the whole state by what {@link snapshot} gave.
   *
   * @throws SnapshotFormatError (as a rejection, like any error of `chunks`); then the state is
   *   what it was before
   */
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#restoring) throw new MachineInvariantError("one restore at a time");
    this.#restoring = true;
    try {
      this.#state = await readSnapshot(chunks, this.#observer);
      // The host knows where the snapshot stands in the log; we do not.
      this.#lastIndex = 0;
    } finally {
      this.#restoring = false;
    }
    this.#observer.replaced?.();
  }

  /** The value of a counter; 0 if there is none of this name. */
  value(name: CounterName): bigint {
    return this.#state.counters.find(name, this.#state.logTimeMs)?.value ?? 0n;
  }

  /** All that is known of a counter; `null` if there is none of this name. */
  counter(name: CounterName): CounterView | null {
    const found = this.#state.counters.find(name, this.#state.logTimeMs);
    if (!isLive(found)) return null;
    const { value, issued, config, revision, expiresAt } = found;
    const expiresAtMs = expiresAt === never ? null : expiresAt;
    return { ...config, name, value, issued, revision, epoch: this.restoreEpoch, expiresAtMs };
  }

  /**
   * Names of counters that begin with `prefix`, above `after`, in ascending order.
   *
   * @param query.limit - 1–1000
   */
  namesAfter(query: NameQuery): NamePage {
    return namePage(this.#state.counters, { ...query, logTimeMs: this.#state.logTimeMs });
  }

  /** The latest log time seen, in milliseconds. */
  get logTimeMs(): number {
    return this.#state.logTimeMs;
  }

  /** How often all values were replaced by a restore operation. */
  get restoreEpoch(): number {
    return this.#state.restoreEpoch;
  }

  /** How many changes there were; goes on through restores. See {@link CounterVersion}. */
  get revision(): number {
    return this.#state.revision;
  }

  /** All counters that have a value, in the order of their creation. Read it before applying more. */
  *counters(): Generator<CounterValue, void, undefined> {
    const { counters, logTimeMs } = this.#state;
    for (const facts of counters.records(logTimeMs)) {
      if (isLive(facts)) yield { name: facts.name, value: facts.value };
    }
  }

  /**
   * What a `restore` takes: all counters, and the issued numbers of those that are no more, as they
   * are now. In the order of creation. Can be read more than once, and while later commands are
   * applied.
   */
  backup(): Iterable<CounterBackup> {
    const { counters, logTimeMs } = this.#state;
    const captured = counters.capture();
    return { [Symbol.iterator]: () => backupsOf(captured, logTimeMs) };
  }

  stats(): MachineStats {
    const { counters, keys, sessions, logTimeMs, restoreEpoch, revision } = this.#state;
    return {
      counters: counters.withValue,
      retiredCounters: counters.size - counters.withValue,
      keys: keys.size,
      sessions: sessions.size,
      sessionResults: sessions.results,
      logTimeMs,
      restoreEpoch,
      revision,
    };
  }

  /**
   * Sixteen hexadecimal digits that are the same on all servers at the same index. Reads the whole
   * state: for tests and tools.
   */
  digest(): string {
    let crc = 0;
    let fnv = 0x811c9dc5;
    for (const piece of this.snapshot()) {
      crc = crc32(crc, piece);
      fnv = fnv1a(fnv, piece);
    }
    return hex(crc) + hex(fnv);
  }

  #applyBatch({ version, batch }: VersionedBatch): readonly OperationResult[] {
    const { operations, at: stamp, countersMax, keysMax, keyWindowMs } = batch;
    const state = this.#state;
    if (stamp > state.logTimeMs) state.logTimeMs = stamp;
    dropForgotten(state);
    const { logTimeMs } = state;
    state.keys.sweep(logTimeMs, sweepMaxKeys + operations.length);
    state.sessions.sweep(logTimeMs, sweepMaxSessions + operations.length);
    // Other reads give other answers now, so that it is a change like any other.
    if (state.counters.sweep(logTimeMs, sweepMaxCounters + operations.length)) state.revision += 1;
    // Version 1 counted no revisions, see snapshot-version-1.ts: its changes have revision 0.
    const counted = version > 1 || state.revision > 0;
    // One for all: making and spreading objects costs more than applying an operation.
    const at = { logTimeMs, epoch: 0, revision: 0, countersMax, keysMax, keyWindowMs };
    const results: OperationResult[] = [];
    for (const operation of operations) {
      at.epoch = state.restoreEpoch;
      at.revision = counted ? state.revision : uncounted;
      results.push(this.#answer(operation, at));
    }
    return results;
  }

  #answer(operation: Operation, at: KeyedMoment): OperationResult {
    const state = this.#state;
    const result = this.#perform(operation, at);
    switch (result.status) {
      case "ok":
        // What changed nothing has the revision of the change before it (C4).
        if (!result.replayed) state.revision = Math.max(state.revision, result.revision);
        break;
      case "repeated":
        state.revision = result.revisionBefore + result.done;
        break;
      case "group":
        if (!result.replayed) state.revision = revisionAfter(result.results, state.revision);
        break;
      case "answer":
        if (!result.replayed) state.revision = revisionAfter(result.results, state.revision);
        break;
      case "session":
      case "refused":
    }
    return result;
  }

  #perform(operation: Operation, at: KeyedMoment): OperationResult {
    const { counters, keys } = this.#state;
    if (operation.type === "group") return performGroup(this.#state, operation, at);
    if (operation.type === "restore-part") return this.#performOne(operation, at);
    if (operation.type === "digest") return this.#showState(at);
    if (isOfSession(operation)) return performSession(this.#state, operation, at);
    if ("times" in operation && operation.times > 1) return repeat(counters, operation, at);
    const { key } = operation;
    if (key === null) return this.#performOne(operation, at);
    const scope = "counter" in operation ? operation.counter : "";
    if (operation.type === "restore-begin") {
      return knownAnswer(keys, { scope, key }, at) ?? this.#performOne(operation, at);
    }
    return once(keys, { scope, key }, at, () => this.#performOne(operation, at));
  }

  #performOne(
    operation: CounterOperation | RestoreOperation | RestoreStep,
    at: KeyedMoment,
  ): SingleResult {
    const result =
      "counter" in operation
        ? perform(this.#state.counters, operation, at)
        : performRestore(this.#state, operation, at, this.#observer);
    return at.revision === uncounted ? asOfVersion1(result) : result;
  }

  #showState({ epoch, revision }: KeyedMoment): SingleResult {
    this.#observer.digestDue?.({ index: this.#lastIndex, state: this.snapshot() });
    const nothing = { value: 0n, previous: 0n, first: 0n, last: 0n, step: 1n, created: false };
    return { status: "ok", replayed: false, ...nothing, config: null, epoch, revision };
  }
}

function revisionAfter(results: readonly SingleResult[], before: number): number {
  let revision = before;
  for (const result of results) {
    if (result.status === "ok") revision = Math.max(revision, result.revision);
  }
  return revision;
}
