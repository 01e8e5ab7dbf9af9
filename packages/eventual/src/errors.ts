/**
 * What can go wrong in the life of an embedder. Switch on `code`, not on `instanceof`: two copies
 * of this package may be installed. `outcome` says what became of the operation.
 */
import type { RefusalReason } from "./core/door.ts";
import type { Written } from "./node/written.ts";
import type { Token } from "./types.ts";

/**
 * What became of an operation.
 * - `applied`: it is on the disk of this node, and will reach all others
 * - `not-applied`: this attempt did not and will not take effect
 * - `unknown`: nobody here can know; the same key makes it safe to send it again
 */
export type OperationOutcome = "applied" | "not-applied" | "unknown";

export abstract class EventualError extends Error {
  abstract readonly code: string;
  abstract readonly outcome: OperationOutcome;
}

export type RefusalCode =
  | "EVENTUAL_KEY_REUSED"
  | "EVENTUAL_KEY_EXPIRED"
  | "EVENTUAL_KEY_IN_FUTURE"
  | "EVENTUAL_TOO_MANY_KEYS"
  | "EVENTUAL_TOO_MANY_COUNTERS"
  | "EVENTUAL_TOO_MANY_MEMBERS"
  | "EVENTUAL_TOO_MANY_LABELS"
  | "EVENTUAL_COUNTER_EXISTS"
  | "EVENTUAL_COUNTER_NOT_FOUND"
  | "EVENTUAL_VALUE_OUT_OF_RANGE"
  | "EVENTUAL_TOO_LARGE"
  | "EVENTUAL_OVERLOADED"
  | "EVENTUAL_STARTING"
  | "EVENTUAL_LEAVING"
  | "EVENTUAL_NO_MAJORITY"
  | "EVENTUAL_UNKNOWN_MEMBER";

interface Refusal {
  readonly code: RefusalCode;
  readonly text: string;
}

const refusals: Readonly<Record<RefusalReason, Refusal>> = {
  "key-reused": {
    code: "EVENTUAL_KEY_REUSED",
    text: "the key was used with another operation before",
  },
  "key-expired": {
    code: "EVENTUAL_KEY_EXPIRED",
    text: "the key is older than its window; what became of earlier attempts is forgotten",
  },
  "key-in-future": {
    code: "EVENTUAL_KEY_IN_FUTURE",
    text: "the key says that it was issued further in the future than clocks may differ",
  },
  "too-many-keys": {
    code: "EVENTUAL_TOO_MANY_KEYS",
    text: "as many keys are remembered as may be; try again later",
  },
  "too-many-counters": {
    code: "EVENTUAL_TOO_MANY_COUNTERS",
    text: "there are as many counters as may be",
  },
  "too-many-members": {
    code: "EVENTUAL_TOO_MANY_MEMBERS",
    text: "the cluster has as many members as it may have",
  },
  "too-many-labels": {
    code: "EVENTUAL_TOO_MANY_LABELS",
    text: "the counter would have more than 16 labels",
  },
  "counter-exists": {
    code: "EVENTUAL_COUNTER_EXISTS",
    text: "this node knows a counter of that name",
  },
  "counter-not-found": {
    code: "EVENTUAL_COUNTER_NOT_FOUND",
    text: "this node knows no counter of that name",
  },
  "value-out-of-range": {
    code: "EVENTUAL_VALUE_OUT_OF_RANGE",
    text: "the counter would leave its range",
  },
  "too-large": { code: "EVENTUAL_TOO_LARGE", text: "the operation does not fit into a record" },
  overloaded: {
    code: "EVENTUAL_OVERLOADED",
    text: "too much waits for the disk or for others; try again later",
  },
  starting: {
    code: "EVENTUAL_STARTING",
    text: "the node has no place in the cluster yet; try again a little later",
  },
  leaving: { code: "EVENTUAL_LEAVING", text: "the node leaves the cluster" },
  "no-majority": {
    code: "EVENTUAL_NO_MAJORITY",
    text: "no majority of the other members answers: use force if they are gone for good",
  },
  "unknown-member": { code: "EVENTUAL_UNKNOWN_MEMBER", text: "no member is known there" },
};

/**
 * The operation was refused, and this attempt changed nothing. Only of `EVENTUAL_KEY_EXPIRED` the
 * outcome is `unknown`: an attempt long ago may have counted.
 */
export class RefusedError extends EventualError {
  override readonly name = "RefusedError";
  readonly code: RefusalCode;
  readonly outcome: OperationOutcome;
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason) {
    const { code, text } = refusals[reason];
    super(text);
    this.code = code;
    this.reason = reason;
    this.outcome = reason === "key-expired" ? "unknown" : "not-applied";
  }
}

/** The disk is full, and nothing was taken on: the same may succeed when there is room again. */
export class StorageFullError extends EventualError {
  override readonly name = "StorageFullError";
  readonly code = "EVENTUAL_STORAGE_FULL";
  readonly outcome = "not-applied";
  constructor() {
    super("the disk is full");
  }
}

/** It counts, and fewer nodes than asked for are known to have it so far. */
export class AckTimeoutError extends EventualError {
  override readonly name = "AckTimeoutError";
  readonly code = "EVENTUAL_ACK_TIMEOUT";
  readonly outcome = "applied";
  /** As it would have been answered; `acked` nodes have it on their disks. */
  readonly written: Written;
  /** How many nodes it should have been. */
  readonly requested: number;
  constructor(why: string, written: Written, requested: number, options?: ErrorOptions) {
    super(`${why}: ${written.acked} of ${requested} nodes are known to have it`, options);
    this.written = written;
    this.requested = requested;
  }
}

/** Waiting ended before it was known whether the operation is on the disk. */
export class OutcomeUnknownError extends EventualError {
  override readonly name = "OutcomeUnknownError";
  readonly code = "EVENTUAL_OUTCOME_UNKNOWN";
  readonly outcome = "unknown";
  constructor(why: string, options?: ErrorOptions) {
    super(`${why}; the operation may or may not take effect`, options);
  }
}

/** This node could not learn in time what the read asks for. Nothing was changed by asking. */
export class NotYetConsistentError extends EventualError {
  override readonly name = "NotYetConsistentError";
  readonly code = "EVENTUAL_NOT_YET_CONSISTENT";
  readonly outcome = "not-applied";
  /** What this node knows. */
  readonly token: Token;
  constructor(why: string, token: Token) {
    super(why);
    this.token = token;
  }
}

/** This is no token. */
export class TokenMalformedError extends EventualError {
  override readonly name = "TokenMalformedError";
  readonly code = "EVENTUAL_TOKEN_MALFORMED";
  readonly outcome = "not-applied";
  constructor(why: string) {
    super(`no token: ${why}`);
  }
}

/** The token was given by another cluster: nothing here can ever satisfy it. */
export class TokenForeignError extends EventualError {
  override readonly name = "TokenForeignError";
  readonly code = "EVENTUAL_TOKEN_FOREIGN";
  readonly outcome = "not-applied";
  constructor() {
    super("the token was given by another cluster");
  }
}

/** The node is stopped or stopping and took nothing on. */
export class StoppedError extends EventualError {
  override readonly name = "StoppedError";
  readonly code = "EVENTUAL_STOPPED";
  readonly outcome = "not-applied";
  constructor(options?: ErrorOptions) {
    super("the node is stopped", options);
  }
}

/** The others removed this node from the cluster, for good: it stopped. */
export class RemovedError extends EventualError {
  override readonly name = "RemovedError";
  readonly code = "EVENTUAL_REMOVED";
  readonly outcome = "not-applied";
  constructor() {
    super("this node was removed from the cluster");
  }
}

/** A later process of the same node is alive: this one stopped. */
export class DuplicateIdentityError extends EventualError {
  override readonly name = "DuplicateIdentityError";
  readonly code = "EVENTUAL_DUPLICATE_IDENTITY";
  readonly outcome = "not-applied";
  constructor() {
    super("another process runs as the same node");
  }
}
