/** What is said of one problem. */
export interface ProblemText {
  /** One clause that goes on after the code, without a full stop. */
  readonly meaning: string;
  /** What whoever gets it should do, in whole sentences. */
  readonly advice: string;
  /** A `detail` as it may be read. */
  readonly example: string;
  /** Further members that the JSON has. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Advice that several problems share. */
export const sameKey =
  "Send the same request again with the same `Idempotency-Key`: it counts once.";
export const again = "Nothing has happened. Send the request again, after `Retry-After`.";
export const elsewhere: string = `${again} Another node may answer at once.`;
