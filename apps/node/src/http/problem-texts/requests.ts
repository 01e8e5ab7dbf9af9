/** Problems with a request, whatever it asks for. */
import { again, type ProblemText } from "./problem-text.ts";

type Texts = Readonly<Record<string, ProblemText>>;

export const requests = {
  "validation-failed": {
    meaning: "a part of the request is not what it may be",
    advice:
      "Mend the request; sent again as it is it will be refused again. `errors` says which part is wrong: a `pointer` into the body (RFC 6901), or the `parameter` of the query, or the `header`.",
    example: "/delta: an integer, or its decimal digits in a string",
    extensions: {
      errors: [{ pointer: "/delta", detail: "an integer, or its decimal digits in a string" }],
    },
  },
  "unsafe-integer": {
    meaning: "a JSON number is beyond 2^53, and has lost digits before it was read",
    advice: "Send the number as a string of decimal digits.",
    example: "/delta: it has lost digits: send integers beyond 2^53 as a string",
    extensions: {
      errors: [
        {
          pointer: "/delta",
          detail: "it has lost digits: send integers beyond 2^53 as a string",
        },
      ],
    },
  },
  "delta-too-large": {
    meaning: "a number has more digits than any counter can hold",
    advice: "Send a smaller number.",
    example: "/delta: it has too many digits",
  },
  "not-found": {
    meaning: "there is nothing at this path",
    advice: "Look at `GET /` of the node, or at `/docs`: they list every call.",
    example: "there is no /v1/countres here; GET / lists what there is",
  },
  "method-not-allowed": {
    meaning: "the path exists and does not take this method",
    advice: "`Allow` lists the methods that it takes.",
    example: "use GET, HEAD, PATCH, DELETE",
  },
  "not-acceptable": {
    meaning: "the reply cannot be had in any of the media types that `Accept` lists",
    advice: "Leave `Accept` out, or add `application/json`.",
    example: "this is to be had as application/json or text/plain",
  },
  "request-timeout": {
    meaning: "the head of the request, or its body, took longer than a node waits",
    advice: "Send it again, on a new connection: nothing was done.",
    example: "it was not there in time",
  },
  "payload-too-large": {
    meaning: "the body is larger than this call takes",
    advice: "Send less at a time. Ordinary bodies are at most 64 KiB, batches 1 MiB.",
    example: "request entity too large",
  },
  "quota-exceeded": {
    meaning: "whoever sends it has asked as often as he may, or others about these counters",
    advice:
      "Wait for `Retry-After`, then send it again: nothing was done. `violated-policies` says whose quota it was: `principal` is that of the token, or of the address; `namespace` is that of all counters with the same name up to the first dot or colon. `RateLimit` says in every reply what is left, so that nobody has to run into this.",
    example: "600 requests in 60 s are for you, and were made",
    extensions: { "violated-policies": ["principal"], retryAfterMs: 100 },
  },
  "uri-too-long": {
    meaning: "the path with its query is longer than a node reads",
    advice: "Send a shorter one; the longest that any call needs has some hundred characters.",
    example: "at most 8192 characters",
  },
  "headers-too-large": {
    meaning: "the request has more headers than a node reads",
    advice: "Send fewer headers; no call needs more than a dozen.",
    example: "at most 100 headers",
  },
  "unsupported-media-type": {
    meaning: "the body is of a media type that this call does not take",
    advice: "Send `Content-Type: application/json`, and the body without a `Content-Encoding`.",
    example: "send Content-Type: application/json, not text/xml",
  },
} as const satisfies Texts;

export const access = {
  unauthenticated: {
    meaning: "the request has no token that this node knows",
    advice: "Send `Authorization: Bearer <token>` with a token of the node's list.",
    example: "this call takes a token: Authorization: Bearer <token>",
  },
  forbidden: {
    meaning: "the token is known, and is not for calls of this kind",
    advice: "Use a token that has the scope which the detail names.",
    example: "this call takes the scope admin",
  },
} as const satisfies Texts;

export const keys = {
  "idempotency-key-reused": {
    meaning: "the key stands for another request",
    advice:
      "This request was not carried out. Send the first one again to have its answer, or take a new key for this one.",
    example:
      "this Idempotency-Key stands for another request: send that one again to have its answer, or take a new key for this one",
  },
  "idempotency-key-expired": {
    meaning: "keys of this age are forgotten, and nobody knows whether it counted before",
    advice:
      "This request did not count, and never will. Find out whether an earlier one with this key did, then take a new key.",
    example: "keys issued at that time are forgotten",
  },
  "idempotency-key-in-future": {
    meaning: "the key says that it was issued further ahead than keys are remembered",
    advice: "Set the clock of whoever makes the keys.",
    example: "the key was issued in the future",
  },
  "idempotency-table-full": {
    meaning: "as many keys are remembered as this cluster may have",
    advice: `${again} Keys are forgotten after a while; \`--idempotency-max\` allows for more.`,
    example: "the operation was refused: too-many-keys",
  },
  "precondition-required": {
    meaning: "this node takes no write without an `Idempotency-Key`",
    advice: "Send `Idempotency-Key` with a value of your own, a UUID for example.",
    example: "send an Idempotency-Key",
  },
} as const satisfies Texts;
