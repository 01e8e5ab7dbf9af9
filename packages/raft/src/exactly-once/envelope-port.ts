/** What stands around a command in the log, seen from the host. Nothing here has behaviour. */
import type { LogIndex } from "../types.ts";

/** Names a session for ever: the index of the entry that opened it. */
export type SessionId = LogIndex;

/** Where a command stands in its session. */
export interface SessionPosition {
  readonly sessionId: SessionId;
  /** Counts the commands of this session up from 1. */
  readonly seq: number;
  /**
   * All commands up to this one are over for the client: their answers need not be kept, and if one
   * of them was not applied it never will be. Below `seq`, and at most 1024 below it.
   */
  readonly ack: number;
}

/** What a client does about a session as a whole. */
export type SessionChange =
  { readonly type: "open" } | { readonly type: "close"; readonly sessionId: SessionId };

/** What goes into an envelope. */
export type EnvelopeContent =
  | { readonly type: "plain"; readonly command: Uint8Array }
  | {
      readonly type: "keyed";
      readonly command: Uint8Array;
      readonly key: string;
      /** A log time that was reached before the first attempt; `null` if none is known. */
      readonly sinceMs: number | null;
    }
  | ({ readonly type: "session"; readonly command: Uint8Array } & SessionPosition)
  | SessionChange;

/**
 * Makes the bytes of the log. The proposer's side of a state machine: nothing that it knows decides
 * anything when commands are applied.
 */
export interface Envelope {
  /**
   * @param nowMs - a clock that never goes back, from any zero
   * @throws {RangeError} if something in it is out of its range
   */
  wrap(content: EnvelopeContent, nowMs: number): Uint8Array;
  /** Called now and then: compares this clock with the time of the log. */
  observe(nowMs: number): void;
}
