/** The calls of v1 in eventual mode: this node answers for itself, or waits for others. */
import type { Acks, EventualNode, Written as Done } from "@counter/eventual";

import type { EventualConfig } from "../../config/node-config.ts";
import type { ApiRequest } from "../api.ts";
import { readWaitMs, waitHeaders, waitMsOf } from "../prefer.ts";
import { problemOf } from "../problems.ts";
import type {
  Answer,
  BatchItem,
  BatchResult,
  Page,
  PageCall,
  V1Calls,
  WriteCall,
  Written,
} from "../v1/calls.ts";
import type {
  AddBody,
  AddedBody,
  ChangedBody,
  ConflictsBody,
  ContributionsBody,
  CounterBody,
  CreateBody,
  PatchBody,
} from "../v1/schemas.ts";
import { rangeChecked, tellStages } from "./calls.ts";
import { mismatch } from "./mismatch.ts";
import {
  asOwnWord,
  bodyOf,
  etagOf,
  keyText,
  notFound,
  requirePlain,
  spreadIn,
  stableIn,
  texts,
} from "./v1-bodies.ts";
import { acksOf, readOptionsOf, writeWaitLeastSeconds } from "./options.ts";

type Node = Pick<
  EventualNode,
  | "add"
  | "configure"
  | "conflicts"
  | "contributions"
  | "counter"
  | "create"
  | "delete"
  | "knowledge"
  | "list"
  | "look"
  | "reset"
  | "set"
  | "token"
>;

type Config = Pick<EventualConfig, "applyTimeoutMs" | "storage">;

interface WriteOptions {
  readonly acks: Acks;
  readonly timeoutMs: number;
  readonly timed: boolean;
  readonly spread: boolean;
}

/** A write without a condition whose key is its text alone. */
type Call<Args> = WriteCall<Args>;

export class EventualV1Calls implements V1Calls {
  readonly mode = "eventual";
  readonly readQuery: readonly string[] = ["consistency", "atLeast", "orStale"];
  readonly writeQuery: readonly string[] = ["ack"];
  readonly #node: () => Node;
  readonly #config: Config;

  /** @param node - the node once there is one; throws a Problem before */
  constructor(node: () => Node, config: Config) {
    this.#node = node;
    this.#config = config;
  }

  async read(request: ApiRequest, name: string): Promise<Answer<CounterBody>> {
    const node = this.#node();
    const waitMs = waitMsOf(request);
    const options = { ...readOptionsOf(request), timeoutMs: waitMs ?? readWaitMs, spread: true };
    const read = await node.counter(name, options);
    const version = { "counter-version": read.token };
    if (!read.exists) throw notFound(name, version);
    const stale = read.stale ? { "counter-stale": "true" } : {};
    const headers = { ...version, etag: etagOf(node), ...stale, ...waitHeaders(waitMs) };
    return { body: { ...bodyOf(read), ...spreadIn(read) }, headers };
  }

  async list({ request, prefix, limit, after }: PageCall): Promise<Answer<Page>> {
    const waitMs = waitMsOf(request);
    const also = ["prefix", "limit", "cursor", "mode"];
    const options = { ...readOptionsOf(request, also), timeoutMs: waitMs ?? readWaitMs };
    const query = { prefix, limit, ...(after === null ? {} : { after }) };
    const { items, next, token, stale } = await this.#node().list(query, options);
    const headers = {
      "counter-version": token,
      ...(stale ? { "counter-stale": "true" } : {}),
      ...waitHeaders(waitMs),
    };
    return { body: { items: items.map(bodyOf), last: next }, headers };
  }

  async create(call: Call<CreateBody>): Promise<Written<CounterBody>> {
    const { name, kind = "counter", mode, initial = 0n, labels, ...rest } = call.args;
    if (mode === "strong") throw mismatch("this cluster has no strong counters");
    if (kind !== "counter" || initial !== 0n) throw mismatch(`no node could keep it by itself`);
    requirePlain(rest);
    const entries = Object.entries(labels ?? {});
    const wanted = { counter: name, labels: new Map(entries), ...keyText(call.key) };
    return this.#described(call, name, (node, options) => node.create(wanted, options));
  }

  async patch(call: Call<PatchBody>): Promise<Written<CounterBody>> {
    const { labels, ...rest } = call.args;
    requirePlain(rest);
    const changes = labels === null ? null : new Map(Object.entries(labels ?? {}));
    const wanted = { counter: call.name, labels: changes, ...keyText(call.key) };
    return this.#described(call, call.name, (node, options) => node.configure(wanted, options));
  }

  async remove(call: Call<null>): Promise<Written<null>> {
    const { headers, done } = await this.#write(call, (node, options) => {
      return node.delete({ counter: call.name, ...keyText(call.key) }, options);
    });
    return { body: null, headers, replayed: done.replayed };
  }

  async add(call: Call<AddBody>): Promise<Written<AddedBody>> {
    const { name, args, key } = call;
    if (args.onBound !== undefined) throw mismatch("counters have no bounds");
    const addition = { counter: name, delta: args.delta, ...keyText(key) };
    const { headers, done, durability } = await this.#write(call, (node, options) => {
      return node.add(addition, options);
    });
    const { previous, applied } = { previous: done.value - args.delta, applied: args.delta };
    const numbers = texts({ value: done.value, previous, applied });
    const body = { name, ...numbers, ...stableIn(done), version: null, durability };
    return { body, headers, replayed: done.replayed };
  }

  next(): Promise<never> {
    return Promise.reject(mismatch("numbers without gaps or repetitions need a majority"));
  }

  cas(): Promise<never> {
    return Promise.reject(mismatch("comparing with what all others know needs a majority"));
  }

  set(call: Call<{ readonly value: bigint }>): Promise<Written<ChangedBody>> {
    const setting = { counter: call.name, value: call.args.value, ...keyText(call.key) };
    return this.#changed(call, (node, options) => node.set(setting, options));
  }

  reset(call: Call<{ readonly to: bigint | null }>): Promise<Written<ChangedBody>> {
    const setting = { counter: call.name, to: call.args.to ?? 0n, ...keyText(call.key) };
    return this.#changed(call, (node, options) => node.reset(setting, options));
  }

  async batch(
    items: readonly BatchItem[],
    atomic: boolean,
  ): Promise<Answer<readonly BatchResult[]>> {
    if (atomic) throw mismatch("all or nothing needs a majority");
    const node = this.#node();
    // Begun in their order before any of them has ended: the node takes them in that order.
    const settled = await Promise.allSettled(items.map((item) => this.#item(item)));
    const results = settled.map((result): BatchResult => {
      if (result.status === "fulfilled") return result.value;
      const refused = problemOf(result.reason);
      if (refused.code === "internal") throw result.reason;
      return { refused };
    });
    return { body: results, headers: { "counter-version": node.token() } };
  }

  #item({ op, call }: BatchItem): Promise<Written<object | null>> {
    switch (op) {
      case "create":
        return this.create(call);
      case "delete":
        return this.remove(call);
      case "add":
        return this.add(call);
      case "next":
        return this.next();
      case "cas":
        return this.cas();
      case "set":
        return this.set(call);
      case "reset":
        return this.reset(call);
    }
  }

  contributions(_request: ApiRequest, name: string): Promise<Answer<ContributionsBody>> {
    const node = this.#known(name);
    const { writers, keyed: byKey } = node.contributions(name);
    const items = writers.map(({ writer, node: owner, plus, minus }) => {
      return { writer, node: owner, ...texts({ plus, minus }) };
    });
    const headers = { "counter-version": node.token() };
    return Promise.resolve({ body: { name, items, keyed: texts(byKey) }, headers });
  }

  conflicts(_request: ApiRequest, name: string): Promise<Answer<ConflictsBody>> {
    const node = this.#known(name);
    const items = node.conflicts(name).map(({ key, uses }) => {
      return { key, uses: uses.map((use) => ({ ...use, delta: use.delta.toString() })) };
    });
    return Promise.resolve({ body: { items }, headers: { "counter-version": node.token() } });
  }

  #known(name: string): Node {
    const node = this.#node();
    if (!node.look(name).exists) throw notFound(name, { "counter-version": node.token() });
    return node;
  }

  async #described<Args>(
    call: Call<Args>,
    name: string,
    write: (node: Node, options: WriteOptions) => Promise<Done>,
  ): Promise<Written<CounterBody>> {
    const { headers, done } = await this.#write(call, write);
    // What the node said, not what it knows by now: a repetition has the same body.
    const { value, labels, replayed } = done;
    return { body: bodyOf({ name, value, labels: labels ?? new Map() }), headers, replayed };
  }

  async #changed<Args>(
    call: Call<Args>,
    write: (node: Node, options: WriteOptions) => Promise<Done>,
  ): Promise<Written<ChangedBody>> {
    const { headers, done, durability } = await this.#write(call, write);
    const numbers = texts({ value: done.value, previous: done.previous });
    const body = { name: call.name, ...numbers, ...stableIn(done), version: null, durability };
    return { body, headers, replayed: done.replayed };
  }

  async #write<Args>(
    { request, condition, key }: Call<Args>,
    write: (node: Node, options: WriteOptions) => Promise<Done>,
  ): Promise<{
    readonly done: Done;
    readonly headers: Readonly<Record<string, string>>;
    readonly durability: AddedBody["durability"];
  }> {
    if (condition !== null) throw mismatch("nobody knows which version is the latest");
    const { applyTimeoutMs, storage } = this.#config;
    const acks = acksOf(request);
    const waitMs = waitMsOf(request, writeWaitLeastSeconds);
    const node = this.#node();
    const timed = request.stages !== undefined;
    // A repetition under a key has the same body, and how far it had spread is not remembered.
    const options = { acks, timeoutMs: waitMs ?? applyTimeoutMs, timed, spread: key === null };
    const done = await rangeChecked("delta-too-large", () => write(node, options)).catch(
      (error: unknown) => {
        throw asOwnWord(error);
      },
    );
    tellStages(request, done);
    return {
      done,
      headers: { "counter-version": done.token, etag: etagOf(node), ...waitHeaders(waitMs) },
      durability: { requested: acks, achieved: done.acked, storage },
    };
  }
}
