/** From what callers say to a request, and from a reply to what they get. */
import type { Json, ReplyFacts } from "./decode.ts";
import { InvalidArgumentError, OutcomeUnknownError, ProblemError } from "./errors.ts";
import { sessionGone, type Effect } from "./judging.ts";
import { checkedKey } from "./keys.ts";
import type { Numbering } from "./numbering.ts";
import { timeoutMaxMs, within } from "./options.ts";
import { objectOf, type Reply } from "./reply.ts";
import type { Call } from "./call.ts";
import type { Sender } from "./sender.ts";
import type { Session } from "./session.ts";
import { nowMs } from "./timing.ts";
import type { CallOptions, ConditionOptions, ReadOptions, WriteOptions } from "./types.ts";

/** Longest wait that the service can be asked for, in seconds. */
export const waitMaxSeconds: number = 600;

export interface Answered {
  readonly reply: Reply;
  readonly json: Json;
  readonly facts: ReplyFacts;
}

export interface Request {
  readonly method: Call["method"];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: Readonly<Record<string, unknown>> | Uint8Array<ArrayBuffer> | Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly accepts?: readonly number[];
  readonly replyMaxBytes?: number;
}

const noName = { key: null, number: null } as const;

/** How often one write goes on in a new session; then the service ends them too fast. */
const sessionLossesMax = 3;

/** Levels that any node answers by itself. */
const ownLevels: ReadonlySet<string> = new Set(["local", "quorum", "all"]);

/** What all handles of a client share; with a session, also what it has seen. */
export class Calls {
  readonly sender: Sender;
  readonly session: Session | null;
  readonly #numbering: Numbering | null;

  /** @param numbering - who numbers the writes; `null`: they have keys */
  constructor(sender: Sender, session: Session | null = null, numbering: Numbering | null = null) {
    this.sender = sender;
    this.session = session;
    this.#numbering = numbering;
  }

  async read(request: Request, options: ReadOptions = {}): Promise<Answered> {
    const { consistency, maxStaleness } = options;
    const atLeast = [options.atLeast ?? [], this.session?.tokens() ?? []].flat();
    const reply = await this.sender.send({
      ...this.#call(request, options, { consistency, maxStaleness }),
      ...{ effect: "read", key: null, number: null },
      leader: !ownLevels.has(consistency ?? "linearizable"),
      headers: {
        ...waitHeader(options),
        ...(atLeast.length > 0 ? { "counter-at-least": atLeast.join(", ") } : {}),
        ...request.headers,
      },
    });
    this.session?.sawRead(reply.headers.get("counter-version"), atLeast);
    return answered(reply);
  }

  async write(request: Request, options: ConditionOptions = {}): Promise<Answered> {
    this.session?.requireRoom();
    const numbering = this.#numbering;
    if (numbering !== null && options.key === undefined && takesNumber(request)) {
      const answer = await this.#writeNumbered(request, options, numbering);
      if (answer !== null) return answer;
    }
    return this.#write(request, options, { key: this.#key(options), number: null });
  }

  /** @returns `null`: the service has no sessions */
  async #writeNumbered(
    request: Request,
    options: ConditionOptions,
    numbering: Numbering,
  ): Promise<Answered | null> {
    const { timeoutMs, signal } = this.#call(request, options, {});
    const deadline = nowMs() + timeoutMs;
    for (let losses = 0; ; losses += 1) {
      const place = await numbering.take({ deadline, signal });
      if (place === null) return null;
      try {
        const left = { ...options, timeoutMs: Math.max(1, deadline - nowMs()) };
        return await this.#write(request, left, { key: null, number: place.header });
      } catch (error) {
        const refusal = sessionLoss(error);
        if (refusal === null) throw error;
        place.lost();
        // C10: in doubt the error is another one, of which the refusal is the cause.
        if (refusal !== error || losses >= sessionLossesMax) throw error;
      } finally {
        place.over();
      }
    }
  }

  async #write(
    request: Request,
    options: ConditionOptions,
    name: Pick<Call, "key" | "number">,
  ): Promise<Answered> {
    const reply = await this.sender.send({
      ...this.#call(request, options, { ack: options.ack?.toString() }),
      ...{ effect: "write", ...name, leader: true },
      headers: { ...waitHeader(options), ...ifMatch(options), ...request.headers },
    });
    this.session?.sawWrite(reply.headers.get("counter-version"));
    return answered(reply);
  }

  /** What is neither a read of a counter nor a write of one. */
  async control(
    request: Request,
    options: CallOptions,
    more: { readonly effect: Exclude<Effect, "write">; readonly leader: boolean },
  ): Promise<Answered> {
    return answered(await this.raw(request, options, more));
  }

  /** The reply as it came, also if it would be JSON. */
  raw(
    request: Request,
    options: CallOptions,
    more: { readonly effect: Exclude<Effect, "write">; readonly leader: boolean },
  ): Promise<Reply> {
    const headers = { ...waitHeader(options), ...request.headers };
    return this.sender.send({ ...this.#call(request, options, {}), ...more, ...noName, headers });
  }

  #key({ key }: WriteOptions): string | null {
    if (key === null) return null;
    return checkedKey(key ?? this.sender.settings.newKey());
  }

  #call(
    { method, path, query = {}, body, accepts = [], replyMaxBytes }: Request,
    { signal, timeoutMs, waitSeconds = 0 }: CallOptions,
    more: Readonly<Record<string, string | undefined>>,
  ): Omit<Call, "effect" | "key" | "number" | "leader" | "headers"> {
    within("waitSeconds", waitSeconds, 0, waitMaxSeconds);
    const own = this.sender.settings.timeoutMs + waitSeconds * 1000;
    within("timeoutMs", timeoutMs ?? own, 1, timeoutMaxMs + waitMaxSeconds * 1000);
    return {
      method,
      path: path + queryOf({ ...query, ...more }),
      body: bodyOf(body),
      accepts,
      timeoutMs: timeoutMs ?? own,
      waitMs: waitSeconds * 1000,
      signal: signal ?? null,
      ...(replyMaxBytes === undefined ? {} : { replyMaxBytes }),
    };
  }
}

/** Restores are no writes of a session: they have a key. */
function takesNumber({ path }: Request): boolean {
  return path.startsWith("/v1/counters") || path === "/v1/batch";
}

/** The refusal that says that there is no such session; `null` if the error is another one. */
function sessionLoss(error: unknown): ProblemError | null {
  if (error instanceof ProblemError) return error.code === sessionGone ? error : null;
  return error instanceof OutcomeUnknownError ? sessionLoss(error.cause) : null;
}

/** The path of a counter. @throws InvalidArgumentError for names that a URL cannot carry */
export function counterPath(name: string, rest: string = ""): string {
  // A URL that ends in dots is that of another resource.
  if (name === "" || name === "." || name === "..") {
    throw new InvalidArgumentError(`a counter cannot be called "${name}"`);
  }
  return `/v1/counters/${encodeURIComponent(name)}${rest}`;
}

export function queryOf(members: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) query.set(name, value);
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function bodyOf(body: Request["body"]): Call["body"] {
  if (body === undefined) return null;
  return body instanceof Uint8Array || body instanceof Blob ? body : JSON.stringify(body);
}

function waitHeader({ waitSeconds }: CallOptions): Readonly<Record<string, string>> {
  return waitSeconds === undefined ? {} : { prefer: `wait=${Math.ceil(waitSeconds)}` };
}

function ifMatch({ ifMatch: version }: ConditionOptions): Readonly<Record<string, string>> {
  if (version === undefined) return {};
  return { "if-match": version === "*" ? "*" : `"${version}"` };
}

function answered(reply: Reply): Answered {
  const replayed = reply.headers.get("idempotent-replayed") === "true";
  const facts = { token: reply.headers.get("counter-version"), replayed };
  const json = isJson(reply) ? objectOf(reply) : {};
  return { reply, json, facts };
}

function isJson({ status, headers, bytes }: Reply): boolean {
  if (status === 204 || status === 304 || bytes.length === 0) return false;
  return /^application\/(?:[a-z.+-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
}
