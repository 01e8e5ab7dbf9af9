/** One counter of a backup as JSON. What is as it is without saying is left out. */
import {
  isCounterName,
  isInRange,
  isLabelKey,
  labelsMax,
  labelValueMaxLength,
  plainConfig,
  ttlMaxMs,
  type CounterBackup,
} from "@counter/state-machine";
import { z } from "zod";

const nameSchema = z.string().refine(isCounterName);
const numberSchema = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,319})$/)
  .transform(BigInt)
  .refine(isInRange);

/** As the first release wrote it. */
const valueSchema = z
  .tuple([nameSchema, numberSchema])
  .transform(([name, value]): CounterBackup => {
    return { name, value, issued: null, config: plainConfig };
  });

const labelsSchema = z
  .array(z.tuple([z.string().refine(isLabelKey), z.string().max(labelValueMaxLength)]))
  .max(labelsMax)
  .transform((labels) => labels.map(([key, value]) => ({ key, value })))
  .refine((labels) => new Set(labels.map(({ key }) => key)).size === labels.length);

const counterSchema = z
  .strictObject({
    name: nameSchema,
    value: numberSchema.nullable().default(null),
    issued: numberSchema.nullable().default(null),
    kind: z.enum(["counter", "sequence"]).default(plainConfig.kind),
    initial: numberSchema.default(plainConfig.initial),
    min: numberSchema.nullable().default(null),
    max: numberSchema.nullable().default(null),
    onBound: z.enum(["reject", "saturate"]).default(plainConfig.onBound),
    step: numberSchema.refine((step) => step >= 1n).default(plainConfig.step),
    labels: labelsSchema.default([]),
    ttlMs: z.number().int().min(1).max(ttlMaxMs).nullable().default(null),
  })
  .refine(({ value, issued }) => value !== null || issued !== null)
  .refine(({ value, min, max }) => {
    return value === null || ((min === null || value >= min) && (max === null || value <= max));
  })
  .transform(({ name, value, issued, ...config }): CounterBackup => {
    return { name, value, issued, config };
  });

/** Which releases wrote it. */
export type BackupVersion = 1 | 2;

/** @throws ZodError, SyntaxError */
export function counterOf(text: string, version: BackupVersion): CounterBackup {
  const value: unknown = JSON.parse(text);
  return version === 1 ? valueSchema.parse(value) : counterSchema.parse(value);
}

export function textOf(counter: CounterBackup): string {
  return JSON.stringify(membersOf(counter));
}

function membersOf({ name, value, issued, config }: CounterBackup): Record<string, unknown> {
  const { kind, initial, min, max, onBound, step, labels, ttlMs } = config;
  return {
    name,
    ...(value === null ? {} : { value: value.toString() }),
    ...(issued === null ? {} : { issued: issued.toString() }),
    ...(kind === plainConfig.kind ? {} : { kind }),
    ...(initial === plainConfig.initial ? {} : { initial: initial.toString() }),
    ...(min === null ? {} : { min: min.toString() }),
    ...(max === null ? {} : { max: max.toString() }),
    ...(onBound === plainConfig.onBound ? {} : { onBound }),
    ...(step === plainConfig.step ? {} : { step: step.toString() }),
    ...(labels.length === 0 ? {} : { labels: labels.map(({ key, value: text }) => [key, text]) }),
    ...(ttlMs === null ? {} : { ttlMs }),
  };
}
