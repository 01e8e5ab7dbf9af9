/** Sends a call until it is answered, refused, or out of time (rules in judging.ts). */
import type { Call } from "./call.ts";
import { Endpoints } from "./endpoints.ts";
import {
  AbortError,
  CounterError,
  InvalidReplyError,
  OutcomeUnknownError,
  UnreachableError,
  reasonOf,
} from "./errors.ts";
import { judge, neverLeft, type Result, type Verdict } from "./judging.ts";
import { replyMaxBytes, type Settings } from "./options.ts";
import { problemError, readBytes, type Refusal, type Reply } from "./reply.ts";
import { requestOf } from "./request.ts";
import { limit, nowMs, pause } from "./timing.ts";

/** What a call has been through so far. */
interface Course {
  readonly call: Call;
  readonly deadline: number;
  attempts: number;
  /** Whether an attempt may have taken effect. */
  inDoubt: boolean;
  endpoint: string;
  /** The endpoint that failed last. */
  avoid: string | null;
  last: { readonly refusal: Refusal | null; readonly error: unknown };
}

type Again = Extract<Verdict, { do: "again" }>;

/** Less time than this is not worth another attempt, in milliseconds. */
const worthMs = 5;

export class Sender {
  readonly settings: Settings;
  readonly endpoints: Endpoints;

  constructor(settings: Settings) {
    this.settings = settings;
    const { endpoints } = settings;
    this.endpoints = new Endpoints(endpoints, Math.floor(Math.random() * endpoints.length));
  }

  /**
   * @throws ProblemError when it is refused, OutcomeUnknownError, UnreachableError, AbortError
   */
  async send(call: Call): Promise<Reply> {
    const course = this.#begin(call);
    for (;;) {
      if (call.signal?.aborted === true) throw aborted(course);
      const verdict = await this.#attempt(course);
      switch (verdict.do) {
        case "answer":
          return verdict.reply;
        case "refuse":
          throw problemError(verdict.refusal, factsOf(course));
        case "unknown":
          course.inDoubt = true;
          course.last = { ...course.last, refusal: verdict.refusal };
          throw gaveUp(course);
        case "follow":
          await this.#follow(course, verdict.location);
          break;
        case "again":
          await this.#prepare(course, verdict);
      }
    }
  }

  #begin(call: Call): Course {
    const deadline = nowMs() + call.timeoutMs;
    const last = { refusal: null, error: null };
    return { call, deadline, attempts: 0, inDoubt: false, endpoint: "", avoid: null, last };
  }

  async #attempt(course: Course): Promise<Verdict> {
    const { call } = course;
    const began = nowMs();
    course.attempts += 1;
    course.endpoint = this.endpoints.pick(began, { leader: call.leader, avoid: course.avoid });
    const result = await this.#exchange(course, this.#attemptMs(course, began));
    const verdict = judge({ ...call, keyed: isNamed(call) }, result, course.inDoubt);
    if (result.kind === "reply") this.#learn(call, result.reply);
    // What the end of the call cut short says nothing: the reason is what came before.
    else if (result.cut !== true || course.attempts === 1) {
      course.last = { refusal: null, error: result.error };
    }
    this.settings.onAttempt({
      method: call.method,
      path: call.path,
      endpoint: course.endpoint,
      attempt: course.attempts,
      status: result.kind === "reply" ? result.reply.status : null,
      ms: nowMs() - began,
      result: resultText(verdict, result),
    });
    if (result.kind === "lost" && call.signal?.aborted === true) {
      if (call.effect !== "read" && result.left) course.inDoubt = true;
      throw aborted(course);
    }
    return verdict;
  }

  /** An attempt that cannot be repeated has all the time that is left. */
  #attemptMs({ call, deadline }: Course, now: number): number {
    const left = Math.max(1, deadline - now);
    if (call.effect !== "read" && !isNamed(call)) return left;
    const each = this.settings.attemptTimeoutMs ?? Math.max(1000, call.timeoutMs / 3);
    return Math.min(left, each + call.waitMs);
  }

  async #exchange(course: Course, ms: number): Promise<Result> {
    const { call, endpoint } = course;
    const time = limit(ms, call.signal);
    // Looked at now: timers run a little early, so that afterwards some of the time may be left.
    const isLast = nowMs() + ms >= course.deadline;
    try {
      const response = await this.#fetch(endpoint, call, time.signal);
      const max = call.replyMaxBytes ?? replyMaxBytes;
      const bytes = await readBytes(response, max);
      const { status, headers } = response;
      return { kind: "reply", reply: { status, headers, bytes, endpoint } };
    } catch (error) {
      if (error instanceof CounterError) throw error;
      const cause: unknown = time.timedOut() ? time.signal.reason : error;
      const late = time.timedOut();
      const cut = late && isLast;
      return { kind: "lost", left: late || !neverLeft(error), cut, error: cause };
    } finally {
      time.release();
    }
  }

  /** One request at one endpoint; the reply's body is still to be read. */
  async fetchAt(
    endpoint: string,
    call: Pick<Call, "method" | "path" | "headers" | "body" | "key" | "number">,
    signal: AbortSignal,
  ): Promise<Response> {
    const init = await requestOf(this.settings, call);
    return this.settings.fetch(endpoint + call.path, { ...init, signal, redirect: "manual" });
  }

  async #fetch(endpoint: string, call: Call, signal: AbortSignal): Promise<Response> {
    const response = await this.fetchAt(endpoint, call, signal);
    if (response.type !== "opaqueredirect") return response;
    // A browser shows nobody where to. Who redirects has done nothing, so it can be sent again.
    const init = await requestOf(this.settings, call);
    return this.settings.fetch(endpoint + call.path, { ...init, signal, redirect: "follow" });
  }

  #learn(call: Call, { status, headers, endpoint }: Reply): void {
    this.endpoints.answered(endpoint);
    const leader = headers.get("counter-leader");
    const served = headers.get("counter-served-by");
    if (leader !== null) this.endpoints.led(leader);
    else if (call.leader && served !== null && status < 300) this.endpoints.led(served);
  }

  /** A redirect is only followed to one of our own endpoints: the token is for nobody else. */
  async #follow(course: Course, location: string): Promise<void> {
    const target = this.endpoints.endpointOf(new URL(location, course.endpoint).href);
    if (target !== null && target !== course.endpoint) {
      this.endpoints.led(new URL(target).host);
      course.avoid = course.endpoint;
      this.#requireAttempts(course);
      return;
    }
    const message = `${course.endpoint} redirects to ${location}, which is none of the endpoints`;
    course.last = { refusal: null, error: new InvalidReplyError(message) };
    const again = {
      do: "again",
      refusal: null,
      doubt: false,
      elsewhere: true,
      rest: true,
    } as const;
    await this.#prepare(course, again);
  }

  /** Waits for the next attempt. @throws what the call ends with if there is no time for one */
  async #prepare(course: Course, again: Again): Promise<void> {
    const { call, endpoint, deadline } = course;
    const now = nowMs();
    if (again.doubt) course.inDoubt = true;
    if (again.refusal !== null) course.last = { refusal: again.refusal, error: null };
    const asked = again.refusal?.retryAfterMs ?? null;
    if (again.rest) this.endpoints.failed(endpoint, now, asked);
    course.avoid = endpoint;
    this.#requireAttempts(course);
    const left = deadline - now;
    const others = again.elsewhere && this.endpoints.hasOther(now, endpoint);
    const wait = others ? this.#hop(course) : this.#backoff(course, asked, left);
    if (wait + worthMs >= left) throw gaveUp(course);
    await pause(wait, call.signal);
  }

  #requireAttempts(course: Course): void {
    if (course.attempts >= this.settings.attemptsMax) throw gaveUp(course);
  }

  /** Everybody else is asked at once, one after the other; after that nobody is hurried. */
  #hop(course: Course): number {
    const round = course.attempts < this.settings.endpoints.length;
    return round ? 0 : this.#backoff(course, null, course.deadline - nowMs());
  }

  /** A server's wish is kept to, and a little chance added: many clients were told the same. */
  #backoff(course: Course, asked: number | null, left: number): number {
    if (asked !== null && asked > 0) return asked * (1 + Math.random() / 10);
    const { backoffMs, backoffMaxMs } = this.settings;
    const grown = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(course.attempts - 1, 20));
    return Math.min(left / 2, grown * (0.5 + Math.random() / 2));
  }
}

/** Whether the service knows it again when it is sent again. */
function isNamed({ key, number }: Call): boolean {
  return key !== null || number !== null;
}

function factsOf({ call, attempts, endpoint }: Course): {
  readonly key: string | null;
  readonly attempts: number;
  readonly endpoint: string;
} {
  return { key: call.key, attempts, endpoint };
}

function aborted(course: Course): AbortError {
  const outcome = course.inDoubt ? "unknown" : "not-applied";
  return new AbortError({ ...factsOf(course), outcome, cause: course.call.signal?.reason });
}

/** No attempt is left, or none may be made. */
function gaveUp(course: Course): CounterError {
  const { refusal, error } = course.last;
  const facts = factsOf(course);
  const cause = refusal === null ? error : problemError(refusal, facts);
  if (course.inDoubt) {
    const advice =
      facts.key === null ? "look at it before you repeat it" : "repeat it with the same key";
    const message = `the write may or may not have taken effect: ${advice} (${reasonOf(cause)})`;
    return new OutcomeUnknownError(message, { ...facts, cause });
  }
  if (cause instanceof CounterError && refusal !== null) return cause;
  return new UnreachableError(`no endpoint answered: ${reasonOf(cause)}`, { ...facts, cause });
}

function resultText(verdict: Verdict, result: Result): string {
  const why = result.kind === "lost" ? reasonOf(result.error) : "";
  switch (verdict.do) {
    case "answer":
      return "answered";
    case "follow":
      return `redirected to ${verdict.location}`;
    case "refuse":
      return verdict.refusal.problem.code;
    case "unknown":
    case "again":
      return verdict.refusal?.problem.code ?? why;
  }
}
