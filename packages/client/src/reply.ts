/** A reply as it is read: bounded, and its refusal as an error. */
import {
  BoundExceededError,
  InvalidReplyError,
  NotFoundError,
  ProblemError,
  QuotaExceededError,
  VersionMismatchError,
  type ErrorFacts,
  type Outcome,
  type Problem,
} from "./errors.ts";
import { parseInteger } from "./numbers.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly endpoint: string;
}

/** How much of a refusal that is no JSON is repeated, in characters. */
const detailMaxLength = 300;

/** @throws InvalidReplyError beyond `maxBytes`, and what the connection throws */
export async function readBytes(
  response: Response,
  maxBytes: number,
  heard: () => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const read = await reader?.read();
    if (read === undefined || read.done) break;
    heard();
    length += read.value.length;
    if (length > maxBytes) {
      await reader?.cancel();
      throw new InvalidReplyError(`the reply is larger than ${maxBytes} bytes`);
    }
    chunks.push(read.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export function textOf({ bytes }: Pick<Reply, "bytes">): string {
  return new TextDecoder().decode(bytes);
}

/** @throws InvalidReplyError for what is no JSON object */
export function objectOf(reply: Reply): Readonly<Record<string, unknown>> {
  const parsed = parseObject(textOf(reply));
  if (parsed !== null) return parsed;
  throw new InvalidReplyError(
    `${reply.endpoint} answered ${reply.status} with something other than a JSON object`,
    { endpoint: reply.endpoint },
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What a refusal says, also that of a proxy which knows nothing of problems. */
export interface Refusal {
  readonly status: number;
  readonly problem: Problem;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  /** How long the server asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | null;
}

export function refusalOf(reply: Reply): Refusal {
  const body = parseObject(textOf(reply)) ?? {};
  const { status, headers } = reply;
  const code = textIn(body, "code") ?? headers.get("counter-code") ?? `http-${status}`;
  const detail = textIn(body, "detail") ?? textIn(body, "title") ?? plainDetail(reply);
  const said = body["outcome"] ?? headers.get("counter-outcome");
  return {
    status,
    problem: { ...body, code, detail },
    outcome: outcomeIn(said) ?? outcomeOfStatus(status),
    retryable: body["retryable"] === true || (body["retryable"] === undefined && passes(status)),
    retryAfterMs: retryAfterOf(body, headers),
  };
}

export function problemError(refusal: Refusal, facts: Partial<ErrorFacts> = {}): ProblemError {
  const { status, problem, outcome, retryable, retryAfterMs } = refusal;
  const all = { outcome, retryable, retryAfterMs, ...facts };
  return problemErrorOf(status, problem, all);
}

function problemErrorOf(
  status: number,
  problem: Problem,
  facts: ErrorFacts & { readonly retryAfterMs: number | null },
): ProblemError {
  const more = { ...facts, current: parseInteger(problem["current"]) };
  if (problem.code === "bound-exceeded") return new BoundExceededError(status, problem, more);
  if (status === 429) return new QuotaExceededError(status, problem, facts);
  if (status === 412) return new VersionMismatchError(status, problem, more);
  if (status === 404) return new NotFoundError(status, problem, facts);
  return new ProblemError(status, problem, facts);
}

function textIn(body: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = body[name];
  return typeof value === "string" ? value : null;
}

function plainDetail(reply: Reply): string {
  const text = textOf(reply).trim().slice(0, detailMaxLength);
  return text === "" ? `${reply.endpoint} answered ${reply.status}` : text;
}

function outcomeIn(said: unknown): Outcome | null {
  return said === "applied" || said === "not-applied" || said === "unknown" ? said : null;
}

/** A proxy's 5xx may hide a request that was carried out; a 4xx refuses before anything is done. */
function outcomeOfStatus(status: number): Outcome {
  return status >= 500 ? "unknown" : "not-applied";
}

function passes(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

/** The problem's own milliseconds are finer than the header's seconds. A date would need a clock. */
function retryAfterOf(body: Readonly<Record<string, unknown>>, headers: Headers): number | null {
  const own = body["retryAfterMs"];
  if (typeof own === "number" && own >= 0) return own;
  const header = headers.get("retry-after") ?? "";
  return /^\d{1,7}$/.test(header) ? Number(header) * 1000 : null;
}

/** A header that is a plain count; `null` where there is none. */
export function toNumberOrNull(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
