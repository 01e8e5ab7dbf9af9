/** Reading the head and the body of a request: what the client accepts, its key, its JSON. */
import { createHash } from "node:crypto";

import {
  isInRange,
  isOperationKey,
  fingerprintBytes,
  type OperationKey,
} from "@counter/state-machine";

import { scopedKey } from "../security/key-scope.ts";
import type { ApiRequest } from "./api.ts";
import { Problem } from "./problems.ts";

/**
 * Whether the client would rather read JSON than text. A client that does not say (curl) gets what
 * the original demo answers.
 */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === "*/*" || accept.length > 1024) return false;
  let best = 0;
  let json = false;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const isJson = /^application\/([a-z0-9.-]+\+)?json$/.test(type) || type === "application/*";
    if (!isJson && type !== "text/plain" && type !== "text/*" && type !== "*/*") continue;
    const quality = qualityOf(parameters);
    // At the same weight an explicit JSON type wins over the rest: nobody writes it by accident.
    if (quality > best || (isJson && quality === best && quality > 0)) {
      best = quality;
      json = isJson;
    }
  }
  return json;
}

/**
 * Which of the types on offer the client would rather have (RFC 9110 §12.5.1): by weight, and where
 * it weighs them alike the first on offer.
 *
 * @returns `null` if it takes none of them
 */
export function acceptable(accept: string | undefined, offers: readonly string[]): string | null {
  const [usual = null] = offers;
  if (accept === undefined || accept === "*/*" || accept === usual) return usual;
  if (accept.length > 1024) return null;
  const ranges = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return { type, quality: qualityOf(parameters) };
  });
  let best: { readonly offer: string; readonly quality: number } | null = null;
  for (const offer of offers) {
    // The most exact range that names it says how welcome it is.
    const names = [offer, `${offer.slice(0, offer.indexOf("/"))}/*`, "*/*"];
    const said = names.map((name) => ranges.find(({ type }) => type === name));
    const quality = said.find((range) => range !== undefined)?.quality ?? 0;
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer ?? null;
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

/**
 * The `Idempotency-Key`, bare or quoted, with the fingerprint of what it stands for.
 *
 * @param canonical - the same text for the same request, however its body was spelled
 * @returns `null` if the request has no key
 */
export function operationKey(request: ApiRequest, canonical: string): OperationKey | null {
  noSession(request);
  const key = keyText(request);
  if (key === null) return null;
  if (!isOperationKey(key)) {
    throw new Problem("validation-failed", "Idempotency-Key is 1 to 255 visible ASCII characters");
  }
  // Always POST: with --compat=strict a GET asks for the same.
  const hash = createHash("sha256").update(`POST\n${request.path}\n${canonical}`).digest();
  const own = scopedKey(request.caller?.name ?? null, key);
  return { key: own, fingerprint: Uint8Array.from(hash.subarray(0, fingerprintBytes)) };
}

/** The text of `Idempotency-Key`, unquoted and unchecked; `null` if there is none. */
export function keyText({ headers }: ApiRequest): string | null {
  const header = headers["idempotency-key"];
  if (header === undefined) return null;
  return unquote(Array.isArray(header) ? header.join(" ") : header);
}

/**
 * For calls that cannot be made in a session: a header that would be ignored is refused.
 *
 * @throws Problem `validation-failed`
 */
export function noSession({ headers }: Pick<ApiRequest, "headers">): void {
  if (headers["counter-session"] === undefined) return;
  const header = "Counter-Session";
  const detail = "not with this call: send Idempotency-Key";
  const extensions = { errors: [{ header, detail }] };
  throw new Problem("validation-failed", `${header}: ${detail}`, { extensions });
}

function unquote(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header);
  return quoted === null ? header : quoted[1]!.replaceAll(/\\(["\\])/g, "$1");
}

/**
 * The members of a JSON object in the body; an empty body is an empty object.
 *
 * @param known - the members that mean something; any other is refused, not ignored
 */
export function jsonMembers(
  request: ApiRequest,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (request.body.length === 0) return {};
  requireMediaType(request, "application/json");
  const value = jsonValue(request.body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem("validation-failed", "the body must be a JSON object");
  }
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of members.keys()) {
    if (known.includes(name)) continue;
    const allowed = known.length === 0 ? "nothing" : known.join(", ");
    throw invalidMember(name, `unknown member; this request takes ${allowed}`);
  }
  return Object.fromEntries(members);
}

/** A 400 that points at the member that is wrong. */
export function invalidMember(name: string, detail: string): Problem {
  const pointer = `/${name.slice(0, 64).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return new Problem("validation-failed", `${pointer}: ${detail}`, {
    extensions: { errors: [{ pointer, detail }] },
  });
}

/** A 400 that names the part of the query that is wrong. */
export function invalidParameter(parameter: string, detail: string): Problem {
  return new Problem("validation-failed", `?${parameter}: ${detail}`, {
    extensions: { errors: [{ parameter, detail }] },
  });
}

/** @throws Problem `validation-failed` for anything but a flag */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text === null || text === "false") return false;
  if (text === "" || text === "true") return true;
  throw invalidParameter(name, "given alone, or as true or false");
}

/** Refuses a body of another type: reading it anyway would guess what the client meant. */
export function requireMediaType(request: ApiRequest, wanted: string): void {
  const type = mediaType(request);
  if (type === wanted) return;
  throw new Problem(
    "unsupported-media-type",
    `send Content-Type: ${wanted}${type === "" ? "" : `, not ${type.slice(0, 64)}`}`,
  );
}

export function mediaType(request: ApiRequest): string {
  return (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
}

/**
 * An exact integer: a safe JSON integer, or decimal digits in a string.
 *
 * @throws Problem `unsafe-integer`, `delta-too-large` or `validation-failed`
 */
export function exactInteger(name: string, value: unknown): bigint {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (Number.isInteger(value)) {
      throw new Problem("unsafe-integer", `/${name}: send integers beyond 2^53 as a string`);
    }
  }
  if (typeof value !== "string" || !/^-?(0|[1-9]\d*)$/.test(value)) {
    throw invalidMember(name, "an integer, or its decimal digits in a string");
  }
  // The length is looked at first: reading a very long number takes long.
  const parsed = value.length > 320 ? null : BigInt(value);
  if (parsed === null || !isInRange(parsed)) {
    throw new Problem("delta-too-large", `/${name}: too many digits`);
  }
  return parsed;
}

/** @throws Problem `validation-failed` for what is no JSON in UTF-8 */
export function jsonValue(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new Problem("validation-failed", "the body is not valid JSON in UTF-8", { cause: error });
  }
}
