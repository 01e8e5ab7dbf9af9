/**
 * The bytes of a backup. The first line is a JSON header with a hash of the rest; the rest is a JSON
 * list of counters, one a line. Both can be read by people. What is as it is without saying is left
 * out; numbers are decimal strings.
 *
 * Version 1 was a list of names and values; it stays readable.
 */
import { createHash } from "node:crypto";

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

import type { Backup } from "../engine/engine.ts";

/** The bytes are not those of a complete backup. */
export class BackupFormatError extends Error {
  override readonly name = "BackupFormatError";
  readonly code = "BACKUP_FORMAT";
}

const version = 2;

const headerSchema = z.object({
  format: z.literal("counter-backup"),
  version: z.literal([1, version]),
  clusterId: z.string(),
  index: z.number().int().nonnegative(),
  sha256: z.string(),
});

const nameSchema = z.string().refine(isCounterName);
const numberSchema = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,319})$/)
  .transform(BigInt)
  .refine(isInRange);

const valuesSchema = z.array(z.tuple([nameSchema, numberSchema]));

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

export function encodeBackup(backup: Backup, clusterId: string): Uint8Array {
  const lines = backup.counters.map((counter) => JSON.stringify(membersOf(counter)));
  const body = `[\n${lines.join(",\n")}\n]\n`;
  const { index } = backup;
  const header = { format: "counter-backup", version, clusterId, index, sha256: hashOf(body) };
  return new TextEncoder().encode(`${JSON.stringify(header)}\n${body}`);
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

/** @throws BackupFormatError unless every byte is as it was written */
export function decodeBackup(bytes: Uint8Array): Backup {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const end = text.indexOf("\n");
    const header = headerSchema.parse(JSON.parse(text.slice(0, end)));
    const body = text.slice(end + 1);
    if (hashOf(body) !== header.sha256) throw new Error("the hash does not match");
    const list: unknown = JSON.parse(body);
    const counters =
      header.version === 1 ? plainCounters(list) : z.array(counterSchema).parse(list);
    if (new Set(counters.map(({ name }) => name)).size !== counters.length) {
      throw new Error("a counter is named twice");
    }
    return { index: header.index, counters };
  } catch (error) {
    throw new BackupFormatError("the backup is damaged or not a backup", { cause: error });
  }
}

function plainCounters(list: unknown): CounterBackup[] {
  return valuesSchema.parse(list).map(([name, value]) => {
    return { name, value, issued: null, config: plainConfig };
  });
}

export function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
