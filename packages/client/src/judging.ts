/**
 * What to do after an attempt. A pure table, since everything that must not go wrong is decided here:
 *
 * C2 A write with a key may be sent again, with the same key: it counts once.
 * C3 A write without a key is never sent twice once a byte of it may have left.
 * C4 Once an attempt may have taken effect, only a reply that the service remembers under the key
 *    tells what became of it; any other refusal is about the later attempt alone, and so is that of
 *    a node of eventual mode that may not know of the earlier one.
 *
 * A number in a session is as good as a key. C10 is in numbering.ts.
 */
import { refusalOf, type Refusal, type Reply } from "./reply.ts";

/**
 * `write`s of counters can carry a key. `control` changes something else, and its refusals are
 * answers, also those that leave the outcome open.
 */
export type Effect = "read" | "write" | "control";

/** What came of one attempt. */
export type Result =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** No reply. `left`: a byte of the request may have left. `cut`: the call was out of time first. */
  | {
      readonly kind: "lost";
      readonly left: boolean;
      readonly cut?: boolean;
      readonly error: unknown;
    };

export type Verdict =
  | { readonly do: "answer"; readonly reply: Reply }
  | { readonly do: "follow"; readonly location: string }
  | { readonly do: "refuse"; readonly refusal: Refusal }
  | { readonly do: "unknown"; readonly refusal: Refusal | null }
  | {
      readonly do: "again";
      readonly refusal: Refusal | null;
      /** Whether this attempt may have taken effect. */
      readonly doubt: boolean;
      /** Whether another node may well answer at once. */
      readonly elsewhere: boolean;
      /** Whether the node should be left alone for a while. */
      readonly rest: boolean;
    };

/** Refusals that are about one node: another one may be able to. */
const ownCodes: ReadonlySet<string> = new Set([
  "draining",
  "starting",
  "not-yet-consistent",
  "too-stale",
]);
const restingCodes: ReadonlySet<string> = new Set(["draining", "starting"]);

/**
 * Refusals that are remembered under the key, or that say that it stands for something else: had an
 * earlier attempt taken effect, its answer would have come instead.
 */
const settlingCodes: ReadonlySet<string> = new Set([
  "bound-exceeded",
  "version-mismatch",
  "counter-exists",
  "kind-mismatch",
  "counter-not-found",
  "idempotency-key-reused",
  "session-number-reused",
]);

/** The service cannot know what became of earlier attempts; that this one did nothing is certain. */
export const sessionGone = "session-unknown";

export interface Judged {
  readonly effect: Effect;
  readonly keyed: boolean;
  /** Statuses besides 2xx that are answers. */
  readonly accepts: readonly number[];
}

/** @param inDoubt - whether an earlier attempt of the same call may have taken effect */
export function judge(call: Judged, result: Result, inDoubt: boolean): Verdict {
  if (result.kind === "lost") return judgeLost(call, result.left);
  const { reply } = result;
  const { status } = reply;
  if ((status >= 200 && status < 300) || call.accepts.includes(status)) {
    return { do: "answer", reply };
  }
  const location = reply.headers.get("location");
  if ((status === 307 || status === 308) && location !== null) return { do: "follow", location };
  return judgeRefusal(call, refusalOf(reply), inDoubt);
}

function judgeLost(call: Judged, left: boolean): Verdict {
  const harmless = call.effect === "read" || !left;
  if (!harmless && !call.keyed) return { do: "unknown", refusal: null };
  return { do: "again", refusal: null, doubt: !harmless, elsewhere: true, rest: true };
}

function judgeRefusal(call: Judged, refusal: Refusal, inDoubt: boolean): Verdict {
  const { outcome, retryable, problem } = refusal;
  if (problem.code === sessionGone) return { do: inDoubt ? "unknown" : "refuse", refusal };
  const doubt = call.effect !== "read" && outcome === "unknown";
  const harmless = call.effect === "read" || outcome === "not-applied";
  if (retryable && (harmless || call.keyed)) {
    const elsewhere = ownCodes.has(problem.code);
    return { do: "again", refusal, doubt, elsewhere, rest: restingCodes.has(problem.code) };
  }
  if (call.effect !== "write") return { do: "refuse", refusal };
  const settled = !inDoubt || outcome === "applied" || isSettling(problem);
  return settled && !doubt ? { do: "refuse", refusal } : { do: "unknown", refusal };
}

/** A node of eventual mode says by `mode` that it spoke for itself. */
function isSettling(problem: Refusal["problem"]): boolean {
  return settlingCodes.has(problem.code) && problem["mode"] !== "eventual";
}

/** Errors of Node's `fetch` that come before a connection stands; browsers do not tell. */
const beforeConnecting: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_SSL_WRONG_VERSION_NUMBER", // no TLS at the other end
  "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
]);
/** A certificate that is not good enough: the connection ends before anything is sent on it. */
const certificate: RegExp = /^(CERT|DEPTH_ZERO|ERR_TLS_CERT|INVALID_CA|SELF_SIGNED|UNABLE_TO)(_|$)/;

/** How deep causes are followed. */
const causesMax = 4;

/** Whether certainly no byte of the request has left. */
export function neverLeft(error: unknown, depth: number = 0): boolean {
  if (typeof error !== "object" || error === null || depth > causesMax) return false;
  // Of a name with several addresses each attempt to connect has an error of its own.
  if ("errors" in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every((each: unknown) => neverLeft(each, depth + 1));
  }
  if ("code" in error && typeof error.code === "string") {
    return beforeConnecting.has(error.code) || certificate.test(error.code);
  }
  return "cause" in error && neverLeft(error.cause, depth + 1);
}
