/** What went wrong with a request, as an error and as a reply. */
import { codeOf, messageOf } from "../process/error-text.ts";
import type { ApiReply } from "./api.ts";
import { problemKinds, type ProblemCode, type ProblemKind } from "./problem-kinds.ts";
import { problemOfCode } from "./problem-of-code.ts";

/** Why a request was not answered as hoped. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  /** Further members of the JSON form, such as `waitingFor`. */
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      readonly extensions?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.extensions = more.extensions ?? {};
    this.headers = more.headers ?? {};
  }

  /** The same problem, of which the reply has these headers as well. */
  with(headers: Readonly<Record<string, string>>): Problem {
    const { code, message, extensions, cause } = this;
    return new Problem(code, message, {
      extensions,
      headers: { ...this.headers, ...headers },
      cause,
    });
  }
}

/** Where the error's own words do not say what to do. */
const adviceOf: Readonly<Partial<Record<ProblemCode, string>>> = {
  "session-unknown":
    "this request was not carried out, and never will be; whether an earlier one with this number was, is not known any more",
  "session-number-acknowledged":
    "this request was not carried out: the answer to that number was acknowledged, and is not kept",
  "session-number-reused":
    "this number stands for another request: send that one again to have its answer, or go on with the next number",
  "idempotency-key-reused":
    "this Idempotency-Key stands for another request: send that one again to have its answer, or take a new key for this one",
};

/** The whole text where clients of the demo, or scripts, look for certain words. */
const wordsOf: Readonly<Partial<Record<ProblemCode, string>>> = {
  "not-leader": "not leader\n",
  "mode-mismatch": "not available in eventual mode\n",
};

/** Any error as a problem; what nobody expected becomes `internal` without a word about why. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = problemOfCode[codeOf(error) ?? typeOf(error) ?? ""];
  if (code !== undefined) {
    return new Problem(code, adviceOf[code] ?? messageOf(error), { cause: error });
  }
  if (statusOf(error) === 400) return new Problem("validation-failed", messageOf(error));
  return new Problem("internal", "the node's log says more", { cause: error });
}

/** What the status alone says. */
const bare: ReadonlySet<ProblemCode> = new Set([
  "not-found",
  "method-not-allowed",
  "not-acceptable",
  "unsupported-media-type",
]);

/** @param base - what types begin with that are ours */
export function problemType(code: ProblemCode, base: string): string {
  const { type }: ProblemKind = problemKinds[code];
  return bare.has(code) ? "about:blank" : (type ?? `${base}${code}`);
}

/**
 * What a problem says of itself, wherever it is told.
 *
 * @param base - what its `type` begins with
 */
export function problemMembers(
  problem: Problem,
  base: string,
): Readonly<Record<string, unknown>> & { readonly status: number } {
  const kind: ProblemKind = problemKinds[problem.code];
  return {
    type: problemType(problem.code, base),
    title: kind.title,
    status: kind.status,
    detail: problem.message,
    code: problem.code,
    outcome: kind.outcome,
    retryable: kind.retryable,
  };
}

/** A problem as a reply: RFC 9457 if the client reads JSON, one line of text if not. */
export function problemReply(
  problem: Problem,
  context: {
    readonly json: boolean;
    readonly node: string;
    readonly path: string;
    /** What the `type` begins with. */
    readonly base: string;
    readonly traceId: string;
  },
): ApiReply {
  const kind: ProblemKind = problemKinds[problem.code];
  const headers: Record<string, string> = {
    "counter-code": problem.code,
    "counter-outcome": kind.outcome,
    ...(kind.retryable ? { "retry-after": "1" } : {}),
    ...problem.headers,
  };
  if (!context.json) {
    const line = `${problem.code}: ${problem.message} (${kind.outcome})\n`.replaceAll(
      /\n(?=.)/g,
      " ",
    );
    return {
      status: kind.status,
      headers: { "content-type": "text/plain; charset=utf-8", ...headers },
      body: wordsOf[problem.code] ?? line,
    };
  }
  const { base, path: instance, node, traceId } = context;
  const members = problemMembers(problem, base);
  const body = { ...members, instance, node, traceId, ...problem.extensions };
  return {
    status: kind.status,
    headers: { "content-type": "application/problem+json", ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}

/** `http-errors`, which Express throws, carry `type` and `status`. */
function typeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("type" in error)) return null;
  return typeof error.type === "string" ? error.type : null;
}

function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null || !("status" in error)) return null;
  return typeof error.status === "number" ? error.status : null;
}
