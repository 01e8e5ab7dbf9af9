/** Queries of Serf, both ways: those of others are answered, answers to ours are collected. */
import { randomInt } from "node:crypto";
import type { MemberView } from "../core/door.ts";
import type { MemberName } from "../types.ts";
import { encodeSerf } from "../wire/serf-encoder.ts";
import type {
  SerfFilter,
  SerfKeyResponse,
  SerfQuery,
  SerfQueryResponse,
} from "../wire/serf-messages.ts";
import { decodeTags } from "../wire/tags.ts";
import type { GossipNode } from "./gossip-node.ts";
import { answerKeyQuery, failedKeyResponse, INTERNAL_PREFIX } from "./serf-keys.ts";
import * as serf from "./serf-options.ts";
import { compilePattern } from "./tag-pattern.ts";

/** The protocol of Serf from which on members pass answers on. */
const RELAY_PROTOCOL = 5;
const noBytes: Uint8Array = new Uint8Array(0);

/** Whether a query is for a member of this name with this metadata. */
export function isFor(
  filters: readonly SerfFilter[],
  { name, meta }: { readonly name: MemberName; readonly meta: Uint8Array },
): boolean {
  return filters.every((filter) => {
    if (filter.kind === "names") return filter.names.includes(name);
    if (filter.kind === "unknown") return false;
    const tags = decodeTags(meta);
    const value = tags.ok ? (tags.value.get(filter.tag) ?? "") : "";
    return compilePattern(filter.expression)?.(value) ?? false;
  });
}

/** Answers the queries of others. */
export class QueryAnswering {
  readonly #node: GossipNode;
  readonly #options: serf.SerfNodeOptions;
  #running: number = 0;

  constructor(node: GossipNode, options: serf.SerfNodeOptions) {
    this.#node = node;
    this.#options = options;
  }

  take(query: SerfQuery): void {
    const self = this.#node.members().find(({ name }) => name === this.#node.name);
    if (self === undefined || !isFor(query.filters, self)) return;
    if (query.ack) this.#respond(query, { ack: true, payload: noBytes });
    if (query.name.startsWith(INTERNAL_PREFIX)) this.#answerInternal(query);
    else void this.#answer(query);
  }

  /** Never rejects. */
  async #answer(query: SerfQuery): Promise<void> {
    const { onQuery, observer } = this.#options;
    if (onQuery === undefined) return;
    const { name, payload, sourceNode, timeoutMs } = query;
    const question: serf.SerfQuestion = { name, payload, from: sourceNode, timeoutMs };
    if (this.#running >= serf.QUERIES_RUNNING_MAX) return observer?.onQueryDropped?.(question);
    const deadline = performance.now() + timeoutMs;
    this.#running += 1;
    try {
      const answer = await onQuery(question);
      if (answer !== null && performance.now() < deadline) {
        this.#respond(query, { ack: false, payload: answer });
      }
    } catch (error) {
      observer?.onQueryFailed?.(question, error);
    } finally {
      this.#running -= 1;
    }
  }

  #answerInternal(query: SerfQuery): void {
    const name = query.name.slice(INTERNAL_PREFIX.length);
    if (name === "ping") return; // its acknowledgement is the answer
    if (name === "conflict") return this.#answerConflict(query);
    if (this.#options.acceptKeyQueries === false && name !== "list-keys") return;
    void this.#answerAboutKeys(query);
  }

  /** Never rejects. */
  async #answerAboutKeys(query: SerfQuery): Promise<void> {
    const { keyring, onKeysChanged } = this.#options;
    const answered = answerKeyQuery(query.name, query.payload, keyring);
    if (answered === null) return;
    const keep = answered.changed ? onKeysChanged : undefined;
    const response = keep === undefined ? answered.response : await kept(answered.response, keep);
    this.#respond(query, { ack: false, payload: encodeSerf(response) });
  }

  /** Two members claim a name: says whom we know by it. The one asked about does not vote. */
  #answerConflict(query: SerfQuery): void {
    const wanted = Buffer.from(query.payload).toString();
    const known = this.#node.members().find(({ name }) => name === wanted);
    if (known === undefined || wanted === this.#node.name) return;
    const { name, address } = known;
    const payload = encodeSerf({ type: "conflictResponse", name, address });
    this.#respond(query, { ack: false, payload });
  }

  #respond(query: SerfQuery, { ack, payload }: { ack: boolean; payload: Uint8Array }): void {
    const { time, id, sourceNode } = query;
    const from = this.#node.name;
    const bytes = encodeSerf({ type: "queryResponse", time, id, from, ack, payload });
    const { observer } = this.#options;
    if (bytes.length > serf.QUERY_MAX_BYTES) {
      const problem = `an answer of ${bytes.length} bytes, ${serf.QUERY_MAX_BYTES} fit`;
      return observer?.onNotSent?.(new RangeError(problem));
    }
    const notSent = (error: unknown): void => observer?.onNotSent?.(error);
    this.#node.send(sourceNode, bytes).catch(notSent);
    const relay = encodeSerf({ type: "relay", to: query.source, node: sourceNode, payload: bytes });
    for (const through of this.#relays(query)) this.#node.send(through, relay).catch(notSent);
  }

  /** Members, drawn at random, that pass an answer on. */
  #relays({ relayFactor, sourceNode }: SerfQuery): readonly MemberName[] {
    if (relayFactor === 0) return [];
    const able = this.#node.members().filter((member) => isRelay(member));
    const others = able.filter(({ name }) => name !== sourceNode && name !== this.#node.name);
    const drawn: MemberName[] = [];
    while (drawn.length < relayFactor && others.length > 0) {
      drawn.push(...others.splice(randomInt(others.length), 1).map(({ name }) => name));
    }
    return drawn;
  }
}

/** Keys that are forgotten with the process are no success to whoever rotates them. */
async function kept(
  response: SerfKeyResponse,
  keep: () => Promise<void>,
): Promise<SerfKeyResponse> {
  try {
    await keep();
    return response;
  } catch (error) {
    return failedKeyResponse(error instanceof Error ? error.message : String(error));
  }
}

function isRelay({ standing, versions }: MemberView): boolean {
  return standing === "alive" && versions !== null && versions.delegateMax >= RELAY_PROTOCOL;
}

interface Asked {
  readonly time: number;
  readonly acks: Set<MemberName>;
  readonly answers: Map<MemberName, Uint8Array>;
}

/** Collects the answers to our queries. */
export class QueryAsking {
  readonly #asked = new Map<number, Asked>();
  readonly #ends = new Set<() => void>();

  /** A number for a new query; none of those that are open. */
  newId(): number {
    for (;;) {
      const id = randomInt(0x100000000);
      if (!this.#asked.has(id)) return id;
    }
  }

  /**
   * Collects until the timeout, or until it is ended.
   *
   * @throws RangeError if too many queries are open
   */
  open(query: SerfQuery): { readonly result: Promise<serf.QueryResult>; readonly end: () => void } {
    if (this.#asked.size >= serf.QUERIES_ASKED_MAX) throw new RangeError("too many queries");
    const asked: Asked = { time: query.time, acks: new Set(), answers: new Map() };
    this.#asked.set(query.id, asked);
    const { promise, resolve } = deferred();
    const end = (): void => {
      clearTimeout(timer);
      this.#ends.delete(end);
      this.#asked.delete(query.id);
      resolve();
    };
    const timer = setTimeout(end, query.timeoutMs);
    this.#ends.add(end);
    const result = promise.then(() => {
      const answers = Array.from(asked.answers, ([from, payload]) => ({ from, payload }));
      return { acks: [...asked.acks], answers };
    });
    return { result, end };
  }

  /** The first answer of each member counts. */
  onResponse({ time, id, from, ack, payload }: SerfQueryResponse): void {
    const asked = this.#asked.get(id);
    if (asked?.time !== time) return; // too late
    if (asked.acks.size + asked.answers.size >= serf.QUERY_ANSWERS_MAX) return;
    if (ack) asked.acks.add(from);
    else if (!asked.answers.has(from)) asked.answers.set(from, payload);
  }

  /** Nobody waits any longer: all queries end with what came until now. */
  close(): void {
    for (const end of [...this.#ends]) end();
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
