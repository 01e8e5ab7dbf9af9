/**
 * What makes a server stop or refuse bytes. Switch on `code`, not on `instanceof`: two copies of
 * this package may be installed.
 */

export abstract class StateMachineError extends Error {
  abstract readonly code: string;
}

/** The command or one of its operations is of a newer release. A server must stop, never skip. */
export class UnknownCommandError extends StateMachineError {
  override readonly name = "UnknownCommandError";
  readonly code = "STATE_MACHINE_UNKNOWN_COMMAND";
}

/** The command is malformed or breaks a limit; as a committed command it stops the server. */
export class CommandFormatError extends StateMachineError {
  override readonly name = "CommandFormatError";
  readonly code = "STATE_MACHINE_COMMAND_FORMAT";
}

/** The snapshot is of another version, damaged or cut. The state is what it was before. */
export class SnapshotFormatError extends StateMachineError {
  override readonly name = "SnapshotFormatError";
  readonly code = "STATE_MACHINE_SNAPSHOT_FORMAT";
}

/** A bug of ours or of the host: something that is always true was not. Nobody catches it. */
export class MachineInvariantError extends StateMachineError {
  override readonly name = "MachineInvariantError";
  readonly code = "STATE_MACHINE_INVARIANT";
}
