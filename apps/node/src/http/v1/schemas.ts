/** Every body of v1, in and out. The routes read and write by these, and the documents show them. */
import { z } from "zod";

import { integerText } from "../docs/parts.ts";
import {
  counterName,
  exactly,
  integerIn,
  labelKey,
  labelsPatch,
  labelsSchema,
  modeIn,
  positiveIn,
  ttlIn,
} from "./values.ts";

const kind = z.enum(["counter", "sequence"]);
const onBound = z.enum(["reject", "saturate"]);
const modeName = z.enum(["strong", "eventual"]);

/** A counter, as every reply shows it that describes one. */
export const counterSchema = z
  .strictObject({
    name: counterName,
    mode: modeName,
    kind: kind.meta({ description: "of a `sequence` numbers come by `next` only" }),
    value: integerText,
    version: z
      .string()
      .nullable()
      .meta({
        description: "changes with every change of value or settings; eventual mode: `null`",
        examples: ["s0-17"],
      }),
    initial: integerText,
    min: integerText.nullable(),
    max: integerText.nullable(),
    onBound: onBound.meta({ description: "what `add` does at `min` and `max`" }),
    step: integerText.meta({ description: "how far apart the numbers of `next` are" }),
    labels: z.record(labelKey, z.string()),
    ttl: z
      .string()
      .nullable()
      .meta({ description: "how long after its last write it is deleted", examples: ["24h"] }),
    stable: integerText.nullable().optional().meta({
      description:
        "eventual mode, of one counter that is read: what of `value` every member is known to have; `null` where that cannot be told apart",
    }),
    behind: z
      .array(z.string())
      .optional()
      .meta({ description: "likewise: members that may lack something that this node knows" }),
  })
  .meta({ id: "Counter" });

export type CounterBody = z.infer<typeof counterSchema>;

export const counterListSchema = z
  .strictObject({ items: z.array(counterSchema), next: z.string().nullable() })
  .meta({ id: "CounterList" });

export type CounterListBody = z.infer<typeof counterListSchema>;

const version = z.string().nullable();

/** In eventual mode, of a write without a key: of what the counter is, what has spread. */
const stable = integerText.nullable().optional().meta({
  description:
    "eventual mode, of a write without a key: what every member was known to have of the counter when this was answered; `null` where that cannot be told apart",
});

/** In eventual mode: how many nodes are known to have a write. */
export const durabilitySchema = z
  .strictObject({
    requested: z.union([z.string(), z.number()]),
    achieved: z.number(),
    storage: z.enum(["file", "memory"]),
  })
  .optional();

export const addedSchema = z
  .strictObject({
    name: counterName,
    value: integerText,
    previous: integerText,
    applied: integerText.meta({ description: "what was added: less than asked for at a bound" }),
    stable,
    version,
    durability: durabilitySchema,
  })
  .meta({ id: "Added" });

export type AddedBody = z.infer<typeof addedSchema>;

export const issuedSchema = z
  .strictObject({
    name: counterName,
    first: integerText,
    last: integerText,
    count: integerText,
    step: integerText,
    version,
  })
  .meta({ id: "Issued" });

export type IssuedBody = z.infer<typeof issuedSchema>;

export const changedSchema = z
  .strictObject({
    name: counterName,
    value: integerText,
    previous: integerText,
    stable,
    version,
    durability: durabilitySchema,
  })
  .meta({ id: "Changed" });

export type ChangedBody = z.infer<typeof changedSchema>;

export const contributionsSchema = z
  .strictObject({
    name: counterName,
    items: z.array(
      z.strictObject({
        writer: z.string(),
        node: z.string().nullable(),
        plus: integerText,
        minus: integerText,
      }),
    ),
    keyed: z.strictObject({ open: integerText, closed: integerText }).meta({
      description:
        "additions with a key count for the cluster: of remembered keys, of forgotten ones",
    }),
  })
  .meta({ id: "Contributions" });

export type ContributionsBody = z.infer<typeof contributionsSchema>;

const use = z.strictObject({
  node: z.string().nullable(),
  type: z.enum(["add", "set", "create", "configure", "delete"]),
  delta: integerText.meta({ description: "what was added or set; else 0" }),
});

export const conflictsSchema = z
  .strictObject({
    items: z.array(
      z.strictObject({
        key: z.string(),
        uses: z.array(use).meta({
          description: "where it was accepted, as what: the first counts; empty: forgotten",
        }),
      }),
    ),
  })
  .meta({ id: "Conflicts" });

export type ConflictsBody = z.infer<typeof conflictsSchema>;

/** What a counter may be given when it is made. */
const settings = {
  kind: kind.optional(),
  mode: modeIn.optional(),
  initial: integerIn.optional(),
  min: integerIn.nullable().optional(),
  max: integerIn.nullable().optional(),
  onBound: onBound.optional(),
  step: positiveIn.optional(),
  labels: labelsSchema.optional(),
  ttl: ttlIn.nullable().optional(),
};

export const createSchema = exactly({ name: counterName, ...settings }).meta({
  id: "CreateCounter",
});
export type CreateBody = z.output<typeof createSchema>;

export const patchSchema = exactly({
  min: integerIn.nullable().optional(),
  max: integerIn.nullable().optional(),
  onBound: onBound.nullable().optional(),
  step: positiveIn.nullable().optional(),
  labels: labelsPatch.optional(),
  ttl: ttlIn.nullable().optional(),
}).meta({ id: "PatchCounter" });
export type PatchBody = z.output<typeof patchSchema>;

export const addSchema = exactly({ delta: integerIn, onBound: onBound.optional() }).meta({
  id: "Add",
});
export type AddBody = z.output<typeof addSchema>;

export const stepSchema = exactly({ by: positiveIn.optional() }).meta({ id: "Step" });
export const nextSchema = exactly({ count: positiveIn.optional() }).meta({ id: "Next" });
export const casSchema = exactly({ expected: integerIn, value: integerIn }).meta({
  id: "CompareAndSet",
});
export const setSchema = exactly({ value: integerIn }).meta({ id: "SetValue" });
export const resetSchema = exactly({ to: integerIn.optional() }).meta({ id: "Reset" });
export const nothingSchema = exactly({});

const item = {
  counter: counterName,
  key: z
    .string()
    .regex(/^[!-~]{1,255}$/, "1 to 255 visible ASCII characters")
    .optional(),
};

export const operationSchema = z
  .discriminatedUnion("op", [
    exactly({ op: z.literal("add"), ...item, delta: integerIn, onBound: onBound.optional() }),
    exactly({ op: z.literal("next"), ...item, count: positiveIn.optional() }),
    exactly({ op: z.literal("set"), ...item, value: integerIn }),
    exactly({ op: z.literal("cas"), ...item, expected: integerIn, value: integerIn }),
    exactly({ op: z.literal("reset"), ...item, to: integerIn.optional() }),
    exactly({ op: z.literal("create"), ...item, ...settings }),
    exactly({ op: z.literal("delete"), ...item }),
  ])
  .meta({ id: "BatchOperation" });

export type BatchOperation = z.output<typeof operationSchema>;

/** Most operations of one batch. */
export const batchMaxOperations: number = 1000;
/** Largest body of a batch, in bytes. */
export const batchMaxBytes: number = 1024 * 1024;

export const batchSchema = exactly({
  ops: z.array(operationSchema).min(1).max(batchMaxOperations),
  atomic: z.boolean().optional(),
}).meta({ id: "Batch" });
export type BatchBody = z.output<typeof batchSchema>;

export const batchReplySchema = z
  .strictObject({ results: z.array(z.looseObject({ status: z.number() })) })
  .meta({ id: "BatchResults" });

export const drainSchema = z.strictObject({ draining: z.boolean() }).meta({ id: "Draining" });
