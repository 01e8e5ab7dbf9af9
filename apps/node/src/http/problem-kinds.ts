/**
 * Everything that can go wrong, in one table. Each reply says with `code` what happened and with
 * `outcome` what became of the write, so that a client knows whether to send it again.
 */
/** `unknown` is never called a failure: the write may have taken effect, or may still. */
export type Outcome = "applied" | "not-applied" | "unknown";

export interface ProblemKind {
  readonly status: number;
  readonly outcome: Outcome;
  readonly title: string;
  /** Whether the same request may succeed later; the reply then has `Retry-After`. */
  readonly retryable: boolean;
  /** Where IANA has a type for it, that one. */
  readonly type?: string;
}

const refused = (status: number, title: string): ProblemKind => {
  return { status, outcome: "not-applied", title, retryable: false };
};
const later = (status: number, title: string): ProblemKind => {
  return { status, outcome: "not-applied", title, retryable: true };
};

/** Nothing was done now, and nobody knows any more whether it was done before. */
const doubtful = (status: number, title: string): ProblemKind => {
  return { status, outcome: "unknown", title, retryable: false };
};

export const problemKinds = {
  "validation-failed": refused(400, "The request is not valid"),
  "unsafe-integer": refused(400, "A number in the request lost digits; send it as a string"),
  "delta-too-large": refused(400, "A number in the request has too many digits"),
  "snapshot-invalid": refused(400, "This is no complete snapshot"),
  "unknown-member": refused(400, "There is no such voter"),
  "not-leader": refused(400, "This node does not lead"),
  unauthenticated: refused(401, "The request does not say who sends it"),
  forbidden: refused(403, "Who sends the request may not do that"),
  "not-found": refused(404, "There is no such resource"),
  "counter-not-found": refused(404, "There is no such counter"),
  "member-not-found": refused(404, "There is no such member"),
  "backup-not-found": refused(404, "There is no such backup"),
  "method-not-allowed": refused(405, "The method is not allowed here"),
  "not-acceptable": refused(406, "The reply is not to be had in a media type that is accepted"),
  "request-timeout": later(408, "The request was not there in time"),
  "counter-exists": refused(409, "There is such a counter already"),
  "kind-mismatch": refused(409, "Counters of this kind cannot do that"),
  "bound-exceeded": refused(409, "A bound would be exceeded"),
  "too-many-labels": refused(409, "There would be too many labels"),
  "confirmation-required": refused(409, "This replaces all counters and must be confirmed"),
  "bootstrap-refused": refused(409, "This node does not pledge itself to that proposal"),
  "invalid-change": refused(409, "The membership cannot be changed like that"),
  "unsafe-change": refused(409, "The cluster would stop"),
  "last-member": refused(409, "The last one cannot leave"),
  "value-out-of-range": refused(409, "The value would be out of range"),
  "too-many-counters": refused(409, "There are too many counters"),
  "too-many-members": refused(409, "There are too many members"),
  "mode-mismatch": refused(409, "The mode of this cluster cannot do that"),
  "no-majority": refused(409, "Too few of the other members answer"),
  "token-foreign": refused(409, "The token was given by another cluster"),
  "restore-superseded": refused(409, "Another restore has begun meanwhile"),
  "version-mismatch": refused(412, "It has changed since"),
  "payload-too-large": refused(413, "The request body is too large"),
  "uri-too-long": refused(414, "The path of the request is too long"),
  "unsupported-media-type": refused(415, "The request body has another media type"),
  "precondition-required": refused(428, "This write takes an Idempotency-Key"),
  "quota-exceeded": {
    ...later(429, "Request cannot be satisfied as assigned quota has been exceeded"),
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
  },
  "headers-too-large": refused(431, "The request has too many headers"),
  "idempotency-key-reused": refused(422, "The key was used for another request"),
  "idempotency-key-expired": refused(422, "Keys of that age are forgotten"),
  "idempotency-key-in-future": refused(422, "The key was issued in the future"),
  "idempotency-table-full": later(503, "Too many keys are remembered"),
  "session-unknown": doubtful(409, "There is no such session, or it has ended"),
  "session-window-full": refused(409, "Too many answers of the session are not acknowledged"),
  "session-number-acknowledged": doubtful(422, "The answer to that number was acknowledged"),
  "session-number-reused": refused(422, "The number stands for another request"),
  "session-table-full": later(503, "Too many sessions are kept, or answers for them"),
  "no-leader": later(503, "No leader is known"),
  "read-not-confirmed": later(503, "No majority confirmed the read in time"),
  "too-stale": later(503, "This node's copy may be older than the request accepts"),
  "change-in-progress": later(503, "Another change of membership is under way"),
  "transfer-failed": {
    status: 503,
    outcome: "unknown",
    title: "Leadership was not handed over as asked",
    retryable: true,
  },
  "not-yet-consistent": later(503, "This node does not know yet what the request has seen"),
  starting: later(503, "The node is starting"),
  draining: later(503, "The node is stopping, or drained"),
  overloaded: later(503, "Too much is waiting already"),
  "backup-damaged": refused(500, "The backup is damaged"),
  internal: { status: 500, outcome: "unknown", title: "Something went wrong", retryable: true },
  "outcome-unknown": {
    status: 504,
    outcome: "unknown",
    title: "The write may or may not take effect; send it again only with the same key",
    retryable: true,
  },
  "ack-timeout": {
    status: 504,
    outcome: "applied",
    title: "It counts, and fewer nodes than asked for are known to have it",
    retryable: true,
  },
  "storage-full": later(507, "The disk is full"),
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof problemKinds;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemKinds, code);
}

/** Every code, in the order of the table. */
export function problemCodes(): readonly ProblemCode[] {
  return Object.keys(problemKinds).filter(isProblemCode);
}
