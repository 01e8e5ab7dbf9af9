import {
  AbortError,
  InvalidArgumentError,
  InvalidReplyError,
  OutcomeUnknownError,
  ProblemError,
  UnreachableError,
  type CounterError,
} from "@counter/client";

import { exitCodeOf, exitCodes, UsageError } from "./exit-codes.ts";
import { explain } from "./explain.ts";

function problem(status: number, code: string, outcome: CounterError["outcome"] = "not-applied") {
  const facts = { outcome, retryable: false };
  return new ProblemError(status, { code, detail: `it is ${code}` }, facts);
}

describe("how a command ends", () => {
  it.each([
    [new UsageError("no"), exitCodes.usage],
    [new InvalidArgumentError("no"), exitCodes.usage],
    [problem(400, "validation-failed"), exitCodes.usage],
    [problem(404, "counter-not-found"), exitCodes.notFound],
    [problem(409, "bound-exceeded"), exitCodes.precondition],
    [problem(412, "version-mismatch"), exitCodes.precondition],
    [problem(422, "idempotency-key-reused"), exitCodes.precondition],
    [problem(503, "no-leader"), exitCodes.unavailable],
    [problem(429, "quota-exceeded"), exitCodes.unavailable],
    [problem(504, "outcome-unknown", "unknown"), exitCodes.outcomeUnknown],
    [problem(504, "ack-timeout", "applied"), exitCodes.error],
    [problem(500, "internal", "unknown"), exitCodes.error],
    [new UnreachableError("no", {}), exitCodes.unavailable],
    [new OutcomeUnknownError("who knows", { key: "k" }), exitCodes.outcomeUnknown],
    [new AbortError({ outcome: "unknown" }), exitCodes.outcomeUnknown],
    [new AbortError({ outcome: "not-applied" }), exitCodes.unavailable],
    [new InvalidReplyError("what"), exitCodes.error],
    [new Error("other"), exitCodes.error],
  ])("%s: %i", (error, code) => expect(exitCodeOf(error)).toBe(code));
});

describe("what is said about it", () => {
  it("names the key under which it can be settled", () => {
    const { hint } = explain(new OutcomeUnknownError("who knows", { key: "k-1" }));
    expect(hint).toContain("--key k-1");
  });

  it("names the places that the service found wrong", () => {
    const facts = { outcome: "not-applied", retryable: false } as const;
    const errors = [{ pointer: "/delta", detail: "is missing" }, { detail: "and more" }, 7];
    const body = { code: "validation-failed", detail: "the body is wrong", errors };
    expect(explain(new ProblemError(400, body, facts)).message).toBe(
      "the body is wrong (/delta: is missing; and more)",
    );
  });

  it("says what to do about refusals that have a way out", () => {
    expect(explain(problem(409, "bound-exceeded")).hint).toContain("configure --max");
    expect(explain(problem(409, "something-new")).hint).toBeNull();
  });
});
