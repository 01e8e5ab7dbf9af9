/** Why an exchange brought no answer. Switch on `code`. */
import type { Address, ExchangeKind } from "@counter/eventual";

export type ReplicaErrorCode =
  /** The caller gave up. */
  | "REPLICA_ABORTED"
  /** The address cannot be dialled, whatever is there. */
  | "REPLICA_BAD_ADDRESS"
  /** It answered something that no node answers: another program, a proxy, a broken node. */
  | "REPLICA_BAD_REPLY"
  /** Too many exchanges with this peer are under way. */
  | "REPLICA_BUSY"
  /** The transport was closed. */
  | "REPLICA_CLOSED"
  /** It answered with an error; `status` and `reason` say which. */
  | "REPLICA_REFUSED"
  /** No whole answer in time. */
  | "REPLICA_TIMEOUT"
  /** The request is larger than a request may be; nothing was sent. */
  | "REPLICA_TOO_LARGE"
  /** No connection, or it broke. */
  | "REPLICA_UNREACHABLE"
  /** The answer does not prove that its sender knows the secret. */
  | "REPLICA_UNVERIFIED";

/** An exchange ended without an answer. The peer may or may not have seen the request. */
export class ReplicaExchangeError extends Error {
  override readonly name = "ReplicaExchangeError";
  readonly code: ReplicaErrorCode;
  readonly peer: Address;
  readonly kind: ExchangeKind;
  /** HTTP status of a refusal, else `null`. */
  readonly status: number | null;
  /** The `code` that the other side gave with a refusal, if it is one of ours; else `null`. */
  readonly reason: string | null;

  constructor(
    at: { readonly peer: Address; readonly kind: ExchangeKind },
    facts: {
      readonly code: ReplicaErrorCode;
      readonly why: string;
      readonly status?: number;
      readonly reason?: string | null;
      readonly cause?: unknown;
    },
  ) {
    super(`${at.kind} to ${at.peer}: ${facts.why}`, { cause: facts.cause });
    this.code = facts.code;
    this.peer = at.peer;
    this.kind = at.kind;
    this.status = facts.status ?? null;
    this.reason = facts.reason ?? null;
  }
}
