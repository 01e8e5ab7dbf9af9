import { latin1 } from "./bytes.ts";
import { crc32, fnv1a } from "./checksum.ts";
import { decodeBatch } from "./command-codec.ts";
import { CounterTable, keyReused, tooManyCounters, tooManyKeys } from "./counter-table.ts";
import { MachineInvariantError } from "./errors.ts";
import { KeyTable } from "./key-table.ts";
import { sweepMaxKeys } from "./limits.ts";
import type { MachineState } from "./snapshot-format.ts";
import { readSnapshot } from "./snapshot-reader.ts";
import { captureState, snapshotPieces } from "./snapshot-writer.ts";
import type {
  CommandBatch,
  CommittedBatch,
  CounterName,
  CounterValue,
  MachineStats,
  Operation,
  OperationKey,
  OperationResult,
} from "./types.ts";

/**
 * Counters that every server computes alike: same commands in the same order, same state, same
 * answers, same bytes in a snapshot. It is the `StateMachine` of a Raft node, one array of
 * {@link OperationResult} a command.
 *
 * M1  Nothing but the commands decides anything: no clock, no settings, no chance.
 * M2  A key that is known is answered from the table and never applied (`replayed`), also after
 *     a restore, a snapshot or a change of leader.
 * M3  Stored under a key are results and `value-out-of-range`. The other refusals speak of the
 *     moment: nothing was applied, and the same request may well succeed later.
 *
 * @example
 * ```ts
 * const machine = new CounterMachine();
 * const node = await RaftNode.start({ stateMachine: machine, ... });
 * const { result } = await node.propose(encodeBatch(batch));
 * ```
 */
export class CounterMachine {
  #state: MachineState = {
    counters: new CounterTable(),
    keys: new KeyTable(),
    logTimeMs: 0,
    restoreEpoch: 0,
  };
  #lastIndex = 0;
  #restoring = false;

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
      results.push(this.#applyBatch(decodeBatch(data)));
      this.#lastIndex = index;
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
      this.#state = await readSnapshot(chunks);
      // The host knows where the snapshot stands in the log; we do not.
      this.#lastIndex = 0;
    } finally {
      this.#restoring = false;
    }
  }

  /** The value of a counter; 0 if there is none of this name. */
  value(name: CounterName): bigint {
    return this.#state.counters.value(name);
  }

  /** The latest log time seen, in milliseconds. */
  get logTimeMs(): number {
    return this.#state.logTimeMs;
  }

  /** How often all values were replaced by a restore operation. */
  get restoreEpoch(): number {
    return this.#state.restoreEpoch;
  }

  /** All counters that have a value, in the order of their creation. Read it before applying more. */
  counters(): Iterable<CounterValue> {
    return this.#state.counters.values();
  }

  stats(): MachineStats {
    const { counters, keys, logTimeMs, restoreEpoch } = this.#state;
    return {
      counters: counters.withValue,
      retiredCounters: counters.size - counters.withValue,
      keys: keys.size,
      logTimeMs,
      restoreEpoch,
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

  #applyBatch(batch: CommandBatch): readonly OperationResult[] {
    const { operations, at } = batch;
    const state = this.#state;
    if (at > state.logTimeMs) state.logTimeMs = at;
    state.keys.sweep(state.logTimeMs, sweepMaxKeys + operations.length);
    return operations.map((operation) => {
      const { key } = operation;
      return key === null ? this.#perform(operation, batch) : this.#once(operation, key, batch);
    });
  }

  /** M2, M3. */
  #once(operation: Operation, key: OperationKey, batch: CommandBatch): OperationResult {
    const { keys, logTimeMs } = this.#state;
    const id = `${operation.type === "restore" ? "" : operation.counter} ${key.key}`;
    const fingerprint = latin1(key.fingerprint);
    const known = keys.find(id, logTimeMs);
    if (known !== null) {
      return known.fingerprint === fingerprint ? { ...known.answer, replayed: true } : keyReused;
    }
    if (keys.size >= batch.keysMax) return tooManyKeys;
    const answer = this.#perform(operation, batch);
    if (answer.status === "ok" || answer.code === "value-out-of-range") {
      keys.add({ id, fingerprint, expiresAt: logTimeMs + batch.keyWindowMs, answer });
    }
    return answer;
  }

  #perform(operation: Operation, { countersMax }: CommandBatch): OperationResult {
    const { counters, restoreEpoch } = this.#state;
    switch (operation.type) {
      case "add":
        return counters.add(operation.counter, operation.delta, countersMax);
      case "next":
        return counters.next(operation.counter, operation.count, countersMax);
      case "restore": {
        if (!counters.replace(operation.counters, countersMax)) return tooManyCounters;
        this.#state.restoreEpoch = restoreEpoch + 1;
        const value = BigInt(restoreEpoch + 1);
        const previous = BigInt(restoreEpoch);
        return { status: "ok", replayed: false, value, previous, first: value, last: value };
      }
    }
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
