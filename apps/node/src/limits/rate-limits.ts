/**
 * How often may be asked: per principal, and per namespace of counters. Told in the fields of
 * draft-ietf-httpapi-ratelimit-headers-11, which is no RFC yet.
 *
 * L1 A request counts once, at the node that took it from a client. What a node sends on is exempt at the
 *    next one, but only if it proves to come from a node.
 * L2 A request that is refused for a quota takes nothing from any; only the one unit of a batch is gone
 *    if its body names a namespace of which nothing is left.
 * L3 A request is let in while a unit is left. What it costs beyond one, as a batch does, is owed.
 */
import type { IncomingMessage } from "node:http";

import type { ApiReply, Route } from "../http/api.ts";
import { Problem } from "../http/problems.ts";
import type { Admission, Asked } from "../security/access.ts";
import { aboutCounter } from "../security/route-scope.ts";
import { namespaceOf, principalOf } from "./namespaces.ts";
import { QuotaTable, type Balance, type Quota } from "./quota-table.ts";

/** Names of the policies, as they stand in headers, problems and metrics. */
export type PolicyName = "principal" | "namespace";

export interface RateLimitConfig {
  /** `null`: as often as one likes. */
  readonly rateLimit: Quota | null;
  readonly rateLimitNamespace: Quota | null;
}

/** One quota, and of whom. */
interface Held {
  readonly policy: PolicyName;
  readonly table: QuotaTable;
  readonly key: string;
}

export class RateLimits {
  readonly #principals: QuotaTable | null;
  readonly #namespaces: QuotaTable | null;
  readonly #onLimited: (policy: PolicyName) => void;
  readonly #policyHeader: string;

  /** @param onLimited - told of every quota that a refused request had used up */
  private constructor(config: RateLimitConfig, onLimited: (policy: PolicyName) => void) {
    const { rateLimit, rateLimitNamespace } = config;
    this.#principals = rateLimit === null ? null : new QuotaTable(rateLimit);
    this.#namespaces = rateLimitNamespace === null ? null : new QuotaTable(rateLimitNamespace);
    this.#onLimited = onLimited;
    const policies = [
      ...(rateLimit === null ? [] : [policyText("principal", rateLimit)]),
      ...(rateLimitNamespace === null ? [] : [policyText("namespace", rateLimitNamespace)]),
    ];
    this.#policyHeader = policies.join(", ");
  }

  /** @returns `null` if nothing is limited */
  static of(config: RateLimitConfig, onLimited: (policy: PolicyName) => void): RateLimits | null {
    if (config.rateLimit === null && config.rateLimitNamespace === null) return null;
    return new RateLimits(config, onLimited);
  }

  /**
   * Counts a request that was let in, and has every reply to it say what is left.
   *
   * @throws Problem `quota-exceeded`
   */
  admit(
    route: Route,
    admission: Admission,
    {
      incoming,
      asked,
    }: { readonly incoming: Pick<IncomingMessage, "socket">; readonly asked: Asked },
  ): Admission {
    if (admission.isProven || !isLimited(route)) return admission;
    const principal = this.#heldBy(principalOf(admission.caller, incoming.socket.remoteAddress));
    const counter = aboutCounter(route, asked.params);
    const held = [...principal, ...(counter === null ? [] : this.#heldFor([counter]))];
    this.#take(new Map(held.map((each) => [each, 1])));
    const { names } = route;
    if (names === undefined) return { ...admission, seal: this.#sealing(admission, held) };
    const all = [...held];
    return {
      ...admission,
      seal: this.#sealing(admission, all),
      charge: (request) => all.push(...this.#charge(names(request), principal)),
    };
  }

  /** What the body names: the first operation of a principal was counted already. */
  #charge(names: readonly string[], principal: readonly Held[]): readonly Held[] {
    const namespaces = this.#heldFor(names);
    const costs = new Map<Held, number>();
    for (const held of namespaces) {
      costs.set(held, names.filter((name) => namespaceOf(name) === held.key).length);
    }
    this.#take(costs);
    const nowMs = performance.now();
    const more = names.length - 1;
    if (more > 0) for (const { table, key } of principal) table.take(key, more, nowMs);
    return namespaces;
  }

  #heldBy(key: string): readonly Held[] {
    return this.#principals === null ? [] : [{ policy: "principal", table: this.#principals, key }];
  }

  #heldFor(counters: readonly string[]): readonly Held[] {
    const table = this.#namespaces;
    if (table === null) return [];
    return [...new Set(counters.map(namespaceOf))].map((key) => {
      return { policy: "namespace", table, key };
    });
  }

  /** Takes from all of them, or from none. */
  #take(costs: ReadonlyMap<Held, number>): void {
    const nowMs = performance.now();
    const held = [...costs.keys()];
    const empty = held.filter(({ table, key }) => table.look(key, nowMs).left === 0);
    if (empty.length > 0) throw this.#refusal(empty, held, nowMs);
    for (const [{ table, key }, cost] of costs) table.take(key, cost, nowMs);
  }

  #refusal(empty: readonly Held[], held: readonly Held[], nowMs: number): Problem {
    const violated = [...new Set(empty.map(({ policy }) => policy))];
    for (const policy of violated) this.#onLimited(policy);
    const waitsMs = empty.map(({ table, key }) => table.look(key, nowMs).waitMs);
    const retryAfterMs = Math.max(1, ...waitsMs.map(Math.ceil));
    const detail = empty
      .slice(0, 3)
      .map(({ policy, key, table: { quota } }) => {
        const whose = policy === "namespace" ? `the namespace ${key}` : "you";
        return `${quota.units} requests in ${quota.windowMs / 1000} s are for ${whose}, and were made`;
      })
      .join("; ");
    return new Problem("quota-exceeded", detail, {
      extensions: { "violated-policies": violated, retryAfterMs },
      headers: { ...this.#headers(held, nowMs), "retry-after": secondsOf(retryAfterMs) },
    });
  }

  #sealing({ seal }: Admission, held: readonly Held[]): (reply: ApiReply) => ApiReply {
    return (reply) => {
      // A refusal says itself what it was about.
      if (reply.headers["ratelimit"] !== undefined) return seal(reply);
      const headers = { ...this.#headers(held, performance.now()), ...reply.headers };
      return seal({ ...reply, headers });
    };
  }

  /** Of several namespaces the one of which least is left. */
  #headers(held: readonly Held[], nowMs: number): Readonly<Record<string, string>> {
    const scarcest = new Map<PolicyName, Balance>();
    for (const { policy, table, key } of held) {
      const balance = table.look(key, nowMs);
      const known = scarcest.get(policy);
      if (known === undefined || isScarcer(balance, known)) scarcest.set(policy, balance);
    }
    const texts = [...scarcest].map(([policy, { left, waitMs, wholeMs }]) => {
      return `"${policy}";r=${left};t=${secondsOf(left === 0 ? waitMs : wholeMs)}`;
    });
    return {
      "ratelimit-policy": this.#policyHeader,
      ...(texts.length === 0 ? {} : { ratelimit: texts.join(", ") }),
    };
  }
}

/** Reading and changing counters; an operator, a probe and another node must always get through. */
export function isLimited({ scope, kind }: Pick<Route, "scope" | "kind">): boolean {
  return (scope === "read" || scope === "write") && kind !== "probe";
}

function isScarcer(one: Balance, other: Balance): boolean {
  return one.left === other.left ? one.waitMs > other.waitMs : one.left < other.left;
}

function policyText(name: PolicyName, { units, windowMs }: Quota): string {
  return `"${name}";q=${units};w=${Math.round(windowMs / 1000)}`;
}

/** Rounded up: who comes after that time must not be too early. */
function secondsOf(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
