/**
 * What can go wrong in the life of an embedder. Switch on `code`, not on `instanceof`: two copies
 * of this package may be installed. `outcome` says what became of a command.
 */
import type { LogIndex, NodeId } from "./types.ts";

/** Whether a command took effect: certainly not, or nobody here can know. */
export type CommandOutcome = "not-applied" | "unknown";

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

/** A bug of ours: something that is always true was not. Nobody catches it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "RAFT_INVARIANT";
}
