/** Problems as the document shows them: RFC 9457, with members that say what became of the request. */
import { z } from "zod";

import { keyHeaders } from "../docs/parts.ts";
import { problemTexts } from "../problem-texts/problem-texts.ts";
import type { ProblemText } from "../problem-texts/problem-text.ts";
import { problemKinds, type ProblemCode } from "../problem-kinds.ts";
import { problemType } from "../problems.ts";
import { rateLimitHeaders } from "./introduction.ts";
import type { Json } from "./schema-set.ts";

export const problemSchema = z
  .looseObject({
    type: z
      .string()
      .meta({ description: "a URI of the kind of problem; `about:blank` if the status says all" }),
    title: z.string().meta({ description: "the kind of problem, for people" }),
    status: z.int(),
    detail: z.string().meta({ description: "this very problem, for people" }),
    instance: z.string().meta({ description: "the path that was asked for" }),
    code: z.string().meta({ description: "the kind of problem, for programs: switch on this" }),
    outcome: z.enum(["applied", "not-applied", "unknown"]).meta({
      description: "what became of a write; `unknown` is never a failure: it may have taken effect",
    }),
    retryable: z.boolean().meta({ description: "whether the same request may succeed later" }),
    node: z.string().meta({ description: "`host:port` of the node that says so" }),
    retryAfterMs: z.int().optional().meta({ description: "as `Retry-After`, finer" }),
    errors: z
      .array(
        z.looseObject({
          pointer: z.string().optional().meta({ description: "into the body, as in RFC 6901" }),
          parameter: z.string().optional().meta({ description: "of the query" }),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ description: "RFC 9457. Members that are not described here are to be ignored." });

/** Headers that a problem has besides those of every reply. */
export const problemHeaders: Readonly<Record<string, string>> = {
  "counter-code": "the `code` of the problem",
  "counter-outcome": "`applied`, `not-applied` or `unknown`",
  "counter-leader": "`host:port` of the leader, where that helps and it is known",
  "counter-version": "eventual mode: a token of what this node knows, where that is not enough",
  ...keyHeaders,
  "www-authenticate": "how to prove who asks, where that is missing",
  "retry-after": "seconds, where the same request may succeed later",
  ...rateLimitHeaders,
};

/** A problem as it may be read. */
export function problemExample(code: ProblemCode): Json {
  const kind = problemKinds[code];
  const text: ProblemText = problemTexts[code];
  const value = {
    type: problemType(code, "urn:counter:problem:"),
    title: kind.title,
    status: kind.status,
    detail: text.example,
    instance: "/v1/counters/orders/add",
    code,
    outcome: kind.outcome,
    retryable: kind.retryable,
    node: "127.0.0.1:8080",
    ...text.extensions,
  };
  return { summary: kind.title, value };
}
