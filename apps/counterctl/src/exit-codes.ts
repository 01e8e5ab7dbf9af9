/** How counterctl ends, so that scripts can act on it. */
import { AbortError, CounterError, ProblemError } from "@counter/client";

export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own; a check that failed. */
  error: 1,
  /** The command line cannot be meant so; nothing was sent. */
  usage: 2,
  notFound: 3,
  /** The counter, the cluster or its mode is not as the command needs it. */
  precondition: 4,
  /** Nobody answered, or not now: the same command may succeed later. */
  unavailable: 5,
  /** A write may or may not have taken effect. */
  outcomeUnknown: 6,
} as const;

/** What the user typed makes no sense; `message` says what would. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "USAGE";
}

/** The cluster is not as the command needs it, and it was this command that found out. */
export class PreconditionError extends Error {
  override readonly name = "PreconditionError";
  readonly code = "PRECONDITION";
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof PreconditionError) return exitCodes.precondition;
  if (!(error instanceof CounterError)) return exitCodes.error;
  if (error.outcome === "unknown" && !(error instanceof ProblemError)) {
    return error.code === "reply-invalid" ? exitCodes.error : exitCodes.outcomeUnknown;
  }
  if (error.code === "invalid-argument") return exitCodes.usage;
  if (error.code === "unreachable") return exitCodes.unavailable;
  if (error instanceof ProblemError) return ofStatus(error);
  return error instanceof AbortError ? exitCodes.unavailable : exitCodes.error;
}

function ofStatus({ status, outcome }: ProblemError): number {
  switch (status) {
    case 400:
      return exitCodes.usage;
    case 404:
      return exitCodes.notFound;
    case 409:
    case 412:
    case 422:
    case 428:
      return exitCodes.precondition;
    case 429:
    case 503:
      return exitCodes.unavailable;
    case 504:
      return outcome === "unknown" ? exitCodes.outcomeUnknown : exitCodes.error;
    default:
      return exitCodes.error;
  }
}
