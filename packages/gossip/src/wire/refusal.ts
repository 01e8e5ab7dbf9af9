/**
 * How decoders answer bytes that they do not accept.
 *
 * Inside a decoder the first thing wrong is thrown as a {@link WireError}; `attempt` stands at
 * every door of this folder and turns it into a value, so that no caller has to catch anything.
 */

/** What was wrong with bytes from the network; a label for counters. */
export type RefusalReason =
  | "truncated" // more bytes were announced than came
  | "type" // a field, or its absence, that its message does not allow
  | "number" // out of the range of its field
  | "text" // not UTF-8
  | "limit" // longer, more or deeper than we accept
  | "checksum"
  | "compression"
  | "label"
  | "encryption" // no key of ours opens it, or it should have been encrypted and is not
  | "unknown"; // a message type, algorithm or version that we do not know

/** Bytes that were not accepted, and why. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** One line for people; never holds bytes of the message. */
  readonly detail: string;
}

/** What a decoder answers. */
export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Thrown inside decoders only; never leaves this folder. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** Runs a decoder and answers a refusal in place of what it throws. */
export function attempt<T>(decode: () => T): Decoded<T> {
  try {
    return { ok: true, value: decode() };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error) };
  }
}

/** The refusal that a {@link WireError} stands for; anything else is our bug and goes on. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof WireError)) throw error;
  return { reason: error.reason, detail: error.message };
}
