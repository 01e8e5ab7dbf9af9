/** What the descriptions of several operations have in common. */
import { z } from "zod";

import type { ParameterDoc, ResponseDoc } from "../api.ts";

export const jsonType = "application/json";
export const textType = "text/plain";

/** A whole number of any size as its decimal digits: no JSON reader can round it. */
export const integerText: z.ZodString = z
  .string()
  .regex(/^-?(0|[1-9][0-9]*)$/)
  .meta({ format: "bigint", description: "decimal digits of a whole number of any size" });

/** A JSON object of which only some members are promised. */
export const anyObject = z.looseObject({});

/** A body without members. */
export const emptyObject = z.strictObject({});

export function flagDoc(description: string): ParameterDoc {
  return { description, schema: z.enum(["", "true", "false"]) };
}

export function textDoc(description: string): ParameterDoc {
  return { description, schema: z.string() };
}

/** A reply as JSON or as text, whichever the client would rather read. */
export function either(
  description: string,
  schema: z.ZodType,
  headers: Readonly<Record<string, string>> = {},
): ResponseDoc {
  return { description, content: { [textType]: z.string(), [jsonType]: schema }, headers };
}

export function jsonReply(
  description: string,
  schema: z.ZodType,
  headers: Readonly<Record<string, string>> = {},
): ResponseDoc {
  return { description, content: { [jsonType]: schema }, headers };
}

export function textReply(description: string): ResponseDoc {
  return { description, content: { [textType]: z.string() } };
}

/** `Idempotency-Key`, as every write takes it. */
export const keyDoc: ParameterDoc = {
  description:
    "1 to 255 visible ASCII characters, bare or quoted: however often the request is sent with it, it counts once, and is answered alike",
  schema: z.string().min(1).max(1024),
};

/** `Counter-Session`, as writes of v1 take it. */
export const sessionDoc: ParameterDoc = {
  description:
    "strong mode: `<id>; seq=17; ack=15`, instead of a key: the write with this number of the session counts once, without a window, and the answers up to `ack` are not asked for again",
  schema: z.string().min(1).max(256),
};

/** What a write of a session may be refused with. */
export const sessionProblems = [
  "session-unknown",
  "session-window-full",
  "session-number-acknowledged",
  "session-number-reused",
  "session-table-full",
] as const;

/** What a reply says of a request with a key. */
export const keyHeaders = {
  "idempotent-replayed":
    "`true`: the key, or the number in the session, was known, and this is the answer of then",
  "counter-idempotency-window": "for how many seconds a key is remembered",
} as const;

export const versionHeader = {
  "counter-version": "a token: sent as `Counter-At-Least` it has any node answer at least this",
} as const;

/** What any write of a counter may be refused with. */
export const keyedWriteProblems = [
  "value-out-of-range",
  "too-many-counters",
  "idempotency-key-reused",
  "idempotency-key-expired",
  "idempotency-key-in-future",
  "idempotency-table-full",
  "precondition-required",
  "no-leader",
  "outcome-unknown",
  "storage-full",
] as const;
