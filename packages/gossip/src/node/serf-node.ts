/// <reference lib="esnext.disposable" preserve="true" />
/** A member of a Serf cluster: membership, tags, user events, queries. */
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { isLive } from "../core/claims.ts";
import type { MemberEvent } from "../core/door.ts";
import type { MemberName } from "../types.ts";
import { encodeSerf } from "../wire/serf-encoder.ts";
import { decodeTags, encodeTags } from "../wire/tags.ts";
import { GossipNode } from "./gossip-node.ts";
import type { GossipLayer } from "./options.ts";
import * as serf from "./serf-options.ts";
import { QueryAnswering, QueryAsking } from "./serf-queries.ts";
import { SerfSession } from "./serf-session.ts";

/** The longest that a leave is waited for to be told, as in serf. */
const BROADCAST_TIMEOUT_MS = 5_000;
/** Members, drawn at random, that hear of a leave directly besides the rumour. */
const LEAVE_TOLD_DIRECTLY = 16;
/** Rounds of gossip that a query may take, serf's `QueryTimeoutMult`. */
const QUERY_TIMEOUT_ROUNDS = 16;

export class SerfNode {
  /** Membership itself: events, status, snapshot. */
  readonly gossip: GossipNode;
  readonly #options: serf.SerfNodeOptions;
  readonly #session: SerfSession;
  readonly #asking: QueryAsking;

  private constructor(
    gossip: GossipNode,
    options: serf.SerfNodeOptions,
    session: SerfSession,
    asking: QueryAsking,
  ) {
    this.gossip = gossip;
    this.#options = options;
    this.#session = session;
    this.#asking = asking;
  }

  /**
   * Starts a member; what `GossipNode.start` says holds here.
   *
   * @throws RangeError also if the tags take more than the 512 bytes of metadata
   */
  static async start(options: serf.SerfNodeOptions): Promise<SerfNode> {
    const meta = encodeTags(new Map(Object.entries(options.tags ?? {})));
    const asking = new QueryAsking();
    const layer = new Layer(options, asking);
    const gossip = await GossipNode.start({ ...options, meta, layer });
    layer.attach(gossip);
    return new SerfNode(gossip, options, layer.session, asking);
  }

  get name(): MemberName {
    return this.gossip.name;
  }

  /** Everybody that is known, with tags. */
  members(): readonly serf.SerfMember[] {
    return this.gossip.members().map(({ name, address, standing, meta, rttMs }) => {
      const tags = decodeTags(meta);
      return { name, address, standing, tags: tags.ok ? tags.value : null, rttMs };
    });
  }

  /** Meets whoever is at these places; see `GossipNode.join`. */
  async join(places: readonly string[]): Promise<number> {
    const reached = await this.gossip.join(places);
    if (reached > 0) this.#session.announceJoin();
    return reached;
  }

  /** Replaces the tags. @throws RangeError, GossipRefusedError */
  async setTags(tags: Readonly<Record<string, string>>): Promise<void> {
    await this.gossip.updateMeta(encodeTags(new Map(Object.entries(tags))));
  }

  /**
   * Tells everybody of an event; not this member itself.
   *
   * @param coalesce - others may deliver it as the last of its name
   * @throws RangeError beyond 512 bytes of name and payload, GossipRefusedError
   */
  async userEvent(
    name: string,
    payload: Uint8Array,
    { coalesce = false }: { readonly coalesce?: boolean } = {},
  ): Promise<void> {
    if (Buffer.byteLength(name) + payload.length > serf.USER_EVENT_MAX_BYTES) {
      throw new RangeError(`an event has at most ${serf.USER_EVENT_MAX_BYTES} bytes`);
    }
    await this.gossip.broadcast(this.#session.userEvent(name, payload, coalesce));
  }

  /**
   * Asks everybody, and waits until the timeout for what comes back.
   *
   * @throws RangeError beyond 1 KiB or 64 queries at a time, GossipRefusedError
   */
  async query(
    name: string,
    payload: Uint8Array,
    asks: serf.AskOptions = {},
  ): Promise<serf.QueryResult> {
    const query = this.#session.query({
      id: this.#asking.newId(),
      source: this.gossip.address,
      sourceNode: this.name,
      filters: asks.filters ?? [],
      ack: asks.ack ?? true,
      noBroadcast: false,
      relayFactor: asks.relayFactor ?? 0,
      timeoutMs: asks.timeoutMs ?? this.#queryTimeoutMs(),
      name,
      payload,
    });
    const bytes = encodeSerf(query);
    if (bytes.length > serf.QUERY_MAX_BYTES) {
      throw new RangeError(`a query has at most ${serf.QUERY_MAX_BYTES} bytes`);
    }
    const { result, end } = this.#asking.open(query);
    try {
      await this.gossip.broadcast(bytes);
    } catch (error) {
      end(); // nobody was asked
      throw error;
    }
    return result;
  }

  /** Says goodbye, so that agents show this member as `left`; then `close` it. */
  async leave(): Promise<void> {
    this.#tellSome(this.#session.announceLeave());
    const deadline = performance.now() + BROADCAST_TIMEOUT_MS;
    // The goodbye of membership must not overtake that of Serf: agents would call it a failure.
    const company = (): boolean => this.gossip.status().live > 1;
    while (this.gossip.status().broadcasts > 0 && company() && performance.now() < deadline) {
      await delay(this.#gossipIntervalMs());
    }
    await this.gossip.leave();
  }

  /** Stops and closes; see `GossipNode.close`. Queries end with what came until now. */
  close(): Promise<void> {
    this.#asking.close();
    return this.gossip.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * A rumour is told a few times only, and all of them may go to members that are gone and not yet
   * found out. Nobody repairs that after us, so some hear it directly.
   */
  #tellSome(payload: Uint8Array): void {
    const others = this.gossip
      .members()
      .filter(({ name, standing }) => standing === "alive" && name !== this.name);
    for (let left = LEAVE_TOLD_DIRECTLY; left > 0 && others.length > 0; left -= 1) {
      const [other] = others.splice(randomInt(others.length), 1);
      this.gossip
        .send(other!.name, payload)
        .catch((error: unknown) => this.#options.observer?.onNotSent?.(error));
    }
  }

  #gossipIntervalMs(): number {
    return this.#options.timing?.gossipIntervalMs ?? 200;
  }

  #queryTimeoutMs(): number {
    const rounds = QUERY_TIMEOUT_ROUNDS * Math.ceil(Math.log10(this.gossip.status().live + 1));
    return this.#gossipIntervalMs() * rounds;
  }
}

/** The session as a layer of the node that it talks through. */
class Layer implements GossipLayer {
  readonly session: SerfSession;
  readonly #options: serf.SerfNodeOptions;
  #node: GossipNode | null = null;
  #answering: QueryAnswering | null = null;
  #isAlone: boolean = true;

  constructor(options: serf.SerfNodeOptions, asking: QueryAsking) {
    this.#options = options;
    const notSent = (error: unknown): void => options.observer?.onNotSent?.(error);
    this.session = new SerfSession({
      name: options.name,
      broadcast: (payload) => void this.#node?.broadcast(payload).catch(notSent),
      sendTo: (node, payload) => void this.#node?.send(node, payload).catch(notSent),
      memberNames: () => this.#liveNames(),
      onUserEvent: (event) => options.onUserEvent?.(event),
      onQuery: (query) => this.#answering?.take(query),
      onQueryResponse: (response) => asking.onResponse(response),
      onRefused: (refusal) => options.observer?.onRefused?.(refusal, null),
    });
  }

  /** Right after its start, before anything can have arrived. */
  attach(node: GossipNode): void {
    this.#node = node;
    this.#answering = new QueryAnswering(node, this.#options);
  }

  receive(message: Parameters<GossipLayer["receive"]>[0]): void {
    this.session.receive(message);
  }

  userState(): Uint8Array {
    return this.session.userState();
  }

  mergeUserState(state: Uint8Array): void {
    this.session.mergeUserState(state);
  }

  /** Whoever was alone and is no longer has joined, however it came about. */
  onMember({ type, member }: MemberEvent): void {
    if (member.name === this.#options.name) return;
    if (type === "join" && this.#isAlone) {
      this.#isAlone = false;
      this.session.announceJoin();
    } else if (type === "failed" || type === "leave") {
      this.#isAlone = (this.#node?.status().live ?? 1) <= 1;
    }
  }

  #liveNames(): readonly MemberName[] {
    const members = this.#node?.members() ?? [];
    return members.filter(({ standing }) => isLive(standing)).map(({ name }) => name);
  }
}
