/** Bytes of a peer or of a disk that are no record, no piece of a snapshot, or over a limit. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  readonly code = "EVENTUAL_MALFORMED";
}

/** A sentence that is true of the protocol was not: this process has a bug and must stop. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code = "EVENTUAL_INVARIANT";
}

/**
 * States a sentence that is true of the protocol.
 *
 * @param sentence - static text; the flight recording has the values
 */
export function invariant(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new InvariantError(sentence);
}
