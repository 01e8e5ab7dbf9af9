/**
 * The way of every request: let in, answered by its route, and turned into a problem if something
 * goes wrong. What else may happen to it, such as being sent on to a leader, is the mode's.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import type { Logger } from "winston";

import type { RateLimits } from "../limits/rate-limits.ts";
import type { Connections } from "../security/connections.ts";
import type { Access, Admission, Asked } from "../security/access.ts";
import { anybody } from "../security/caller.ts";
import { logAdminCall } from "./admin-log.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import type { Gate } from "./gate.ts";
import { prefersJson } from "./negotiation.ts";
import { Problem, problemOf, problemReply } from "./problems.ts";
import { Stages } from "./stages.ts";
import { traceOf } from "./trace.ts";

/** What a mode does with requests beyond asking their routes. */
export interface Handling {
  /** @param refuse - the reply that stands for a problem, where nothing else is to be tried */
  handle(
    route: Route,
    request: ApiRequest,
    refuse: (problem: Problem) => ApiReply,
  ): Promise<ApiReply>;
  /** Says more about a problem than the code that threw it knows. */
  explain(problem: Problem): Problem;
}

export interface ServiceOptions {
  /** `host:port` of this node. */
  readonly address: string;
  /** What the type of a problem begins with. */
  readonly problemBase: string;
  readonly gate: Pick<Gate<unknown>, "enter" | "exit" | "draining">;
  readonly handling: Handling;
  /** `null`: everybody may send everything, as in tests of other things. */
  readonly access?: Access | null;
  /** `null`: everybody may ask as often as he likes. */
  readonly limits?: RateLimits | null;
  /** `null`: nobody has to make room for the other nodes. */
  readonly connections?: Connections | null;
  readonly log: Logger;
}

export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /**
   * Whether a request may be sent at all, before its body is read.
   *
   * @throws Problem `unauthenticated`, `forbidden`, `overloaded` or `quota-exceeded`
   */
  admit(route: Route, incoming: IncomingMessage, asked: Asked): Admission {
    const { access, connections, limits } = this.#options;
    const admission = access?.admit(route, incoming, asked) ?? everything(incoming.headers);
    const isPeer = admission.isProven || route.scope === "peer";
    connections?.receive(route, incoming.socket, isPeer);
    return limits?.admit(route, admission, { incoming, asked }) ?? admission;
  }

  /** Never rejects: whatever goes wrong becomes a reply. */
  async answer(route: Route, request: ApiRequest, admission?: Admission): Promise<ApiReply> {
    if (admission === undefined) return this.#answerOrTime(route, request);
    const { caller, headers } = admission;
    const problem = wrongWith(request, admission);
    return admission.seal(
      problem === null
        ? await this.#answerOrTime(route, { ...request, caller, headers })
        : this.refuse(problem, request),
    );
  }

  #answerOrTime(route: Route, request: ApiRequest): Promise<ApiReply> {
    return request.query.has("timing") ? this.#timed(route, request) : this.#answer(route, request);
  }

  /** With how long it took in a header, for who looks at one request: `?timing`. */
  async #timed(route: Route, request: ApiRequest): Promise<ApiReply> {
    const beganMs = performance.now();
    const stages = new Stages();
    request.query.delete("timing"); // no route knows it, and some refuse what they do not know
    const reply = await this.#answer(route, { ...request, stages });
    const timing = stages.header(performance.now() - beganMs, reply.headers["server-timing"]);
    return { ...reply, headers: { ...reply.headers, "server-timing": timing } };
  }

  async #answer(route: Route, request: ApiRequest): Promise<ApiReply> {
    const reply = await this.#handled(route, request);
    const { address: own, log } = this.#options;
    logAdminCall(log, { route, request, reply, own });
    return reply;
  }

  async #handled(route: Route, request: ApiRequest): Promise<ApiReply> {
    const { gate, handling } = this.#options;
    const refuse = (problem: Problem): ApiReply => this.refuse(problem, request);
    try {
      gate.enter(route.kind, request.headers["counter-forwarded"] !== undefined);
      try {
        return this.finish(await handling.handle(route, request, refuse));
      } finally {
        gate.exit();
      }
    } catch (error) {
      return this.refuse(error, request);
    }
  }

  /** The reply for an error, wherever it came from. */
  refuse(error: unknown, request: Pick<ApiRequest, "headers" | "path">): ApiReply {
    const { address, handling, log, problemBase } = this.#options;
    const problem = handling.explain(problemOf(error));
    const { traceId, spanId } = traceOf(request.headers);
    if (problem.code === "internal") {
      const trace = { trace_id: traceId, span_id: spanId };
      log.error("a request failed unexpectedly", { path: request.path, error, ...trace });
    }
    const context = {
      json: request.path.startsWith("/v1/") || prefersJson(request.headers.accept),
      node: address,
      path: request.path,
      base: problemBase,
      traceId,
    };
    return this.finish(problemReply(problem, context));
  }

  /** Headers that every reply has; those of a forwarded reply stay as the leader set them. */
  finish(reply: ApiReply): ApiReply {
    const headers = {
      // The port is closed by now: who comes again finds out at once, and with certainty.
      ...(this.#options.gate.draining ? { connection: "close" } : {}),
      "cache-control": "no-store",
      "counter-served-by": this.#options.address,
      // Nothing here is for a page to run; what is says so itself.
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      ...reply.headers,
    };
    return { ...reply, headers };
  }
}

/** Why it does not get in after all, now that its body is there; `null` if it does. */
function wrongWith(request: ApiRequest, { isBody, charge }: Admission): unknown {
  if (!isBody(request.body)) {
    return new Problem("unauthenticated", "the body is not the one that was signed");
  }
  try {
    charge?.(request);
    return null;
  } catch (error) {
    return error;
  }
}

function everything(headers: IncomingHttpHeaders): Admission {
  const isBody = (): boolean => true;
  return { caller: anybody, headers, isBody, isProven: false, seal: (reply) => reply };
}
