/**
 * The way of every request: let in, answered by its route, and turned into a problem if something
 * goes wrong. What else may happen to it, such as being sent on to a leader, is the mode's.
 */
import type { Logger } from "winston";

import type { ApiReply, ApiRequest, Route } from "./api.ts";
import type { Gate } from "./gate.ts";
import { prefersJson } from "./negotiation.ts";
import { problemOf, problemReply, type Problem } from "./problems.ts";

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
  readonly log: Logger;
}

export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Never rejects: whatever goes wrong becomes a reply. */
  async answer(route: Route, request: ApiRequest): Promise<ApiReply> {
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
    if (problem.code === "internal") {
      log.error("a request failed unexpectedly", { path: request.path, error });
    }
    const context = {
      json: request.path.startsWith("/v1/") || prefersJson(request.headers.accept),
      node: address,
      path: request.path,
      base: problemBase,
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
      ...reply.headers,
    };
    return { ...reply, headers };
  }
}
