/** The client itself: endpoints, and the way to everything else. */
import { batch, type BatchOperation, type BatchOptions, type BatchResult } from "./batch.ts";
import { Calls } from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { CounterHandle } from "./counter.ts";
import { counterOf, objectsAt, optionalTextAt } from "./decode.ts";
import { InvalidReplyError } from "./errors.ts";
import { settingsOf, type ClientOptions } from "./options.ts";
import { Sender } from "./sender.ts";
import { Session } from "./session.ts";
import { Snapshots } from "./snapshot.ts";
import type { Counter, Mode, NewCounter, ReadOptions, WriteOptions } from "./types.ts";
import { watch, type WatchEvent, type WatchOptions } from "./watch.ts";

export interface ListOptions extends ReadOptions {
  readonly prefix?: string | undefined;
  /** Only counters of this mode. */
  readonly mode?: Mode | undefined;
  /** How many are fetched at a time, 1 to 1000. */
  readonly pageSize?: number | undefined;
}

/** What a client and a session have in common. */
export abstract class Counters {
  readonly cluster: Cluster;
  readonly snapshots: Snapshots;
  readonly #calls: Calls;

  protected constructor(calls: Calls) {
    this.#calls = calls;
    this.cluster = new Cluster(calls);
    this.snapshots = new Snapshots(calls);
  }

  get endpoints(): readonly string[] {
    return this.#calls.sender.endpoints.urls;
  }

  /** The endpoint that led when it was last heard of; `null` when that is not known. */
  get leader(): string | null {
    return this.#calls.sender.endpoints.leader;
  }

  counter(name: string): CounterHandle {
    return new CounterHandle(this.#calls, name);
  }

  /** @throws ProblemError `counter-exists` if there is one of that name */
  create(name: string, config: NewCounter = {}, options: WriteOptions = {}): Promise<Counter> {
    return this.counter(name).create(config, options);
  }

  /** All counters whose names begin with `prefix`, in the order of their names, page by page. */
  async *list(options: ListOptions = {}): AsyncGenerator<Counter, void, undefined> {
    const { prefix, mode, pageSize } = options;
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { prefix, mode, limit: pageSize?.toString(), cursor };
      const request = { method: "GET", path: "/v1/counters", query } as const;
      const { json } = await this.#calls.read(request, options);
      for (const item of objectsAt(json, "items")) yield counterOf(item);
      const next = optionalTextAt(json, "next");
      if (next !== null && next === cursor) throw new InvalidReplyError("the list does not go on");
      cursor = next;
    }
  }

  batch(
    operations: readonly BatchOperation[],
    options: BatchOptions = {},
  ): Promise<readonly BatchResult[]> {
    return batch(this.#calls, operations, options);
  }

  /** All counters whose names begin with `prefix`: their values now, and every change. */
  watch(
    options: WatchOptions & { readonly prefix?: string } = {},
  ): AsyncGenerator<WatchEvent, void, undefined> {
    const query = { prefix: options.prefix };
    return watch(this.#calls, { path: "/v1/watch", name: null, query }, options);
  }
}

/**
 * A client of one cluster. It holds no connection of its own and need not be closed.
 *
 * Rules: every write has an idempotency key unless it is told otherwise (C1), and is sent again with
 * it until it is answered or out of time (C2); without a key it is never sent twice (C3).
 */
export class CounterClient extends Counters {
  readonly #options: ClientOptions;
  readonly #sender: Sender;

  /** @throws InvalidArgumentError on options that cannot be meant so */
  constructor(options: ClientOptions) {
    const sender = new Sender(settingsOf(options));
    super(new Calls(sender));
    this.#options = options;
    this.#sender = sender;
  }

  /**
   * The same client in a session: reads see the session's own writes, and never less than it has seen.
   *
   * @param session - one that is carried on, or its text
   */
  session(session: Session | string = ""): SessionClient {
    return new SessionClient(
      this.#sender,
      typeof session === "string" ? new Session(session) : session,
    );
  }

  /** The same client for one node alone, which need not be among the endpoints. */
  at(endpoint: string): CounterClient {
    return new CounterClient({ ...this.#options, endpoints: [endpoint] });
  }
}

/** A client whose calls make up one session; made by {@link CounterClient.session}. */
export class SessionClient extends Counters {
  /** What has been seen; `toString()` carries it to another process. */
  readonly seen: Session;

  constructor(sender: Sender, seen: Session) {
    super(new Calls(sender, seen));
    this.seen = seen;
  }
}
