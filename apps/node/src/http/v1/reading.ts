/** Reading requests of v1: name, body, conditions, preferences. Whatever is wrong is a clear 4xx. */
import { isCounterName, nameMaxLength } from "@counter/state-machine";
import type { z } from "zod";

import type { ApiRequest } from "../api.ts";
import { jsonType } from "../docs/parts.ts";
import { acceptable, invalidParameter, jsonValue, mediaType } from "../negotiation.ts";
import type { ProblemCode } from "../problem-kinds.ts";
import { Problem } from "../problems.ts";

/** Most faults of a body that one reply names. */
export const faultsMax: number = 16;

/** Most entity tags in one header. */
export const tagsMax: number = 16;

/**
 * The counter that the path names.
 *
 * @throws Problem `validation-failed`
 */
export function nameIn({ params }: ApiRequest): string {
  const name = params?.["name"] ?? "";
  if (isCounterName(name)) return name;
  const form = `1 to ${nameMaxLength} letters, digits, ".", "_", ":" or "-", a letter or digit first`;
  throw new Problem("validation-failed", `the counter's name: ${form}`, {
    extensions: { errors: [{ parameter: "name", detail: form }] },
  });
}

/**
 * The body, as the schema reads it; an empty one is an object without members.
 *
 * @param also - media types besides JSON that mean the same
 * @throws Problem `unsupported-media-type`, or what is wrong with the first member that is wrong
 */
export function bodyOf<Schema extends z.ZodType>(
  request: ApiRequest,
  schema: Schema,
  also: readonly string[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(valueOf(request, also));
  if (parsed.success) return parsed.data;
  throw problemOfIssues(parsed.error.issues);
}

function valueOf(request: ApiRequest, also: readonly string[]): unknown {
  if (request.body.length === 0) return {};
  const type = mediaType(request);
  if (type === jsonType || also.includes(type)) return jsonValue(request.body);
  const given = type === "" ? "" : `, not ${type.slice(0, 64)}`;
  const wanted = [jsonType, ...also].join(" or ");
  throw new Problem("unsupported-media-type", `send Content-Type: ${wanted}${given}`, {
    headers: request.method === "PATCH" ? { "accept-patch": [...also, jsonType].join(", ") } : {},
  });
}

function problemOfIssues(issues: readonly z.core.$ZodIssue[]): Problem {
  const errors = issues.slice(0, faultsMax).map((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const pointer = [...issue.path, ...unknown].map((part) => `/${escaped(String(part))}`).join("");
    return { pointer, detail: issue.message };
  });
  const [first] = errors;
  const where = first?.pointer ? `${first.pointer}: ` : "the body: ";
  const code = codeOfIssue(issues[0]);
  return new Problem(code, `${where}${first?.detail ?? "not valid"}`, { extensions: { errors } });
}

function escaped(part: string): string {
  return part.slice(0, 64).replaceAll("~", "~0").replaceAll("/", "~1");
}

/** What the schemas of numbers say of themselves (values.ts). */
function codeOfIssue(issue: z.core.$ZodIssue | undefined): ProblemCode {
  const code: unknown = issue?.code === "custom" ? issue.params?.["code"] : undefined;
  return code === "unsafe-integer" || code === "delta-too-large" ? code : "validation-failed";
}

/** What must be so for a write to be done, as `If-Match` and `If-None-Match: *` say it. */
export type WriteCondition =
  | { readonly type: "versions"; readonly versions: readonly string[] }
  | { readonly type: "absent" }
  | { readonly type: "present" };

/**
 * @returns `null`: no matter what
 * @throws Problem `validation-failed` for what is no list of entity tags, and for both at once
 */
export function conditionOf({ headers }: ApiRequest): WriteCondition | null {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match === undefined && noneMatch === undefined) return null;
  if (match !== undefined && noneMatch !== undefined) {
    throw invalidHeader("If-None-Match", "goes without If-Match");
  }
  if (match === undefined) {
    if (noneMatch?.trim() === "*") return { type: "absent" };
    throw invalidHeader("If-None-Match", "only * on a write: do it if there is no such counter");
  }
  if (match.trim() === "*") return { type: "present" };
  // The strong comparison: a weak tag is like none.
  const versions = tagsIn("If-Match", match).filter((tag) => !tag.startsWith("W/"));
  return { type: "versions", versions: versions.map((tag) => tag.slice(1, -1)) };
}

/** A condition that would be ignored is refused: whoever sends it relies on it. */
export function noCondition({ headers }: ApiRequest): null {
  for (const name of ["If-Match", "If-None-Match"]) {
    if (headers[name.toLowerCase()] !== undefined) throw invalidHeader(name, "not on this request");
  }
  return null;
}

/** Entity tags as they stand, with their quotes. */
export function tagsIn(header: string, text: string): readonly string[] {
  const tags = text.split(",").map((tag) => tag.trim());
  if (tags.length > tagsMax) throw invalidHeader(header, `at most ${tagsMax} entity tags`);
  if (tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]{0,255}"$/.test(tag))) return tags;
  throw invalidHeader(header, 'entity tags in quotes, such as "s0-17", or *');
}

export function invalidHeader(header: string, detail: string): Problem {
  return new Problem("validation-failed", `${header}: ${detail}`, {
    extensions: { errors: [{ header, detail }] },
  });
}

/** `Prefer: return=minimal`; what nobody understands in that header is ignored (RFC 7240). */
export function wantsMinimal({ headers }: ApiRequest): boolean {
  const { prefer } = headers;
  if (prefer === undefined) return false;
  const text = Array.isArray(prefer) ? prefer.join(",") : prefer;
  return /(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?:[,;]|$)/i.test(text);
}

/**
 * The media type of the reply, of those that there are, the first of which is the usual one.
 *
 * @throws Problem `not-acceptable`
 */
export function typeFor({ headers }: ApiRequest, offers: readonly string[]): string {
  const type = acceptable(headers.accept, offers);
  if (type !== null) return type;
  throw new Problem("not-acceptable", `this is to be had as ${offers.join(" or ")}`);
}

/** A whole number from the query. */
export function numberIn(
  query: URLSearchParams,
  name: string,
  range: { readonly least: number; readonly most: number; readonly usual: number },
): number {
  const text = query.get(name);
  if (text === null) return range.usual;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= range.least && value <= range.most) return value;
  throw invalidParameter(name, `a whole number from ${range.least} to ${range.most}`);
}
