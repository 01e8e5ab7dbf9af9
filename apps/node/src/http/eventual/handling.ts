/**
 * Requests in eventual mode: every node answers for itself. A node that has just been started asks
 * those who come to wait a moment, and errors carry tokens as answers do.
 */
import { AckTimeoutError, NotYetConsistentError } from "@counter/eventual";

import { codeOf } from "../../process/error-text.ts";
import type { ApiReply, ApiRequest, Route } from "../api.ts";
import type { HeldRequests } from "../held.ts";
import { Problem } from "../problems.ts";
import type { Handling } from "../service.ts";

export interface EventualHandlingOptions {
  /** Whether the first exchange with the others is over: what is refused then is refused for long. */
  readonly ready: () => boolean;
  /** Released when that changes. */
  readonly held: HeldRequests;
  /** Longest wait for it, in milliseconds. */
  readonly applyTimeoutMs: number;
}

/** Errors that say that nothing has happened, and that the node is not ready for it. */
const tooEarly: ReadonlySet<string> = new Set(["starting", "EVENTUAL_STARTING"]);

export class EventualHandling implements Handling {
  readonly #options: EventualHandlingOptions;

  constructor(options: EventualHandlingOptions) {
    this.#options = options;
  }

  async handle(route: Route, request: ApiRequest): Promise<ApiReply> {
    const wasReady = this.#options.ready();
    try {
      return await route.handle(request);
    } catch (error) {
      if (wasReady || route.kind === "probe" || !tooEarly.has(codeOf(error) ?? "")) throw error;
      if (!(await this.#becameReady(request)) || request.hungUp?.() === true) throw error;
      return route.handle(request);
    }
  }

  explain(problem: Problem): Problem {
    const known = knownOf(problem.cause);
    if (known === null) return problem;
    return new Problem(problem.code, problem.message, {
      extensions: { ...problem.extensions, ...known.extensions },
      headers: { ...problem.headers, "counter-version": known.token },
      cause: problem.cause,
    });
  }

  async #becameReady(request: ApiRequest): Promise<boolean> {
    const { ready, held, applyTimeoutMs } = this.#options;
    const deadlineMs = performance.now() + applyTimeoutMs;
    while (!ready()) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || !(await held.hold(request.body.length, leftMs))) return false;
    }
    return true;
  }
}

interface Known {
  readonly token: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** What there is to tell although the request was not answered as hoped. */
function knownOf(cause: unknown): Known | null {
  if (cause instanceof NotYetConsistentError) return { token: cause.token, extensions: {} };
  if (!(cause instanceof AckTimeoutError)) return null;
  const { written, requested } = cause;
  const durability = { requested, achieved: written.acked };
  return { token: written.token, extensions: { value: written.value.toString(), durability } };
}
