/** One counter of the service. */
import { counterPath, type Answered, type Calls } from "./calls.ts";
import {
  addedOf,
  counterOf,
  issuedOf,
  objectsAt,
  optionalIntegerAt,
  storedOf,
  type Json,
} from "./decode.ts";
import { toNumberOrNull } from "./reply.ts";
import { wireNumber, type Integer } from "./numbers.ts";
import type {
  Added,
  CallOptions,
  ConditionOptions,
  Counter,
  CounterConfig,
  Issued,
  NewCounter,
  OnBound,
  Read,
  ReadOptions,
  Stored,
  WriteOptions,
} from "./types.ts";
import { watch, type WatchEvent, type WatchOptions } from "./watch.ts";

/** Made by `client.counter(name)`; costs nothing, and asks nobody until a method is called. */
export class CounterHandle {
  readonly name: string;
  readonly #calls: Calls;

  constructor(calls: Calls, name: string) {
    this.name = name;
    this.#calls = calls;
    counterPath(name); // refuses names that no URL can carry
  }

  /** Adds `delta`, which may be negative. A counter that does not exist begins at 0. */
  async add(
    delta: Integer,
    options: WriteOptions & { readonly onBound?: OnBound } = {},
  ): Promise<Added> {
    const { onBound } = options;
    const body = {
      delta: wireNumber(delta, "delta"),
      ...(onBound === undefined ? {} : { onBound }),
    };
    return this.#added("/add", body, options);
  }

  async increment(by: Integer = 1n, options: WriteOptions = {}): Promise<Added> {
    return this.#added("/increment", { by: wireNumber(by, "by") }, options);
  }

  async decrement(by: Integer = 1n, options: WriteOptions = {}): Promise<Added> {
    return this.#added("/decrement", { by: wireNumber(by, "by") }, options);
  }

  /**
   * Takes numbers that nobody else gets, `count` of them in one block. With a key, a call that is sent
   * again gets the same ones; without, those of an answer that was lost are nobody's.
   */
  async next(options: WriteOptions & { readonly count?: Integer } = {}): Promise<Issued> {
    const count = wireNumber(options.count ?? 1n, "count");
    const { json, facts } = await this.#post("/next", { count }, options);
    return issuedOf(json, facts);
  }

  /** @throws NotFoundError if there is no such counter */
  async get(options: ReadOptions = {}): Promise<Read> {
    return readOf(await this.#calls.read(this.#request("GET", ""), options));
  }

  /**
   * The counter if it has changed since `version` was read; `null` if it has not.
   *
   * @param version - of an earlier read
   */
  async getIfChanged(version: string, options: ReadOptions = {}): Promise<Read | null> {
    const headers = { "if-none-match": `"${version}"` };
    const request = { ...this.#request("GET", ""), headers, accepts: [304] };
    const answered = await this.#calls.read(request, options);
    return answered.reply.status === 304 ? null : readOf(answered);
  }

  /**
   * Waits until the counter is another than `token` stands for.
   *
   * @param options.waitSeconds - longest wait, up to 600. Default 30
   * @returns `null` when it has not changed in that time
   */
  async changed(token: string, options: ReadOptions = {}): Promise<Read | null> {
    const request = {
      ...this.#request("GET", ""),
      query: { changedSince: token },
      accepts: [304],
    };
    const answered = await this.#calls.read(request, { waitSeconds: 30, ...options });
    return answered.reply.status === 304 ? null : readOf(answered);
  }

  /** Sets `value` if the counter has the value `expected`. @throws VersionMismatchError if not */
  async compareAndSet(
    expected: Integer,
    value: Integer,
    options: ConditionOptions = {},
  ): Promise<Stored> {
    const body = { expected: wireNumber(expected, "expected"), value: wireNumber(value, "value") };
    const { json, facts } = await this.#post("/cas", body, options);
    return storedOf(json, facts);
  }

  async set(value: Integer, options: ConditionOptions = {}): Promise<Stored> {
    const request = {
      ...this.#request("PUT", "/value"),
      body: { value: wireNumber(value, "value") },
    };
    const { json, facts } = await this.#calls.write(request, options);
    return storedOf(json, facts);
  }

  /** Back to `to`, or to the value that the counter was created with. */
  async reset(options: ConditionOptions & { readonly to?: Integer } = {}): Promise<Stored> {
    const body = options.to === undefined ? {} : { to: wireNumber(options.to, "to") };
    const { json, facts } = await this.#post("/reset", body, options);
    return storedOf(json, facts);
  }

  /** Changes what is named in `config`, and nothing else. */
  async configure(config: CounterConfig, options: ConditionOptions = {}): Promise<Counter> {
    const request = {
      ...this.#request("PATCH", ""),
      body: configBody(config),
      headers: { "content-type": "application/merge-patch+json" },
    };
    return counterOf((await this.#calls.write(request, options)).json);
  }

  /** @throws ProblemError `counter-exists` if it does */
  async create(config: NewCounter = {}, options: WriteOptions = {}): Promise<Counter> {
    const body = { name: this.name, ...newCounterBody(config) };
    const request = { method: "POST", path: "/v1/counters", body } as const;
    return counterOf((await this.#calls.write(request, options)).json);
  }

  /** @throws NotFoundError if there is no such counter */
  async delete(options: ConditionOptions = {}): Promise<void> {
    await this.#calls.write(this.#request("DELETE", ""), options);
  }

  /** Eventual mode: who has added and taken how much, as the service tells it. */
  async contributions(options: ReadOptions = {}): Promise<readonly Json[]> {
    const answered = await this.#calls.read(this.#request("GET", "/contributions"), options);
    return objectsAt(answered.json, "items");
  }

  /** Eventual mode: keys that were used for two different additions. */
  async conflicts(options: CallOptions = {}): Promise<readonly Json[]> {
    const answered = await this.#calls.read(this.#request("GET", "/conflicts"), options);
    return objectsAt(answered.json, "items");
  }

  /** Its value now and after each change; ends when the signal is given. See {@link watch}. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    const path = counterPath(this.name, "/watch");
    return watch(this.#calls, { path, name: this.name }, options);
  }

  #request(method: "GET" | "PUT" | "PATCH" | "DELETE", rest: string) {
    return { method, path: counterPath(this.name, rest) } as const;
  }

  #post(
    rest: string,
    body: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<Answered> {
    return this.#calls.write({ method: "POST", path: counterPath(this.name, rest), body }, options);
  }

  async #added(
    rest: string,
    body: Readonly<Record<string, unknown>>,
    options: WriteOptions,
  ): Promise<Added> {
    const { json, facts } = await this.#post(rest, body, options);
    return addedOf(json, facts);
  }
}

/** @returns the members that the service takes, with numbers as it writes them */
export function configBody(config: CounterConfig): Readonly<Record<string, unknown>> {
  const { min, max, onBound, step, labels, ttl } = config;
  const members = {
    min: optional(min, "min"),
    max: optional(max, "max"),
    onBound,
    step: optional(step, "step"),
    labels,
    ttl,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

export function newCounterBody(config: NewCounter): Readonly<Record<string, unknown>> {
  const { kind, mode, initial } = config;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(mode === undefined ? {} : { mode }),
    ...(initial === undefined ? {} : { initial: wireNumber(initial, "initial") }),
    ...configBody(config),
  };
}

function optional(value: Integer | null | undefined, what: string): string | null | undefined {
  return value === undefined || value === null ? value : wireNumber(value, what);
}

function readOf({ json, reply, facts }: Answered): Read {
  const stalenessMs = toNumberOrNull(reply.headers.get("counter-staleness-ms"));
  const stable = optionalIntegerAt(json, "stable");
  return { ...counterOf(json), token: facts.token, stable, stalenessMs };
}
