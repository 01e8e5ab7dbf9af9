/**
 * What can go wrong in the life of an embedder. Switch on `code`, not on `instanceof`: two copies
 * of this package may be installed. `outcome` says what became of a command.
 */
import type { LogIndex, NodeId } from "./types.ts";

/**
 * What became of a command.
 * - `not-applied`: it did not and will not take effect
 * - `unknown`: nobody here can know; it may still take effect
 * - `refused`: it was committed, and the state machine answered that it will not carry it out
 */
export type CommandOutcome = "not-applied" | "unknown" | "refused";

export abstract class RaftError extends Error {
  abstract readonly code: string;
  abstract readonly outcome: CommandOutcome;
}

/** This node does not lead, and nothing was appended: safe to send again to `leaderId`. */
export class NotLeaderError extends RaftError {
  override readonly name = "NotLeaderError";
  readonly code = "RAFT_NOT_LEADER";
  readonly outcome = "not-applied";
  readonly leaderId: NodeId | null;
  constructor(leaderId: NodeId | null) {
    super(leaderId === null ? "no leader is known" : `the leader is ${leaderId}`);
    this.leaderId = leaderId;
  }
}

/** The command was appended and then replaced by another leader's entry: it never took effect. */
export class ProposalLostError extends RaftError {
  override readonly name = "ProposalLostError";
  readonly code = "RAFT_PROPOSAL_LOST";
  readonly outcome = "not-applied";
  constructor() {
    super("another leader replaced the entry before it was committed");
  }
}

/** Too much is waiting already, and nothing was appended: try again a little later. */
export class OverloadedError extends RaftError {
  override readonly name = "OverloadedError";
  readonly code = "RAFT_OVERLOADED";
  readonly outcome = "not-applied";
  constructor() {
    super("too much waits to be committed, applied or read; try again later");
  }
}

/** The command is larger than `maxBytes` and can never be appended. */
export class CommandTooLargeError extends RaftError {
  override readonly name = "CommandTooLargeError";
  readonly code = "RAFT_COMMAND_TOO_LARGE";
  readonly outcome = "not-applied";
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`a command may have at most ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** Waiting ended before the outcome was known: the command may still take effect later. */
export class OutcomeUnknownError extends RaftError {
  override readonly name = "OutcomeUnknownError";
  readonly code = "RAFT_OUTCOME_UNKNOWN";
  readonly outcome = "unknown";
  constructor(why: string, options?: ErrorOptions) {
    super(`${why}; the command may or may not take effect`, options);
  }
}

/** Another change of membership is under way, and nothing was appended: try again a little later. */
export class ChangeInProgressError extends RaftError {
  override readonly name = "ChangeInProgressError";
  readonly code = "RAFT_CHANGE_IN_PROGRESS";
  readonly outcome = "not-applied";
  constructor() {
    super("another change of membership is not committed yet");
  }
}

/** The change was made for an older configuration: look at the one in force, then decide again. */
export class ConfigurationMovedError extends RaftError {
  override readonly name = "ConfigurationMovedError";
  readonly code = "RAFT_CONFIGURATION_MOVED";
  readonly outcome = "not-applied";
  /** Where the configuration in force stands. */
  readonly configurationIndex: LogIndex;
  constructor(configurationIndex: LogIndex) {
    super(`the configuration in force is the one of entry ${configurationIndex}`);
    this.configurationIndex = configurationIndex;
  }
}

/** There is no such configuration to go to; the message says why. */
export class InvalidChangeError extends RaftError {
  override readonly name = "InvalidChangeError";
  readonly code = "RAFT_INVALID_CHANGE";
  readonly outcome = "not-applied";
}

/** No majority of the new voters answers, so the cluster would stop. `force` does it all the same. */
export class UnsafeChangeError extends RaftError {
  override readonly name = "UnsafeChangeError";
  readonly code = "RAFT_UNSAFE_CHANGE";
  readonly outcome = "not-applied";
}

/** Leadership was not taken over as asked; a vote that is under way may still move it. */
export class TransferFailedError extends RaftError {
  override readonly name = "TransferFailedError";
  readonly code = "RAFT_TRANSFER_FAILED";
  readonly outcome = "unknown";
  /** Who leads now, as far as it is known here. */
  readonly leaderId: NodeId | null;
  constructor(why: string, leaderId: NodeId | null) {
    super(`leadership was not handed over: ${why}`);
    this.leaderId = leaderId;
  }
}

/** A read could not be confirmed in time. Nothing was changed by asking. */
export class ReadTimeoutError extends RaftError {
  override readonly name = "ReadTimeoutError";
  readonly code = "RAFT_READ_TIMEOUT";
  readonly outcome = "not-applied";
  constructor() {
    super("no majority confirmed the read in time");
  }
}

/** A local read was asked for, and the leader was not heard of for longer than it accepts. */
export class StaleReadError extends RaftError {
  override readonly name = "StaleReadError";
  readonly code = "RAFT_STALE_READ";
  readonly outcome = "not-applied";
  /** `null`: no leader is known. */
  readonly leaderSilentMs: number | null;
  constructor(leaderSilentMs: number | null) {
    const age = leaderSilentMs === null ? "no leader is known" : `silent for ${leaderSilentMs} ms`;
    super(`this copy may be older than the read accepts: ${age}`);
    this.leaderSilentMs = leaderSilentMs;
  }
}

/** A read by lease was asked for, and this node was started without leases. */
export class NoLeasesError extends RaftError {
  override readonly name = "NoLeasesError";
  readonly code = "RAFT_NO_LEASES";
  readonly outcome = "not-applied";
  constructor() {
    super("this node was started without leases");
  }
}

/** The node is stopped or stopping and took nothing on. */
export class StoppedError extends RaftError {
  override readonly name = "StoppedError";
  readonly code = "RAFT_STOPPED";
  readonly outcome = "not-applied";
  constructor(options?: ErrorOptions) {
    super("the node is stopped", options);
  }
}

/** The state machine refused the command, as it does on every server. It changed nothing. */
export class RefusedError extends RaftError {
  override readonly name = "RefusedError";
  readonly code = "RAFT_REFUSED";
  readonly outcome = "refused";
  /** What the state machine gave to `refuse`. */
  readonly reason: string;
  constructor(reason: string) {
    super(`the state machine refused the command: ${reason}`);
    this.reason = reason;
  }
}

/** This key, or number of a session, was first used with another command. */
export class KeyReusedError extends RaftError {
  override readonly name = "KeyReusedError";
  readonly code = "RAFT_KEY_REUSED";
  readonly outcome = "not-applied";
  constructor() {
    super("the key was used with another command before");
  }
}

/** The window of the key is over: this attempt was not applied, an earlier one may have been. */
export class KeyExpiredError extends RaftError {
  override readonly name = "KeyExpiredError";
  readonly code = "RAFT_KEY_EXPIRED";
  readonly outcome = "unknown";
  constructor() {
    super("the key is older than its window; what became of earlier attempts is forgotten");
  }
}

/** No room to remember another answer. This attempt was not applied; the same may succeed later. */
export class AnswersFullError extends RaftError {
  override readonly name = "AnswersFullError";
  readonly code = "RAFT_ANSWERS_FULL";
  readonly outcome = "not-applied";
  constructor() {
    super("as many answers are remembered as may be; try again later");
  }
}

/** This attempt was not applied, an earlier one may have been: its answer is not kept. */
export class AnswerForgottenError extends RaftError {
  override readonly name = "AnswerForgottenError";
  readonly code = "RAFT_ANSWER_FORGOTTEN";
  readonly outcome = "unknown";
  constructor() {
    super("the answer to this command is not kept: it was acknowledged, or is too large");
  }
}

/**
 * The session does not exist any more. This attempt was not applied; `unknown` means that an earlier
 * one may have been.
 */
export class SessionExpiredError extends RaftError {
  override readonly name = "SessionExpiredError";
  readonly code = "RAFT_SESSION_EXPIRED";
  readonly outcome: "not-applied" | "unknown";
  constructor(outcome: "not-applied" | "unknown") {
    super("the session has expired or was closed; open another one");
    this.outcome = outcome;
  }
}

/** An entry of the log that `exactlyOnce` did not write, or a newer release did: the node stops. */
export class EnvelopeFormatError extends Error {
  override readonly name = "EnvelopeFormatError";
  readonly code = "RAFT_ENVELOPE_FORMAT";
}

/** A snapshot that `exactlyOnce` did not write, a newer release did, or that is damaged. */
export class SnapshotFormatError extends Error {
  override readonly name = "SnapshotFormatError";
  readonly code = "RAFT_SNAPSHOT_FORMAT";
}

/** A bug of ours: something that is always true was not. Nobody catches it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "RAFT_INVARIANT";
}
