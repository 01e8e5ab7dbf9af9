/** The client itself: endpoints, and the way to everything else. */
import { batch, type BatchOperation, type BatchOptions, type BatchResult } from "./batch.ts";
import { Calls } from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { CounterHandle } from "./counter.ts";
import { counterOf, objectsAt, optionalTextAt } from "./decode.ts";
import { InvalidReplyError, ProblemError } from "./errors.ts";
import { Numbering, type SessionService } from "./numbering.ts";
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

  /**
   * The same client in a session that the service keeps (strong mode): its writes are numbered instead
   * of having keys, and count once however late a copy of them arrives, without a window. Reads are
   * those of {@link CounterClient.session}. In eventual mode, where the service keeps no sessions, writes have keys.
   *
   * The session is begun with the first write. It ends with {@link OpenSession.close}, or when nothing
   * is written for as long as the service says (`--session-timeout`, an hour by default): one for each
   * process, or each worker, is meant, not one for each request.
   *
   * @param session - what has been seen, to be carried on, or its text
   */
  openSession(session: Session | string = ""): OpenSession {
    return new OpenSession(
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

  /** @internal Made by the client. */
  constructor(sender: Sender, seen: Session, numbering: Numbering | null = null) {
    super(new Calls(sender, seen, numbering));
    this.seen = seen;
  }
}

/**
 * A session that the service keeps; made by {@link CounterClient.openSession}.
 *
 * Up to {@link sessionWritesMax} writes may be under way at a time, and may overtake each other; further
 * ones wait. A write with a `key` of the caller's, or with `key: null`, is not numbered.
 */
export class OpenSession extends SessionClient {
  readonly #numbering: Numbering;

  constructor(sender: Sender, seen: Session) {
    const numbering = new Numbering(sessionService(new Calls(sender)));
    super(sender, seen, numbering);
    this.#numbering = numbering;
  }

  /** As the service calls it; `null` before the first write, and in eventual mode. */
  get id(): string | null {
    return this.#numbering.id;
  }

  /**
   * Waits for the writes under way, then ends the session; nothing is written after it. Idempotent.
   *
   * @throws UnreachableError or what else keeps the service from hearing of it: the session then ends
   *   by itself
   */
  close(): Promise<void> {
    return this.#numbering.close();
  }
}

/** Codes of a service that keeps no sessions: in eventual mode, or of an earlier release. */
const withoutSessions: ReadonlySet<string> = new Set(["mode-mismatch", "not-found"]);

function sessionService(calls: Calls): SessionService {
  // Sent again they do no harm: a session that nobody knows of ends by itself.
  const how = { effect: "read", leader: true } as const;
  return {
    open: async () => {
      try {
        return (await calls.control({ method: "POST", path: "/v1/sessions" }, {}, how)).json;
      } catch (error) {
        if (error instanceof ProblemError && withoutSessions.has(error.code)) return null;
        throw error;
      }
    },
    close: async (id) => {
      const path = `/v1/sessions/${encodeURIComponent(id)}`;
      await calls.control({ method: "DELETE", path }, {}, how);
    },
  };
}
