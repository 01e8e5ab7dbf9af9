/**
 * Watches: the value now, then each change, conflated for whoever reads slowly. A stream that breaks
 * goes on at another node where it was (`Last-Event-ID`), and never back to an older version.
 */
import { queryOf, type Calls } from "./calls.ts";
import { integerAt, optionalTextAt, textAt, type Json } from "./decode.ts";
import { CounterError, InvalidReplyError, UnreachableError } from "./errors.ts";
import { Mailbox } from "./mailbox.ts";
import { isRecord, problemError, readBytes, refusalOf } from "./reply.ts";
import { EventParser, type ServerEvent } from "./sse.ts";
import { limit, nowMs, pause, type Limit } from "./timing.ts";

export type WatchEvent =
  | {
      readonly type: "value";
      readonly name: string;
      readonly value: bigint;
      readonly version: string | null;
      readonly token: string | null;
      /** Told because the watch starts over: what was between is unknown, and it may have gone back. */
      readonly reset: boolean;
    }
  | {
      readonly type: "deleted";
      readonly name: string;
      readonly token: string | null;
      readonly reset: boolean;
    }
  /** Of a prefix: everything was told. After a reset, a counter that was not told is gone. */
  | { readonly type: "synced"; readonly token: string | null; readonly reset: boolean };

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where an earlier watch was: its last event's token. */
  readonly since?: string | undefined;
  /** How long to go on without any node before giving up, in milliseconds. Default: for ever. */
  readonly giveUpMs?: number | undefined;
}

export interface WatchTarget {
  readonly path: string;
  /** `null` when it watches several. */
  readonly name: string | null;
  readonly query?: Readonly<Record<string, string | undefined>>;
}

/** Most counters with an unread event; beyond, the stream is not read until the reader goes on. */
export const unreadMax: number = 10_000;
/** Most counters whose newest version is remembered, to drop what a lagging node repeats. */
export const versionsMax: number = 100_000;
/** A node says something every 15 s; one that is silent for three times that is gone. */
export const silenceMaxMs: number = 45_000;
const refusalMaxBytes = 64 * 1024;
const retryFirstMs = 1000;
const retryMaxMs = 10_000;

/** @throws ProblemError when it is refused for good, UnreachableError after `giveUpMs` */
export async function* watch(
  calls: Calls,
  target: WatchTarget,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent, void, undefined> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(options.signal?.reason);
  if (options.signal?.aborted === true) return;
  options.signal?.addEventListener("abort", stop, { once: true });
  const mailbox = new Mailbox<WatchEvent>(unreadMax, merged);
  const feed = new Feed(calls, target, { ...options, signal: controller.signal, mailbox });
  const feeding = feed.run().then(
    () => mailbox.end(null),
    (error: unknown) => mailbox.end(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for (;;) {
      const event = await mailbox.take();
      if (event === null) return;
      yield event;
    }
  } finally {
    options.signal?.removeEventListener("abort", stop);
    controller.abort();
    mailbox.end(null); // the feed may wait for room
    await feeding;
  }
}

interface FeedOptions {
  readonly since?: string | undefined;
  readonly giveUpMs?: number | undefined;
  readonly signal: AbortSignal;
  readonly mailbox: Mailbox<WatchEvent>;
}

class Feed {
  readonly #calls: Calls;
  readonly #target: WatchTarget;
  readonly #options: FeedOptions;
  readonly #versions = new Map<string, Version>();
  #lastId: string | null;
  /** Whether anything was told yet. */
  #begun = false;
  /** Whether all is told anew, with a gap before it. */
  #reset = false;
  #retryMs = retryFirstMs;
  #failures = 0;
  #heardAt = nowMs();

  constructor(calls: Calls, target: WatchTarget, options: FeedOptions) {
    this.#calls = calls;
    this.#target = target;
    this.#options = options;
    this.#lastId = options.since ?? null;
  }

  async run(): Promise<void> {
    const { endpoints } = this.#calls.sender;
    const { signal, giveUpMs = Infinity } = this.#options;
    let avoid: string | null = null;
    for (;;) {
      const endpoint = endpoints.pick(nowMs(), { leader: false, avoid });
      const silence = limit(silenceMaxMs, signal);
      let why: unknown = null;
      let restMs: number | null = null;
      try {
        restMs = await this.#stream(endpoint, silence);
      } catch (error) {
        if (error instanceof CounterError && !error.retryable) throw error;
        why = error;
      } finally {
        silence.release();
      }
      if (signal.aborted) return;
      endpoints.failed(endpoint, nowMs(), restMs);
      avoid = endpoint;
      if (nowMs() - this.#heardAt > giveUpMs) {
        const message = `no node could be watched for ${giveUpMs} ms`;
        throw new UnreachableError(message, { endpoint, cause: why });
      }
      await pause(this.#pauseMs(endpoints.hasOther(nowMs(), endpoint)), signal);
    }
  }

  /** The first time another node is asked soon; then as slowly as the service wishes, or slower. */
  #pauseMs(hasOther: boolean): number {
    this.#failures += 1;
    const fast = hasOther && this.#failures === 1 ? 10 : this.#retryMs;
    const grown = Math.min(retryMaxMs, fast * 2 ** Math.min(10, this.#failures - 1));
    return Math.max(10, grown * (0.5 + Math.random() / 2));
  }

  /** @returns how long the node asks to be left alone; throws what breaks the stream */
  async #stream(endpoint: string, silence: Limit): Promise<number | null> {
    const { path, query = {} } = this.#target;
    // Without a token it cannot be told what has gone meanwhile.
    if (this.#begun && this.#lastId === null) this.#reset = true;
    const resumed = this.#lastId === null ? {} : { "last-event-id": this.#lastId };
    const headers = { accept: "text/event-stream", ...resumed };
    const call = {
      method: "GET",
      path: path + queryOf(query),
      headers,
      body: null,
      key: null,
      number: null,
    };
    const response = await this.#calls.sender.fetchAt(
      endpoint,
      { ...call, method: "GET" },
      silence.signal,
    );
    if (!isEventStream(response)) return await this.#refused(response, endpoint);
    this.#calls.sender.endpoints.answered(endpoint);
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    try {
      for (;;) {
        const read = await reader?.read();
        if (read === undefined || read.done) return null;
        silence.renew();
        this.#heardAt = nowMs();
        for (const event of parser.push(decoder.decode(read.value, { stream: true }))) {
          await this.#take(event, silence);
        }
        this.#retryMs = Math.min(retryMaxMs, parser.retryMs ?? this.#retryMs);
      }
    } finally {
      await reader?.cancel().catch(() => undefined); // broken already, or aborted
    }
  }

  async #refused(response: Response, endpoint: string): Promise<number | null> {
    const bytes = await readBytes(response, refusalMaxBytes);
    const { status, headers } = response;
    const refusal = refusalOf({ status, headers, bytes, endpoint });
    // Restored since: what was seen counts no more, and the watch begins anew.
    if (refusal.problem.code === "token-foreign" && this.#lastId !== null) {
      this.#forget();
      return 0;
    }
    if (status < 300 || status >= 400) throw problemError(refusal, { endpoint });
    throw new InvalidReplyError("watches are not redirected", { endpoint, retryable: true });
  }

  async #take({ event, data, id }: ServerEvent, silence: Limit): Promise<void> {
    if (event !== "value" && event !== "deleted" && event !== "synced") return; // a newer service's
    const json = parse(data);
    this.#failures = 0;
    this.#lastId = id ?? this.#lastId;
    this.#begun = true;
    const reset = this.#reset || json["reset"] === true;
    // Of a prefix all is told anew until the end of it is told.
    if (this.#target.name !== null || event === "synced") this.#reset = false;
    if (event === "synced") {
      await this.#put("", { type: event, token: id, reset }, silence);
      return;
    }
    const name = this.#target.name ?? textAt(json, "name");
    if (event === "deleted") {
      this.#versions.delete(name);
      await this.#put(name, { type: event, name, token: id, reset }, silence);
      return;
    }
    const version = optionalTextAt(json, "version");
    if (this.#isOld(name, version, reset)) return;
    const value = integerAt(json, "value");
    await this.#put(name, { type: event, name, value, version, token: id, reset }, silence);
  }

  /** Waits while the reader has too much before it; the node is not to blame for that silence. */
  async #put(name: string, event: WatchEvent, silence: Limit): Promise<void> {
    const { mailbox, signal } = this.#options;
    const place = event.type === "synced" ? "last" : "first";
    while (!signal.aborted && !mailbox.put(name, event, place)) {
      await mailbox.room();
      silence.renew();
    }
  }

  #isOld(name: string, text: string | null, reset: boolean): boolean {
    const version = versionOf(text);
    if (version === null) return false;
    const known = this.#versions.get(name);
    if (!reset && known?.epoch === version.epoch && version.revision <= known.revision) return true;
    if (this.#versions.size < versionsMax || known !== undefined) this.#versions.set(name, version);
    return false;
  }

  #forget(): void {
    this.#lastId = null;
    this.#reset = true;
    this.#versions.clear();
  }
}

/** A reset that was not read yet is not forgotten because of what followed. */
function merged(unread: WatchEvent, event: WatchEvent): WatchEvent {
  return unread.reset ? { ...event, reset: true } : event;
}

interface Version {
  readonly epoch: bigint;
  readonly revision: bigint;
}

function versionOf(text: string | null): Version | null {
  const match = /^s(\d{1,20})-(\d{1,20})$/.exec(text ?? "");
  return match === null ? null : { epoch: BigInt(match[1]!), revision: BigInt(match[2]!) };
}

function isEventStream({ status, headers }: Response): boolean {
  return status === 200 && /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}

function parse(data: string): Json {
  try {
    const json: unknown = JSON.parse(data);
    if (isRecord(json)) return json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InvalidReplyError("an event is no JSON object");
}
