/**
 * The values that requests and replies of v1 are made of. What comes in is read as generously as is
 * exact, and becomes bigints and milliseconds; what goes out has one spelling.
 */
import { isInRange, nameMaxLength } from "@counter/state-machine";
import { z } from "zod";

import { didYouMean } from "../../config/did-you-mean.ts";
import { parseDuration } from "../../config/schema.ts";
import type { ProblemCode } from "../problem-kinds.ts";

/** Most decimal digits of a number that is looked at; reading very long ones takes long. */
export const digitsMax: number = 320;

/** Most labels of a counter. */
export const labelsMax: number = 16;
/** Most characters of a label's name, and of what it says. */
export const labelKeyMaxLength: number = 63;
export const labelValueMaxLength: number = 255;

/** Longest `ttl`, in milliseconds: 366 days. */
export const ttlMaxMs: number = 366 * 86_400_000;

const digits = /^-?(0|[1-9][0-9]*)$/;

/** Which problem an issue stands for, where it is not `validation-failed`. */
export interface IssueParams {
  readonly code: ProblemCode;
}

function reasonAgainst(value: unknown, least: bigint | null): [ProblemCode, string] | null {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return ["unsafe-integer", "it has lost digits: send integers beyond 2^53 as a string"];
  }
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || (!digits.test(text) && text !== "-0")) {
    return ["validation-failed", "an integer, or its decimal digits in a string"];
  }
  if (text.length > digitsMax || !isInRange(BigInt(text))) {
    return ["delta-too-large", "it has too many digits"];
  }
  if (least !== null && BigInt(text) < least) return ["validation-failed", `at least ${least}`];
  return null;
}

function integerFrom(least: bigint | null, description: string): z.ZodType<bigint> {
  return z
    .unknown()
    .transform((value, context): bigint => {
      const reason = reasonAgainst(value, least);
      if (reason === null) return BigInt(String(value));
      const [code, message] = reason;
      const params: IssueParams = { code };
      context.addIssue({ code: "custom", message, params });
      return z.NEVER;
    })
    .meta({
      description,
      anyOf: [
        { type: "string", format: "bigint", pattern: digits.source, maxLength: digitsMax },
        { type: "integer", minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 },
      ],
    });
}

/** Any whole number: digits in a string, or a JSON integer that has lost none. */
export const integerIn: z.ZodType<bigint> = integerFrom(
  null,
  "a whole number: its decimal digits in a string, or a JSON integer up to 2^53",
);

/** As {@link integerIn}, at least 1. */
export const positiveIn: z.ZodType<bigint> = integerFrom(1n, "a whole number of at least 1");

export type CounterMode = "strong" | "eventual";

/** `raft`, as a node's own setting calls it, is `strong`. */
export const modeIn: z.ZodType<CounterMode> = z
  .enum(["strong", "raft", "eventual"])
  .transform((word) => (word === "raft" ? "strong" : word))
  .meta({ description: "`raft` is another word for `strong`" });

export const counterName: z.ZodString = z
  .string()
  .max(nameMaxLength)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]*$/,
    `1 to ${nameMaxLength} letters, digits, ".", "_", ":" or "-", a letter or digit first`,
  )
  .meta({ description: "a counter's name", examples: ["orders"] });

export const labelKey: z.ZodString = z
  .string()
  .regex(
    /^[a-zA-Z0-9._/-]{1,63}$/,
    `1 to ${labelKeyMaxLength} letters, digits, ".", "_", "/" or "-"`,
  );

/** Half a character is in no UTF-8, so no other node could be told of it. */
const labelValue = z
  .string()
  .max(labelValueMaxLength)
  .regex(/^\P{Surrogate}*$/u, "text with whole characters only");

/** A record leaves this name out without a word; what is not stored must not look as if it were. */
function withoutProto<Schema extends z.ZodType>(schema: Schema): z.ZodPreprocess<Schema> {
  return z.preprocess((value, context) => {
    if (typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__")) {
      context.addIssue({ code: "custom", message: "no label has this name", path: ["__proto__"] });
    }
    return value;
  }, schema);
}

const fewLabels = (labels: object): boolean => Object.keys(labels).length <= labelsMax;
const fewLabelsError = { error: `at most ${labelsMax} labels` };

export const labelsSchema = withoutProto(
  z
    .record(labelKey, labelValue)
    .refine(fewLabels, fewLabelsError)
    .meta({ description: `at most ${labelsMax} labels` }),
);

/** In a patch: `null` takes a label away, and what is not named stays. */
export const labelsPatch = withoutProto(
  z
    .record(labelKey, labelValue.nullable())
    .refine((labels) => Object.keys(labels).length <= 2 * labelsMax, fewLabelsError)
    .nullable(),
);

/** A time as `500ms`, `30s`, `15m`, `24h` or `7d`, at most 366 days; as milliseconds. */
export const ttlIn: z.ZodType<number, string> = z
  .string()
  .transform((text, context): number => {
    const ms = parseTime(text);
    if (ms !== null && ms >= 1 && ms <= ttlMaxMs) return ms;
    const message = "a time from 1ms to 366 days, such as 500ms, 30s, 15m or 24h";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  })
  .meta({ description: "a time, at most 366 days", examples: ["500ms", "24h"] });

function parseTime(text: string): number | null {
  const days = /^(\d{1,4})d$/.exec(text);
  return days === null ? parseDuration(text) : Number(days[1]) * 86_400_000;
}

/** The one spelling of a time in replies: the largest unit, up to hours, that divides it. */
export function timeText(ms: number): string {
  for (const [unit, length] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${ms}ms`;
}

/**
 * An object that takes these members and no other: what is not understood must not be ignored. The
 * reason names what was probably meant.
 */
export function exactly<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return undefined;
      const [name = ""] = issue.keys;
      const meant = didYouMean(name.slice(0, 64), known);
      if (meant !== null) return `unknown member; did you mean ${meant}?`;
      const allowed = known.length === 0 ? "nothing" : known.join(", ");
      return `unknown member; this request takes ${allowed}`;
    },
  });
}
