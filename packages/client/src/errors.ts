/** What can go wrong, each with what became of the write and whether to try again. */

/** What became of a write: `unknown` means that it may have taken effect, or may still. */
export type Outcome = "applied" | "not-applied" | "unknown";

/** What a server said, as RFC 9457 has it; members that this client does not know are kept. */
export type Problem = Readonly<Record<string, unknown>> & {
  readonly code: string;
  readonly detail: string;
};

/** The facts of a failure that are not its words. */
export interface ErrorFacts {
  readonly outcome: Outcome;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The idempotency key that was sent; `null` without one. With it the call can be resumed. */
  readonly key?: string | null;
  /** How many requests were sent, or begun. */
  readonly attempts?: number;
  /** The last endpoint that was tried. */
  readonly endpoint?: string | null;
  readonly cause?: unknown;
}

/** Every error of this client. Switch on `code`: two copies of a package may be installed. */
export class CounterError extends Error {
  override readonly name: string = "CounterError";
  /** A word that never changes; those of the server are kept as they came. */
  readonly code: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly key: string | null;
  readonly attempts: number;
  readonly endpoint: string | null;
  constructor(code: string, message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.outcome = facts.outcome;
    this.retryable = facts.retryable;
    this.key = facts.key ?? null;
    this.attempts = facts.attempts ?? 0;
    this.endpoint = facts.endpoint ?? null;
  }
}

/** The caller's mistake; nothing was sent. */
export class InvalidArgumentError extends CounterError {
  override readonly name: string = "InvalidArgumentError";
  constructor(message: string) {
    super("invalid-argument", message, { outcome: "not-applied", retryable: false });
  }
}

/** No endpoint could be reached in time, and nothing has happened: safe to send again. */
export class UnreachableError extends CounterError {
  override readonly name: string = "UnreachableError";
  constructor(message: string, facts: Omit<ErrorFacts, "outcome" | "retryable">) {
    super("unreachable", message, { ...facts, outcome: "not-applied", retryable: true });
  }
}

/**
 * A write may have taken effect, or may still. With `key` the same call settles it: it counts once
 * in either case. Without one, only looking at the counter tells.
 */
export class OutcomeUnknownError extends CounterError {
  override readonly name: string = "OutcomeUnknownError";
  constructor(message: string, facts: Omit<ErrorFacts, "outcome" | "retryable">) {
    const retryable = facts.key !== undefined && facts.key !== null;
    super("outcome-unknown", message, { ...facts, outcome: "unknown", retryable });
  }
}

/** The caller's signal ended the call. `name` is what `fetch` calls it too. */
export class AbortError extends CounterError {
  override readonly name: string = "AbortError";
  constructor(facts: Omit<ErrorFacts, "retryable">) {
    super("aborted", "the call was aborted", { ...facts, retryable: false });
  }
}

/** A reply that this client cannot read: another service, a proxy, or a newer version. */
export class InvalidReplyError extends CounterError {
  override readonly name: string = "InvalidReplyError";
  constructor(message: string, facts: Partial<ErrorFacts> = {}) {
    super("reply-invalid", message, { outcome: "unknown", retryable: false, ...facts });
  }
}

/** A server refused. `code` is the server's word, also one that is newer than this client. */
export class ProblemError extends CounterError {
  override readonly name: string = "ProblemError";
  /** The status of the reply. */
  readonly status: number;
  readonly problem: Problem;
  constructor(status: number, problem: Problem, facts: ErrorFacts) {
    super(problem.code, problem.detail, facts);
    this.status = status;
    this.problem = problem;
  }
}

/** There is no such counter, member or backup. */
export class NotFoundError extends ProblemError {
  override readonly name: string = "NotFoundError";
}

/** The counter is not as the call expected it (`cas`, `If-Match`). */
export class VersionMismatchError extends ProblemError {
  override readonly name: string = "VersionMismatchError";
  /** The value it has instead; `null` if there is no such counter or the server did not say. */
  readonly current: bigint | null;
  readonly currentVersion: string | null;
  constructor(
    status: number,
    problem: Problem,
    facts: ErrorFacts & { readonly current: bigint | null },
  ) {
    super(status, problem, facts);
    this.current = facts.current;
    const version = problem["currentVersion"];
    this.currentVersion = typeof version === "string" ? version : null;
  }
}

/** The counter has bounds, and its value would pass one. */
export class BoundExceededError extends ProblemError {
  override readonly name: string = "BoundExceededError";
  readonly current: bigint | null;
  constructor(
    status: number,
    problem: Problem,
    facts: ErrorFacts & { readonly current: bigint | null },
  ) {
    super(status, problem, facts);
    this.current = facts.current;
  }
}

/**
 * Whoever asks, or all who ask about these counters, have done so as often as they may. Nothing has
 * happened; the client has waited already, as long as the call had time.
 */
export class QuotaExceededError extends ProblemError {
  override readonly name: string = "QuotaExceededError";
  /** Whose quota it was, such as `principal` or `namespace`. */
  readonly violatedPolicies: readonly string[];
  /** How long to wait before asking again, in milliseconds; `null` if the server did not say. */
  readonly retryAfterMs: number | null;
  constructor(
    status: number,
    problem: Problem,
    facts: ErrorFacts & { readonly retryAfterMs: number | null },
  ) {
    super(status, problem, facts);
    const violated = problem["violated-policies"];
    this.violatedPolicies = Array.isArray(violated) ? violated.map(String) : [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/**
 * Any error in words. `fetch failed` says nothing, its cause does; and what comes from another realm
 * is no `Error` of ours.
 */
export function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "no reason was given";
  const deeper = "cause" in error ? messageIn(error.cause) : null;
  return deeper ?? messageIn(error) ?? "no reason was given";
}

function messageIn(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("message" in error)) return null;
  return typeof error.message === "string" && error.message !== "" ? error.message : null;
}
