/** What the operations on counters take and answer. */
import { z } from "zod";

import type { ParameterDoc, ResponseDoc, RouteDoc } from "../api.ts";
import {
  flagDoc,
  jsonReply,
  jsonType,
  keyDoc,
  keyHeaders,
  keyedWriteProblems,
  sessionDoc,
  sessionProblems,
  textDoc,
} from "../docs/parts.ts";
import * as schemas from "./schemas.ts";
import { counterName, modeIn } from "./values.ts";

/** A part of a counter's settings, as RFC 7396 has it. */
export const mergePatchType = "application/merge-patch+json";

const name: ParameterDoc = { description: "the counter", schema: counterName };
const params = { name };

const ifMatch = textDoc(
  "strong mode: do it only if the counter has this `ETag`, or is there (`*`)",
);
const ifNoneMatch = textDoc("strong mode: `*`: do it only if there is no such counter");
const conditions = { "if-match": ifMatch, "if-none-match": ifNoneMatch };
const prefer = textDoc("`return=minimal`: no body; `wait=n`: the longest wait in seconds");
const ack = textDoc(
  "eventual mode: how many nodes must have it on their disks: `local` (default), `majority`, `all`, or a number",
);

const seenHeaders = {
  etag: "which state this is; in eventual mode weak: good for `If-None-Match` on a read only",
  "counter-version": "a token: sent as `Counter-At-Least`, any node answers at least this",
};
const writtenHeaders = {
  ...seenHeaders,
  ...keyHeaders,
  "preference-applied": "which preferences were heeded",
};

/** How fresh a read is to be, in both modes. */
const readQuery: Readonly<Record<string, ParameterDoc>> = {
  consistency: textDoc(
    "strong mode: `linearizable` (default), `lease`, `leader`, `local`; eventual mode: `local` (default), `quorum`, `all`",
  ),
  maxStaleness: textDoc("strong mode, with `local`: the longest silence of the leader, as `2s`"),
  atLeast: textDoc("a token, as `Counter-At-Least` takes it"),
  orStale: flagDoc("eventual mode: answer also if the wait was in vain"),
};
const readHeaders = {
  "counter-at-least": textDoc("a token: answer with at least what it stands for"),
  "if-none-match": textDoc("an `ETag`: 304 if that is still the state"),
  prefer: textDoc("`wait=n`: the longest wait in seconds"),
};
const readProblems = [
  "not-acceptable",
  "validation-failed",
  "no-leader",
  "read-not-confirmed",
  "too-stale",
  "not-yet-consistent",
  "token-foreign",
] as const;

const writeProblems = [
  "not-acceptable",
  "validation-failed",
  "mode-mismatch",
  "unsafe-integer",
  "delta-too-large",
  ...keyedWriteProblems,
  ...sessionProblems,
  "ack-timeout",
] as const;

/** How a read came to its answer, also where that is that there is nothing. */
const howReadHeaders = {
  "preference-applied": "the `wait` that was taken",
  "counter-staleness-ms": "`local`: milliseconds since the leader was last heard of",
  "counter-known-leader": "`local`: whether this node knows a leader",
} as const;

const done: ResponseDoc = {
  description: "done; asked for by `return=minimal`",
  headers: writtenHeaders,
};
const counterReply = (description: string): ResponseDoc =>
  jsonReply(description, schemas.counterSchema, writtenHeaders);

export const listDoc: RouteDoc = {
  id: "listCounters",
  tag: "counters",
  query: {
    prefix: textDoc("only names that begin like this"),
    limit: { description: "most items of a page", schema: z.int().min(1).max(1000).default(100) },
    cursor: textDoc("what `next` of the page before said"),
    mode: { description: "only counters of this mode", schema: modeIn },
    ...readQuery,
  },
  headers: { "counter-at-least": readHeaders["counter-at-least"], prefer: readHeaders.prefer },
  responses: {
    200: jsonReply("a page, ordered by name", schemas.counterListSchema, {
      link: 'the next page, `rel="next"`, if there is one',
      "counter-version": seenHeaders["counter-version"],
      ...howReadHeaders,
    }),
  },
  problems: readProblems,
};

export const createDoc: RouteDoc = {
  id: "createCounter",
  tag: "counters",
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, prefer },
  body: { schema: schemas.createSchema, mediaTypes: [jsonType], required: true },
  responses: {
    201: {
      ...counterReply("the counter is there; without a body if `return=minimal` was asked for"),
      headers: { ...writtenHeaders, location: "where it is" },
    },
  },
  problems: [...writeProblems, "counter-exists", "too-many-labels"],
};

export const getDoc: RouteDoc = {
  id: "getCounter",
  tag: "counters",
  params,
  query: readQuery,
  headers: readHeaders,
  responses: {
    200: {
      description: "the counter; as text its value alone",
      content: { [jsonType]: schemas.counterSchema, "text/plain": z.string() },
      headers: {
        ...seenHeaders,
        ...howReadHeaders,
        "counter-stale": "`orStale`: the wait was in vain",
      },
    },
    304: { description: "it is still as `If-None-Match` says", headers: seenHeaders },
    404: { description: "there was no such counter as this was read", headers: howReadHeaders },
  },
  problems: [...readProblems, "counter-not-found"],
};

export const patchDoc: RouteDoc = {
  id: "configureCounter",
  tag: "counters",
  params,
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, ...conditions, prefer },
  body: { schema: schemas.patchSchema, mediaTypes: [mergePatchType, jsonType], required: true },
  responses: { 200: counterReply("the counter as it is now"), 204: done },
  problems: [
    ...writeProblems,
    "counter-not-found",
    "version-mismatch",
    "mode-mismatch",
    "too-many-labels",
  ],
};

export const deleteDoc: RouteDoc = {
  id: "deleteCounter",
  tag: "counters",
  params,
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, ...conditions },
  responses: {
    204: { description: "it is gone; numbers it handed out stay used", headers: writtenHeaders },
  },
  problems: [...writeProblems, "counter-not-found", "version-mismatch"],
};

const added = (id: string, schema: z.ZodType, required: boolean): RouteDoc => ({
  id,
  tag: "counters",
  params,
  query: { ack },
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, prefer },
  body: { schema, mediaTypes: [jsonType], required },
  responses: { 200: jsonReply("it counts", schemas.addedSchema, writtenHeaders), 204: done },
  problems: [...writeProblems, "bound-exceeded", "kind-mismatch"],
});

export const addDoc: RouteDoc = added("addToCounter", schemas.addSchema, true);
export const incrementDoc: RouteDoc = added("incrementCounter", schemas.stepSchema, false);
export const decrementDoc: RouteDoc = added("decrementCounter", schemas.stepSchema, false);

export const nextDoc: RouteDoc = {
  id: "nextNumbers",
  tag: "counters",
  params,
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, prefer },
  body: { schema: schemas.nextSchema, mediaTypes: [jsonType], required: false },
  responses: {
    200: jsonReply("numbers that nobody else gets", schemas.issuedSchema, writtenHeaders),
    204: done,
  },
  problems: [...writeProblems, "bound-exceeded"],
};

const changed = (id: string, schema: z.ZodType, required: boolean): RouteDoc => ({
  id,
  tag: "counters",
  params,
  headers: { "idempotency-key": keyDoc, "counter-session": sessionDoc, ...conditions, prefer },
  body: { schema, mediaTypes: [jsonType], required },
  responses: {
    200: jsonReply("the counter has that value", schemas.changedSchema, writtenHeaders),
    204: done,
  },
  problems: [
    ...writeProblems,
    "bound-exceeded",
    "kind-mismatch",
    "version-mismatch",
    "mode-mismatch",
  ],
});

export const casDoc: RouteDoc = changed("compareAndSetCounter", schemas.casSchema, true);
export const setDoc: RouteDoc = changed("setCounter", schemas.setSchema, true);
export const resetDoc: RouteDoc = changed("resetCounter", schemas.resetSchema, false);

const tokenHeader = { "counter-version": seenHeaders["counter-version"] };

const insight = (id: string, description: string, schema: z.ZodType): RouteDoc => ({
  id,
  tag: "counters",
  params,
  responses: { 200: jsonReply(description, schema, tokenHeader) },
  problems: ["counter-not-found", "mode-mismatch"],
});

export const contributionsDoc: RouteDoc = insight(
  "listContributions",
  "who added how much (eventual mode)",
  schemas.contributionsSchema,
);
export const conflictsDoc: RouteDoc = insight(
  "listConflicts",
  "keys that were used twice for different things (eventual mode)",
  schemas.conflictsSchema,
);
