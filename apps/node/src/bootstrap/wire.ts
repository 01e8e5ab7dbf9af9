/** What candidates say to each other over HTTP, checked. Whoever sends it may be anybody. */
import { z } from "zod";

import type { Answer as HttpAnswer, Question as HttpQuestion } from "../membership/asking.ts";
import { isNamed } from "../config/cluster-id.ts";
import { bootstrapExpectMax } from "../config/schema.ts";
import type { ApiRequest } from "../http/api.ts";
import { invalidMember, jsonMembers } from "../http/negotiation.ts";
import { Problem } from "../http/problems.ts";
import { participantsMax } from "./rules.ts";
import type { Answer, Question } from "./types.ts";

export const bootstrapPath = "/v1/cluster/bootstrap";
/** Longest reason of another node that is told on. */
const reasonMaxLength = 300;

const directoryId = z.string().regex(/^[0-9a-f]{32}$/);
const clusterId = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const address = z.string().regex(/^[\x21-\x7d]{1,128}$/); // no "~": an id begins with it

export const proposalSchema = z.object({
  clusterId,
  expect: z.number().int().min(1).max(bootstrapExpectMax),
  participants: z.array(z.object({ directoryId, address })).min(1).max(participantsMax),
});

const requestSchema = z.object({
  phase: z.enum(["dry", "pledge"]),
  to: directoryId,
  proposal: proposalSchema,
});

const stateSchema = z.object({
  /** `null`: of one that is to join, and has none. */
  directoryId: directoryId.nullable(),
  mode: z.literal("raft"),
  name: z.string().max(128).nullable(),
  clusterId: clusterId.nullable(),
  proposal: z.object({ fate: z.enum(["decided", "open", "notHere"]) }).nullable(),
});

const agreedSchema = z.object({ directoryId, agreed: z.literal(true) });
const refusedSchema = z.object({ code: z.literal("bootstrap-refused"), detail: z.string() });

/** @throws Problem `validation-failed` */
export function questionIn(request: ApiRequest): Exclude<Question, { readonly kind: "state" }> {
  const parsed = requestSchema.safeParse(jsonMembers(request, ["phase", "to", "proposal"]));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw invalidMember(path.join("/"), message);
  }
  const { phase: kind, ...rest } = parsed.data;
  return { kind, ...rest };
}

/** The proposal that a `GET` asks about. @throws Problem `validation-failed` */
export function proposalAskedFor({ query }: ApiRequest): string | null {
  const id = query.get("proposal");
  if (id === null || clusterId.safeParse(id).success) return id;
  throw new Problem("validation-failed", "?proposal: the id of a proposal");
}

/** Whether a node that was asked directly is one that our settings mean; without a name, any cluster is. */
function isMeant(
  name: string | null,
  theirs: { readonly name: string | null; readonly clusterId: string | null },
): boolean {
  if (theirs.clusterId === null) return theirs.name === name;
  return name === null || isNamed(theirs.clusterId, name);
}

/** A question as it is sent. */
export function requestOf(question: Question): HttpQuestion {
  if (question.kind !== "state") {
    const { kind: phase, to, proposal } = question;
    return { method: "POST", path: bootstrapPath, body: { phase, to, proposal } };
  }
  const query = question.about === null ? "" : `?proposal=${encodeURIComponent(question.about)}`;
  return { method: "GET", path: `${bootstrapPath}${query}` };
}

/** What another node has answered; `null` if that is no answer, or of a node that is none of ours. */
export function answerIn(
  { status, body }: HttpAnswer,
  question: Question,
  name: string | null,
): Answer | null {
  if (question.kind === "state") {
    if (status === 503) return { kind: "no", reason: "it is starting" };
    const parsed = stateSchema.safeParse(body);
    if (status !== 200 || !parsed.success) return null;
    const { proposal, directoryId: from, ...state } = parsed.data;
    if (from === null) return null;
    const fate = proposal?.fate ?? "notHere";
    // Asked about a proposal, its id says enough.
    if (question.about === null && !isMeant(name, state)) return null;
    return { kind: "state", directoryId: from, clusterId: state.clusterId, fate };
  }
  const agreed = agreedSchema.safeParse(body);
  if (status === 200 && agreed.success) {
    return agreed.data.directoryId === question.to ? { kind: "yes" } : null;
  }
  const refused = refusedSchema.safeParse(body);
  if (!refused.success) return null;
  return { kind: "no", reason: refused.data.detail.slice(0, reasonMaxLength) };
}
