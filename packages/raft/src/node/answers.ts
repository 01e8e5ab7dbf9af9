/**
 * What a state machine may answer instead of a result.
 *
 * These travel among the results, so they carry a mark that no result has by accident. It is looked
 * up in the global registry of symbols: two copies of this package may be installed.
 */
import {
  AnswerForgottenError,
  AnswersFullError,
  KeyExpiredError,
  KeyReusedError,
  RefusedError,
  SessionExpiredError,
} from "../errors.ts";
import type { RaftError } from "../errors.ts";

const mark: unique symbol = Symbol.for("@counter/raft answer");

/** Most characters of the reason of a refusal. */
export const refusalReasonMaxLength: number = 256;

/** Why a committed command was not carried out, as the `code` that its proposer sees. */
export type RefusedCode =
  | "RAFT_REFUSED"
  | "RAFT_KEY_REUSED"
  | "RAFT_KEY_EXPIRED"
  | "RAFT_SESSION_EXPIRED"
  | "RAFT_ANSWERS_FULL"
  | "RAFT_ANSWER_FORGOTTEN";

/** A committed command that changed nothing; made by {@link refuse}. */
export interface Refused {
  readonly [mark]: RefusedCode;
  readonly reason: string;
}

/** A session was opened or closed; there is no result. */
export interface SessionChanged {
  readonly [mark]: "session";
}

/** What `apply` answers to one command. */
export type Answer<Result> = Result | Refused | SessionChanged;

/**
 * What a state machine answers to a command that it will not carry out: the proposer gets a
 * `RefusedError` with this reason. Like a result it must follow from state and command alone, and
 * the command must have changed nothing.
 *
 * @param reason - 1–256 characters of printable ASCII
 * @throws {RangeError} on another reason
 */
export function refuse(reason: string): Refused {
  if (!isRefusalReason(reason)) {
    throw new RangeError(`a reason has 1–${refusalReasonMaxLength} characters of printable ASCII`);
  }
  return { [mark]: "RAFT_REFUSED", reason };
}

/** For whoever stands between a state machine and its callers, and does not know its results. */
export function isRefused(answer: unknown): answer is Refused {
  return isMarked(answer) && answer[mark] !== "session";
}

export function isSessionChanged(answer: unknown): answer is SessionChanged {
  return isMarked(answer) && answer[mark] === "session";
}

export function refusedWith(code: RefusedCode, reason: string): Refused {
  return { [mark]: code, reason };
}

export const sessionChanged: SessionChanged = { [mark]: "session" };

export function isRefusalReason(text: string): boolean {
  return text.length <= refusalReasonMaxLength && /^[ -~]+$/.test(text);
}

/** The code of a refusal. */
export function refusedCode(refused: Refused): RefusedCode {
  return refused[mark];
}

/** A refusal as its proposer sees it. */
export function errorOfRefused(refused: Refused): RaftError {
  switch (refused[mark]) {
    case "RAFT_REFUSED":
      return new RefusedError(refused.reason);
    case "RAFT_KEY_REUSED":
      return new KeyReusedError();
    case "RAFT_KEY_EXPIRED":
      return new KeyExpiredError();
    case "RAFT_SESSION_EXPIRED":
      return new SessionExpiredError("unknown");
    case "RAFT_ANSWERS_FULL":
      return new AnswersFullError();
    case "RAFT_ANSWER_FORGOTTEN":
      return new AnswerForgottenError();
  }
}

function isMarked(answer: unknown): answer is { readonly [mark]: RefusedCode | "session" } {
  return typeof answer === "object" && answer !== null && mark in answer;
}
