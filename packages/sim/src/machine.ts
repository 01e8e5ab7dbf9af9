/** What an embedder brings to have a state machine of their own tested under our faults. */
import type { LogIndex } from "@counter/raft";
import type { OperationRecord } from "./history.ts";
import type { Random } from "./random.ts";

/**
 * A replicated state machine as the simulator drives it: deterministic, and synchronous
 * but for `restore`.
 *
 * @example
 * ```ts
 * class Register implements SimStateMachine {
 *   #value = new Uint8Array(0);
 *   apply(command: Uint8Array) { this.#value = command; return command; }
 *   query() { return this.#value; }
 *   snapshot() { return this.#value; }
 *   restore(bytes: Uint8Array) { this.#value = bytes; }
 * }
 * ```
 */
export interface SimStateMachine {
  /** Applies one committed command and answers it. Must depend on nothing but state and command. */
  apply(command: Uint8Array, index: LogIndex): Uint8Array;
  /** Answers a question without changing anything. */
  query(question: Uint8Array): Uint8Array;
  /** The whole state. Equal states give equal bytes, on every server. */
  snapshot(): Uint8Array;
  /** Replaces the whole state by what `snapshot` once gave. Time stands still until it is done. */
  restore(bytes: Uint8Array): void | Promise<void>;
}

/** Something a client does. */
export interface Operation {
  readonly kind: "command" | "query";
  readonly bytes: Uint8Array;
  /**
   * The key under which the machine knows a command again; `null` without one. Only a command with
   * a key is sent again when its outcome is unknown. Queries have no key and are always repeated.
   */
  readonly key: string | null;
  /** For traces: `next a #c1-7`. */
  readonly text: string;
}

/** Who does something next, and what it knows. */
export interface ClientPosition {
  readonly client: number;
  /** Counts the operations of this client up from 0. */
  readonly number: number;
  /** What this client did before, and what came of it; `null` at first. */
  readonly previous: OperationRecord | null;
  /** What the workload wants to know again at the next operation of this client. */
  readonly notes: Map<string, number>;
}

/** A machine, what clients do with it, and how their history is judged. */
export interface SimWorkload {
  readonly name: string;
  createMachine(): SimStateMachine;
  /** The next thing this client does. */
  nextOperation(random: Random, at: ClientPosition): Operation;
  /**
   * Whether this answer says only that the machine does not know any more what became of a command
   * that it may have applied before. Such an answer may follow another one to the same command, and
   * nothing else may follow it.
   */
  isForgotten?(answer: Uint8Array): boolean;
  /**
   * Judges the finished history from outside, by answers alone. The simulator has already compared
   * it with the log; this finds what both share as a mistake.
   *
   * @returns what is wrong, as a sentence; `null` if nothing is
   */
  judge?(history: readonly OperationRecord[], finalState: SimStateMachine): string | null;
}
