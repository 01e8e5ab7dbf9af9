/**
 * Requests in Raft mode: sent on to the leader if another node leads, held while there is none.
 *
 * A request is tried again only as long as it is certain that it has not taken effect, or if it has
 * a key or a number in a session, under which it counts once however often it arrives.
 */
import type { RaftConfig } from "../../config/node-config.ts";
import { codeOf, messageOf } from "../../process/error-text.ts";
import type { ApiReply, ApiRequest, Route } from "../api.ts";
import type { Forwarder } from "./forward.ts";
import type { Gate } from "../gate.ts";
import { pauseBefore, type HeldRequests } from "../held.ts";
import { Problem } from "../problems.ts";
import type { Handling } from "../service.ts";
import { shareTrace } from "../trace.ts";

/** What the cluster looks like from here. */
export interface ClusterView {
  /** Address of the leader, if another node leads; `null` otherwise. */
  leaderAddress(): string | null;
  /** Whether asking the leader makes sense now: we lead, or a connection to who leads stands. */
  leaderAtHand(): boolean;
  /** Whether there can be no leader for us before a person has changed something. */
  cutOff(): boolean;
  /** Members that no message reaches. */
  unreachable(): readonly string[];
  /** What is missing while there is no leader, for people. */
  waiting(): string;
}

export interface LeaderSeekingOptions {
  readonly config: Pick<RaftConfig, "applyTimeoutMs" | "compat" | "forward" | "tls">;
  readonly gate: Pick<Gate<unknown>, "started">;
  readonly held: HeldRequests;
  readonly cluster: ClusterView;
  readonly forwarder: Forwarder;
}

/** The longest pause proposed to a client before it tries again, in milliseconds. */
const retryAfterMaxMs = 400;

export class LeaderSeeking implements Handling {
  readonly #options: LeaderSeekingOptions;

  constructor(options: LeaderSeekingOptions) {
    this.#options = options;
  }

  /** The same, passing requests on whatever clients are to be told: for what the node asks itself. */
  passingOn(): LeaderSeeking {
    const { config } = this.#options;
    const passing = { ...config, forward: "forward", compat: "none" } as const;
    return new LeaderSeeking({ ...this.#options, config: passing });
  }

  async handle(
    route: Route,
    request: ApiRequest,
    refuse: (problem: Problem) => ApiReply,
  ): Promise<ApiReply> {
    const deadlineMs = performance.now() + this.#options.config.applyTimeoutMs;
    try {
      return await this.#attempt(route, request, refuse);
    } catch (error) {
      const attempt = (): Promise<ApiReply> => this.#attempt(route, request, refuse);
      return this.#again(route, request, { error, deadlineMs, attempt });
    }
  }

  /** Tries again, whenever there may be a leader, what may be tried again. */
  async #again(
    route: Route,
    request: ApiRequest,
    first: {
      readonly error: unknown;
      readonly deadlineMs: number;
      readonly attempt: () => Promise<ApiReply>;
    },
  ): Promise<ApiReply> {
    let { error } = first;
    /** An attempt that may have taken effect: until one succeeds, nobody can say "not applied". */
    let doubt: unknown = null;
    for (let attempt = 1; mayRepeat(error, route, request); attempt += 1) {
      if (isInDoubt(error)) doubt = error;
      const wait = { error, attempt, deadlineMs: first.deadlineMs };
      if (!(await this.#leaderFound(request, wait)) || request.hungUp?.() === true) break;
      try {
        const reply = await first.attempt();
        if (doubt === null || reply.status < 300) return reply;
        break;
      } catch (failure) {
        error = failure;
      }
    }
    throw doubt ?? error;
  }

  /** Waits until another attempt makes sense; `false`: it will not in time. */
  async #leaderFound(
    request: ApiRequest,
    wait: { readonly error: unknown; readonly attempt: number; readonly deadlineMs: number },
  ): Promise<boolean> {
    const { cluster, gate, held } = this.#options;
    const starting = codeOf(wait.error) === "starting";
    // Who has just been sent away by a leader gives it a moment: it may be on its way out.
    let pauseMs = cluster.leaderAtHand() ? pauseBefore(wait.attempt) : Infinity;
    for (;;) {
      if (cluster.cutOff()) return false;
      const leftMs = wait.deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      if (!(await held.hold(request.body.length, Math.min(leftMs, pauseMs)))) return false;
      if (starting ? gate.started : cluster.leaderAtHand()) return true;
      pauseMs = Infinity;
    }
  }

  async #attempt(
    route: Route,
    request: ApiRequest,
    refuse: (problem: Problem) => ApiReply,
  ): Promise<ApiReply> {
    try {
      return await route.handle(request);
    } catch (error) {
      if (route.kind === "probe" || codeOf(error) !== "RAFT_NOT_LEADER") throw error;
      return this.#elsewhere(route, request, refuse);
    }
  }

  /** This node does not lead, and nothing was appended here. */
  async #elsewhere(
    route: Route,
    request: ApiRequest,
    refuse: (problem: Problem) => ApiReply,
  ): Promise<ApiReply> {
    const { config, cluster, forwarder } = this.#options;
    if (config.compat === "strict" && route.kind === "write") {
      throw new Problem("not-leader", "not leader");
    }
    const leaderAddress = cluster.leaderAddress();
    // One hop only: two nodes that each believe in the other would pass it on for ever.
    if (leaderAddress === null || request.headers["counter-forwarded"] !== undefined) {
      throw new Problem("no-leader", "");
    }
    const redirect = config.forward === "redirect" || request.query.has("redirect");
    if (redirect) return redirectTo(`${schemeOf(config)}://${leaderAddress}`, request);
    const leader = { "counter-leader": leaderAddress };
    if (config.forward === "off") {
      const detail = `this node does not forward; the leader is ${leaderAddress}`;
      return refuse(new Problem("no-leader", detail, { headers: leader }));
    }
    const forwarded = route.forwardAs === undefined ? request : await route.forwardAs(request);
    shareTrace(request.headers, forwarded.headers);
    try {
      return await forwarder.forward(forwarded, leaderAddress);
    } catch (error) {
      // A read changes nothing: where no reply came, it can always be asked again.
      if (route.kind !== "read" || !isInDoubt(error)) throw error;
      throw new Problem("no-leader", messageOf(error), { cause: error });
    }
  }

  /** Says which nodes are missed; the code that threw does not know. */
  explain(problem: Problem): Problem {
    if (problem.code !== "no-leader" && problem.code !== "read-not-confirmed") return problem;
    const { cluster } = this.#options;
    const waitingFor = cluster.unreachable();
    const waiting = cluster.waiting();
    const known = problem.message === "" || problem.message === "no leader is known";
    const detail = known ? `no leader is known; ${waiting}` : `${problem.message}; ${waiting}`;
    const retryAfterMs = Math.round(retryAfterMaxMs * (0.5 + Math.random() / 2));
    return new Problem(problem.code, detail, {
      extensions: { ...problem.extensions, waitingFor, retryAfterMs },
      headers: problem.headers,
      cause: problem.cause,
    });
  }
}

/** Errors that say that nothing has happened, and that it may in a moment. */
const nothingHappened: ReadonlySet<string> = new Set([
  "RAFT_NOT_LEADER",
  "RAFT_PROPOSAL_LOST",
  "no-leader",
  "starting",
]);

function isInDoubt(error: unknown): boolean {
  const code = codeOf(error);
  return code === "outcome-unknown" || code === "RAFT_OUTCOME_UNKNOWN";
}

/** Whether another attempt can do no harm. Who has sent us this request tries again himself. */
function mayRepeat(error: unknown, route: Route, request: ApiRequest): boolean {
  if (route.kind === "probe" || request.headers["counter-forwarded"] !== undefined) return false;
  if (request.stream !== undefined) return false; // what was read cannot be read again
  if (nothingHappened.has(codeOf(error) ?? "")) return true;
  const { headers } = request;
  const named = headers["idempotency-key"] ?? headers["counter-session"];
  return route.kind === "write" && named !== undefined && isInDoubt(error);
}

function schemeOf({ tls }: Pick<RaftConfig, "tls">): "http" | "https" {
  return tls === null ? "http" : "https";
}

/** 307 keeps method and body; it must not be cached, since leaders change. */
function redirectTo(leader: string, request: ApiRequest): ApiReply {
  const query = new URLSearchParams(request.query);
  query.delete("redirect");
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  return {
    status: 307,
    headers: {
      location: `${leader}${request.path}${search}`,
      "counter-leader": leader.slice(leader.indexOf("//") + 2),
      "content-type": "text/plain; charset=utf-8",
    },
    body: `the leader is ${leader.slice(leader.indexOf("//") + 2)}\n`,
  };
}
