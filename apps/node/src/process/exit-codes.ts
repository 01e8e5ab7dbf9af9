/** What the program tells whoever started it, besides its last log line. */
export const exitCodes = {
  ok: 0,
  /** A disk that failed, an invariant that broke, a stop that did not end in time. */
  fatal: 1,
  /** Flags or environment are wrong. */
  badConfig: 2,
  /**
   * The data directory is locked, damaged, or belongs to another node, cluster or mode, or the
   * others refuse the node for ever because of it.
   */
  dataDir: 3,
  /** The cluster has removed this node. */
  removed: 4,
  /** The port is in use or may not be used. */
  port: 5,
  /** Plus the signal's number, as a shell has it: a second signal ended it at once (130, 143). */
  signalled: 128,
} as const;

/** The node cannot start, and a person has to change something. The message is one clear line. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;
  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
