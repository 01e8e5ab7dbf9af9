import { NotLeaderError, OutcomeUnknownError, OverloadedError, StoppedError } from "@counter/raft";

import { OperationRefusedError } from "../engine/engine.ts";
import { problemKinds } from "./problem-kinds.ts";
import { Problem, problemOf, problemReply } from "./problems.ts";

const refusal = {
  status: "refused",
  replayed: false,
  current: null,
  currentVersion: null,
  min: null,
  max: null,
  index: null,
} as const;
const context = {
  node: "127.0.0.1:8080",
  path: "/next",
  base: "urn:counter:problem:",
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
};

describe("which problem an error becomes", () => {
  it.each([
    { error: new NotLeaderError(null), status: 503, code: "no-leader", outcome: "not-applied" },
    { error: new OverloadedError(), status: 503, code: "overloaded", outcome: "not-applied" },
    { error: new StoppedError(), status: 503, code: "draining", outcome: "not-applied" },
    {
      error: new OutcomeUnknownError("time is up"),
      status: 504,
      code: "outcome-unknown",
      outcome: "unknown",
    },
    {
      error: new OperationRefusedError({ ...refusal, code: "key-reused" }),
      status: 422,
      code: "idempotency-key-reused",
      outcome: "not-applied",
    },
    {
      error: new OperationRefusedError({ ...refusal, code: "too-many-keys" }),
      status: 503,
      code: "idempotency-table-full",
      outcome: "not-applied",
    },
    { error: new TypeError("a bug"), status: 500, code: "internal", outcome: "unknown" },
    { error: "thrown text", status: 500, code: "internal", outcome: "unknown" },
  ])("$error: $status $code, $outcome", ({ error, status, code, outcome }) => {
    const reply = problemReply(problemOf(error), { ...context, json: true });
    expect(reply.status).toBe(status);
    expect(JSON.parse(String(reply.body))).toMatchObject({ status, code, outcome });
  });

  test("what nobody expected is not shown to clients", () => {
    const reply = problemReply(problemOf(new Error("secret path")), { ...context, json: true });
    expect(String(reply.body)).not.toContain("secret");
  });
});

describe("every problem", () => {
  const codes = Object.entries(problemKinds);

  it.each(codes)("%s has a body for machines (RFC 9457)", (code, kind) => {
    const problem = new Problem(kind === problemKinds.internal ? "internal" : "no-leader", "why");
    const named = Object.assign(problem, { code });
    const reply = problemReply(named, { ...context, json: true });
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(String(reply.body)).toMatch(
      /"type":"(about:blank|urn:counter:problem:|https:\/\/iana\.org\/)/,
    );
    expect(JSON.parse(String(reply.body))).toMatchObject({
      title: kind.title,
      status: kind.status,
      detail: "why",
      code,
      outcome: kind.outcome,
      retryable: kind.retryable,
      node: context.node,
      traceId: context.traceId,
    });
    expect(reply.headers["retry-after"] !== undefined).toBe(kind.retryable);
  });

  it.each(codes)("%s has one line for people", (code, kind) => {
    const problem = Object.assign(new Problem("no-leader", "why\nso"), { code });
    const reply = problemReply(problem, { ...context, json: false });
    expect(String(reply.body)).toMatch(/^[^\n]+\n$/);
    expect(reply.headers).toMatchObject({ "counter-code": code, "counter-outcome": kind.outcome });
  });
});
