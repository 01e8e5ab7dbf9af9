/** Same entries, same answers, same bytes: what the state machines may never disagree about. */
import type { Entry, LogIndex } from "@counter/raft";
import type { Coverage } from "./coverage.ts";
import { isSameBytes } from "./entry-ledger.ts";
import type { ServerView } from "./server-view.ts";
import type { OperationRecord } from "./history.ts";
import { check } from "./violation.ts";

interface FirstAnswer {
  readonly index: LogIndex;
  readonly term: number;
  readonly answer: Uint8Array;
}

export interface AppliedCommand {
  readonly entry: Entry;
  readonly record: OperationRecord;
  readonly answer: Uint8Array;
  /** The index of the snapshot that this server's machine last started from; 0 without one. */
  readonly restoredAt: LogIndex;
}

export class AppliedTruth {
  readonly #answers = new Map<LogIndex, Uint8Array>();
  readonly #states = new Map<LogIndex, Uint8Array>();
  readonly #first = new Map<OperationRecord, FirstAnswer>();
  /** Where a command was forgotten first. */
  readonly #forgottenAt = new Map<OperationRecord, LogIndex>();
  readonly #coverage: Coverage;
  readonly #isForgotten: (answer: Uint8Array) => boolean;

  /** @param isForgotten - which answers may follow another one to the same command */
  constructor(
    coverage: Coverage,
    isForgotten: (answer: Uint8Array) => boolean = (): boolean => false,
  ) {
    this.#coverage = coverage;
    this.#isForgotten = isForgotten;
  }

  /** A server applied a command and answered it. */
  onApplied(server: ServerView, applied: AppliedCommand): void {
    const { entry, record, answer } = applied;
    const known = this.#answers.get(entry.index);
    if (known !== undefined) {
      check(isSameBytes(known, answer), "equal-state", () => {
        return `${server.id} answers ${entry.index} with ${hex(answer)}, another server with ${hex(known)}`;
      });
    } else {
      this.#answers.set(entry.index, answer);
    }
    this.#onKey(server, applied, record.operation.key !== null);
  }

  #onKey(
    server: ServerView,
    { entry, record, answer, restoredAt }: AppliedCommand,
    keyed: boolean,
  ): void {
    const first = this.#first.get(record);
    if (first === undefined) {
      this.#first.set(record, { index: entry.index, term: entry.term, answer });
      return;
    }
    if (first.index === entry.index) return;
    if (this.#isForgotten(answer)) {
      this.#forgottenAt.set(
        record,
        Math.min(entry.index, this.#forgottenAt.get(record) ?? Infinity),
      );
      return;
    }
    check(entry.index < (this.#forgottenAt.get(record) ?? Infinity), "key-once", () => {
      return `${server.id} answers ${record.operation.text} at ${entry.index}, after it was forgotten`;
    });
    check(keyed, "key-once", () => {
      return `${record.operation.text} was sent once and is at ${first.index} and ${entry.index}`;
    });
    check(isSameBytes(first.answer, answer), "key-once", () => {
      return (
        `${server.id} answers ${record.operation.text} with ${hex(answer)} at ${entry.index}` +
        ` after ${hex(first.answer)} at ${first.index}`
      );
    });
    if (first.term !== entry.term) this.#coverage.hit("keyHitAfterLeaderChange");
    if (restoredAt >= first.index) this.#coverage.hit("keyHitAfterSnapshot");
  }

  /** The first answer that the log gives to this operation; `null` if it is not applied yet. */
  answerTo(
    record: OperationRecord,
  ): { readonly index: LogIndex; readonly answer: Uint8Array } | null {
    return this.#first.get(record) ?? null;
  }

  /** A server's state as bytes, right after this index was applied. */
  onState(server: ServerView, index: LogIndex, bytes: Uint8Array): void {
    const known = this.#states.get(index);
    if (known === undefined) {
      this.#states.set(index, bytes);
      return;
    }
    check(isSameBytes(known, bytes), "equal-state", () => {
      return `${server.id} has another state than others at ${index}: ${hex(bytes)} and ${hex(known)}`;
    });
  }
}

/** At most 48 bytes as hex digits. */
export function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 48), (byte) => byte.toString(16).padStart(2, "0"));
  return shown.join("") + (bytes.length > 48 ? `… (${bytes.length} bytes)` : "");
}
