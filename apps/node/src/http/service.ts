/**
 * The way of every request: let in, answered by its route, sent on to the leader if it is a write
 * and another node leads, and turned into a problem if something goes wrong.
 */
import type { Logger } from "winston";

import type { NodeConfig } from "../config/config.ts";
import { codeOf } from "../error-text.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import type { Forwarder } from "./forward.ts";
import type { Gate } from "./gate.ts";
import { prefersJson } from "./negotiation.ts";
import { Problem, problemOf, problemReply } from "./problems.ts";

/** What the cluster looks like from here. */
export interface ClusterView {
  /** Address of the leader, if another node leads; `null` otherwise. */
  leaderAddress(): string | null;
  /** Members that no message reaches. */
  unreachable(): readonly string[];
}

export interface ServiceOptions {
  readonly config: Pick<NodeConfig, "address" | "compat" | "forward">;
  readonly gate: Gate;
  readonly cluster: ClusterView;
  readonly forwarder: Forwarder;
  readonly log: Logger;
}

/** The longest pause proposed to a client before it tries again, in milliseconds. */
const retryAfterMaxMs = 400;

export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Never rejects: whatever goes wrong becomes a reply. */
  async answer(route: Route, request: ApiRequest): Promise<ApiReply> {
    const { gate } = this.#options;
    try {
      gate.enter(route.kind);
      try {
        return this.#finish(await this.#handle(route, request));
      } finally {
        gate.leave();
      }
    } catch (error) {
      return this.refuse(error, request);
    }
  }

  /** The reply for an error, wherever it came from. */
  refuse(error: unknown, request: Pick<ApiRequest, "headers" | "path">): ApiReply {
    const problem = this.#explain(problemOf(error));
    if (problem.code === "internal") {
      this.#options.log.error("a request failed unexpectedly", { path: request.path, error });
    }
    const context = {
      json: prefersJson(request.headers.accept),
      node: this.#options.config.address,
      path: request.path,
    };
    return this.#finish(problemReply(problem, context));
  }

  async #handle(route: Route, request: ApiRequest): Promise<ApiReply> {
    try {
      return await route.handle(request);
    } catch (error) {
      if (route.kind !== "write" || codeOf(error) !== "RAFT_NOT_LEADER") throw error;
      return this.#elsewhere(route, request);
    }
  }

  /** This node does not lead, and nothing was appended here. */
  async #elsewhere(route: Route, request: ApiRequest): Promise<ApiReply> {
    const { config, cluster, forwarder } = this.#options;
    if (config.compat === "strict") throw new Problem("not-leader", "not leader");
    const leaderAddress = cluster.leaderAddress();
    // One hop only: two nodes that each believe in the other would pass it on for ever.
    if (leaderAddress === null || request.headers["counter-forwarded"] !== undefined) {
      throw new Problem("no-leader", "");
    }
    const redirect = config.forward === "redirect" || request.query.has("redirect");
    if (redirect) return redirectTo(leaderAddress, request);
    const leader = { "counter-leader": leaderAddress };
    if (config.forward === "off") {
      throw new Problem("no-leader", `this node does not forward; the leader is ${leaderAddress}`, {
        headers: leader,
      });
    }
    const forwarded = route.forwardAs === undefined ? request : await route.forwardAs(request);
    return forwarder.forward(forwarded, leaderAddress);
  }

  /** Says which nodes are missed; the code that threw does not know. */
  #explain(problem: Problem): Problem {
    if (problem.code !== "no-leader" && problem.code !== "read-not-confirmed") return problem;
    const waitingFor = this.#options.cluster.unreachable();
    const waiting =
      waitingFor.length > 0 ? `waiting for ${waitingFor.join(", ")}` : "an election is under way";
    const known = problem.message === "" || problem.message === "no leader is known";
    const detail = known ? `no leader is known; ${waiting}` : `${problem.message}; ${waiting}`;
    const retryAfterMs = Math.round(retryAfterMaxMs * (0.5 + Math.random() / 2));
    return new Problem(problem.code, detail, {
      extensions: { ...problem.extensions, waitingFor, retryAfterMs },
      headers: problem.headers,
      cause: problem.cause,
    });
  }

  /** Headers that every reply has; those of a forwarded reply stay as the leader set them. */
  #finish(reply: ApiReply): ApiReply {
    const headers = {
      "cache-control": "no-store",
      "counter-served-by": this.#options.config.address,
      ...reply.headers,
    };
    return { ...reply, headers };
  }
}

/** 307 keeps method and body; it must not be cached, since leaders change. */
function redirectTo(leaderAddress: string, request: ApiRequest): ApiReply {
  const query = new URLSearchParams(request.query);
  query.delete("redirect");
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  return {
    status: 307,
    headers: {
      location: `http://${leaderAddress}${request.path}${search}`,
      "counter-leader": leaderAddress,
      "content-type": "text/plain; charset=utf-8",
    },
    body: `the leader is ${leaderAddress}\n`,
  };
}
