/**
 * What a member of Serf says on top of membership: intents to join and to leave, user events,
 * queries. A machine without sockets and clocks of its own; `serf-node.ts` hosts it.
 *
 * S1 Every rumour has a Lamport time; each is taken once and passed on once.
 * S2 A leave has to be told before the goodbye of memberlist, or agents show the member as failed.
 * S3 Who hears that it leaves, and does not, says so with a newer join.
 * S4 Answers go to members only, and to where membership says that they are: an address in a
 *    message is not reason enough to send anything there.
 */
import type { MemberName } from "../types.ts";
import { decodeSerf } from "../wire/serf-decoder.ts";
import { encodeSerf } from "../wire/serf-encoder.ts";
import type {
  LamportTime,
  SerfJoin,
  SerfLeave,
  SerfMessage,
  SerfPushPull,
  SerfQuery,
  SerfQueryResponse,
  SerfRelay,
  SerfUserEvent,
} from "../wire/serf-messages.ts";
import type { Refusal } from "../wire/refusal.ts";
import type { GossipLayer, LayerMessage } from "./options.ts";
import { LamportClock, RecentEvents, RecentQueries } from "./serf-recent.ts";

/** Members whose last intent is remembered. */
export const INTENTS_MAX = 16_384;

/** What the session needs of its host. */
export interface SerfPort {
  readonly name: MemberName;
  /** Tells everybody; may be refused where too much waits already. */
  broadcast(payload: Uint8Array): void;
  /** Sends to a member, if it is one. */
  sendTo(node: MemberName, payload: Uint8Array): void;
  /** Names of those that take part, this member included. */
  memberNames(): readonly MemberName[];
  /** An event that was not heard before. */
  onUserEvent(event: SerfUserEvent): void;
  /** A query that was not heard before. */
  onQuery(query: SerfQuery): void;
  onQueryResponse(response: SerfQueryResponse): void;
  onRefused(refusal: Refusal): void;
}

interface Intent {
  readonly kind: "join" | "leave";
  readonly time: LamportTime;
}

export class SerfSession implements GossipLayer {
  readonly #port: SerfPort;
  readonly #clock = new LamportClock();
  readonly #eventClock = new LamportClock();
  readonly #queryClock = new LamportClock();
  readonly #intents = new Map<MemberName, Intent>();
  readonly #events = new RecentEvents();
  readonly #queries = new RecentQueries();
  /** Events before our time are history. */
  #eventMinTime: LamportTime = 0;
  #hasMerged: boolean = false;
  #leaving: boolean = false;

  constructor(port: SerfPort) {
    this.#port = port;
    // Above 0, so that a join is newer than nothing; the first of each is ours.
    for (const clock of [this.#clock, this.#eventClock, this.#queryClock]) clock.increment();
  }

  /** Tells everybody that we are here; after every join, so that an older leave is forgotten. */
  announceJoin(): void {
    const join: SerfJoin = { type: "join", time: this.#clock.time, node: this.#port.name };
    this.#clock.witness(join.time);
    this.#remember(join);
    this.#port.broadcast(encodeSerf(join));
  }

  /** S2: tells everybody that we are about to leave; answers the bytes, to be told some directly. */
  announceLeave(): Uint8Array {
    this.#leaving = true;
    const time = this.#clock.time;
    const leave: SerfLeave = { type: "leave", time, node: this.#port.name, prune: false };
    this.#clock.increment();
    this.#remember(leave);
    const payload = encodeSerf(leave);
    this.#port.broadcast(payload);
    return payload;
  }

  /** A user event of ours as bytes, delivered here as well. */
  userEvent(name: string, payload: Uint8Array, coalesce: boolean): Uint8Array {
    const time = this.#eventClock.time;
    this.#eventClock.increment();
    const event: SerfUserEvent = { type: "userEvent", time, name, payload, coalesce };
    this.#events.take(event, this.#eventClock.time);
    return encodeSerf(event);
  }

  /** A query of ours gets its time; it is not answered by ourselves. */
  query(query: Omit<SerfQuery, "type" | "time">): SerfQuery {
    const time = this.#queryClock.time;
    this.#queryClock.increment();
    this.#queries.take(time, query.id, this.#queryClock.time);
    return { ...query, type: "query", time };
  }

  receive({ payload }: LayerMessage): void {
    const decoded = decodeSerf(payload);
    if (!decoded.ok) return this.#port.onRefused(decoded.refusal);
    this.#take(decoded.value, payload);
  }

  userState(): Uint8Array {
    const statusTimes = new Map<MemberName, LamportTime>();
    const leftMembers: MemberName[] = [];
    for (const name of this.#port.memberNames()) {
      statusTimes.set(name, this.#intents.get(name)?.time ?? 0);
    }
    for (const [name, { kind, time }] of this.#intents) {
      if (kind !== "leave" || statusTimes.has(name)) continue;
      statusTimes.set(name, time);
      leftMembers.push(name);
    }
    return encodeSerf({
      type: "pushPull",
      time: this.#clock.time,
      statusTimes,
      leftMembers,
      eventTime: this.#eventClock.time,
      events: this.#events.slots(),
      queryTime: this.#queryClock.time,
    });
  }

  mergeUserState(bytes: Uint8Array): void {
    const decoded = decodeSerf(bytes);
    if (!decoded.ok) return this.#port.onRefused(decoded.refusal);
    const state = decoded.value;
    if (state.type === "pushPull") return this.#merge(state);
    this.#port.onRefused({ reason: "type", detail: `a push/pull with a ${state.type}` });
  }

  #merge(state: SerfPushPull): void {
    // The times told are those that the other one would use next.
    if (state.time > 0) this.#clock.witness(state.time - 1);
    if (state.eventTime > 0) this.#eventClock.witness(state.eventTime - 1);
    if (state.queryTime > 0) this.#queryClock.witness(state.queryTime - 1);
    if (!this.#hasMerged) this.#eventMinTime = state.eventTime;
    this.#hasMerged = true;
    const left = new Set(state.leftMembers);
    for (const [node, time] of state.statusTimes) {
      if (left.has(node)) this.#onIntent({ type: "leave", time, node, prune: false });
      else this.#onIntent({ type: "join", time, node });
    }
    for (const { time, events } of state.events) {
      for (const event of events) {
        this.#onUserEvent({ type: "userEvent", time, coalesce: false, ...event });
      }
    }
  }

  #take(message: SerfMessage, payload: Uint8Array): void {
    switch (message.type) {
      case "join":
      case "leave":
        this.#clock.witness(message.time);
        if (this.#onIntent(message)) this.#port.broadcast(payload);
        return;
      case "userEvent":
        this.#eventClock.witness(message.time);
        if (this.#onUserEvent(message)) this.#port.broadcast(payload);
        return;
      case "query":
        return this.#onQuery(message, payload);
      case "queryResponse":
        return this.#port.onQueryResponse(message);
      case "relay":
        return this.#onRelay(message);
      case "pushPull":
      case "conflictResponse":
      case "keyRequest":
      case "keyResponse":
        this.#port.onRefused({ reason: "type", detail: `a message with a ${message.type}` });
    }
  }

  /** Whether it was news. */
  #onIntent(intent: SerfJoin | SerfLeave): boolean {
    const isOurs = intent.node === this.#port.name;
    if (isOurs && intent.type === "leave" && !this.#leaving) {
      const own = this.#intents.get(intent.node);
      if (own === undefined || own.time <= intent.time) this.#refuteLeave(intent.time);
      return false; // S3
    }
    return this.#remember(intent);
  }

  #refuteLeave(time: LamportTime): void {
    this.#clock.witness(time);
    this.announceJoin();
  }

  #remember({ type, time, node }: SerfJoin | SerfLeave): boolean {
    const known = this.#intents.get(node);
    if (known !== undefined && known.time >= time) return false;
    this.#intents.delete(node); // the newest is the last
    this.#intents.set(node, { kind: type, time });
    if (this.#intents.size > INTENTS_MAX) {
      for (const oldest of this.#intents.keys()) {
        this.#intents.delete(oldest);
        break;
      }
    }
    return true;
  }

  #onUserEvent(event: SerfUserEvent): boolean {
    if (event.time < this.#eventMinTime) return false;
    if (!this.#events.take(event, this.#eventClock.time)) return false;
    this.#port.onUserEvent(event);
    return true;
  }

  #onQuery(query: SerfQuery, payload: Uint8Array): void {
    this.#queryClock.witness(query.time);
    if (!this.#queries.take(query.time, query.id, this.#queryClock.time)) return;
    if (!query.noBroadcast) this.#port.broadcast(payload);
    this.#port.onQuery(query);
  }

  /** S4: to the member, wherever it is, and not to the address in the message. */
  #onRelay({ node, payload }: SerfRelay): void {
    if (node !== this.#port.name) return this.#port.sendTo(node, payload);
    const decoded = decodeSerf(payload);
    if (!decoded.ok) return this.#port.onRefused(decoded.refusal);
    this.#take(decoded.value, payload);
  }
}
