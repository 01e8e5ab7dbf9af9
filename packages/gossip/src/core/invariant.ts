import { InvariantError } from "../errors.ts";

/**
 * States a sentence that is true of the protocol. If it is not, this member has a bug and stops.
 *
 * @param sentence - static text; a recording has the values
 */
export function invariant(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new InvariantError(sentence);
}

/** For the `default` of an exhaustive switch: a case that is missing stops the build here. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value ${JSON.stringify(value)}`);
}
