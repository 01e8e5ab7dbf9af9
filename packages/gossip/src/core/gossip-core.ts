/**
 * The door of the core: dispatch, and nothing else. The rules are in the chapters beside this file.
 *
 * Time passes only with a tick, and a tick comes after everything that has arrived: so a member that
 * was slow hears the answers that wait for it before it decides that there are none.
 */
import type { PacketMessage, Ping, PushPull, UserMessage } from "../messages.ts";
import type { Address, Milliseconds } from "../types.ts";
import { expireSuspicions, onAlive, onDead, onSuspect } from "./applying.ts";
import type {
  Effect,
  GossipCoreLike,
  GossipSnapshot,
  GossipStatus,
  Input,
  MemberView,
} from "./door.ts";
import { gossip } from "./gossiping.ts";
import { unreachable } from "./invariant.ts";
import {
  bridge,
  expireExchanges,
  forgetOld,
  join,
  lookAtSeeds,
  onStreamAnswered,
  onStreamDone,
  onStreamFailed,
  reconnect,
  setSeeds,
} from "./joining.ts";
import { broadcast, endLeaving, leave, sendToOne, setAckPayload, updateMeta } from "./leaving.ts";
import { viewOf } from "./members.ts";
import { validate } from "./options.ts";
import type { GossipOptions } from "./options.ts";
import {
  ackOf,
  advanceProbe,
  advanceRelays,
  isForUs,
  onAck,
  onIndirectPing,
  onNack,
  onPing,
  onStall,
  startProbe,
} from "./probe.ts";
import { mergeTable, onRows, ownTable, pushPull } from "./push-pull.ts";
import { nextDeadline, startSchedule, syncIfGrown } from "./schedule.ts";
import { initialState, reject } from "./state.ts";
import type { GossipState } from "./state.ts";
import { snapshotOf, statusOf } from "./status.ts";

const nothing: readonly Effect[] = [];

export class GossipCore implements GossipCoreLike {
  readonly #s: GossipState;

  /**
   * A member that knows nobody yet.
   *
   * @param now - of the clock of every later step
   * @throws {RangeError} on options out of range
   */
  constructor(options: GossipOptions, now: Milliseconds) {
    validate(options);
    this.#s = initialState(options, now);
    startSchedule(this.#s);
  }

  step(input: Input, now: Milliseconds): readonly Effect[] {
    const s = this.#s;
    s.now = Math.max(s.now, now);
    take(s, input);
    if (s.effects.length === 0) return nothing;
    const { effects } = s;
    s.effects = [];
    return effects;
  }

  nextDeadline(): Milliseconds {
    return nextDeadline(this.#s);
  }

  status(): GossipStatus {
    return statusOf(this.#s);
  }

  members(): readonly MemberView[] {
    return Array.from(this.#s.table.byName.values(), viewOf);
  }

  snapshot(): GossipSnapshot {
    return snapshotOf(this.#s);
  }
}

function take(s: GossipState, input: Input): void {
  switch (input.type) {
    case "tick":
      return tick(s);
    case "packet":
      return receive(s, input.from, input.messages);
    case "stream":
      return onStream(s, input);
    case "rows":
      return onRows(s, input);
    case "streamAnswered":
      return onStreamAnswered(s, input.exchange, input.message);
    case "streamDone":
      return onStreamDone(s, input.exchange);
    case "streamFailed":
      return onStreamFailed(s, input.exchange);
    case "join":
      return join(s, input.context, input.addresses);
    case "seeds":
      return setSeeds(s, input.addresses);
    case "updateMeta":
      return updateMeta(s, input.context, input.meta);
    case "broadcast":
      return broadcast(s, input.context, input);
    case "send":
      return sendToOne(s, input.context, input);
    case "ackPayload":
      return setAckPayload(s, input.payload);
    case "stalled":
      return onStall(s, input.forMs);
    case "leave":
      return leave(s, input.context);
    default:
      return unreachable(input);
  }
}

function tick(s: GossipState): void {
  const { due, now } = s;
  const lateMs = now - nextDeadline(s);
  const { stallMs } = s.options.timing;
  if (stallMs > 0 && lateMs > stallMs) onStall(s, lateMs);
  if (due.exchange <= now) expireExchanges(s);
  if (due.relay <= now) advanceRelays(s);
  advanceProbe(s);
  if (due.suspicion <= now) expireSuspicions(s);
  if (due.probe <= now) startProbe(s);
  if (due.pushPull <= now) pushPull(s);
  if (due.reconnect <= now) reconnect(s);
  if (due.seed <= now) lookAtSeeds(s);
  if (due.bridge <= now) bridge(s);
  if (due.forget <= now) forgetOld(s);
  if (due.gossip <= now) gossip(s);
  endLeaving(s);
}

function receive(s: GossipState, from: Address, messages: readonly PacketMessage[]): void {
  for (const message of messages) receiveOne(s, from, message);
  syncIfGrown(s);
}

function receiveOne(s: GossipState, from: Address, m: PacketMessage): void {
  switch (m.type) {
    case "ping":
      return onPing(s, from, m);
    case "indirectPing":
      return onIndirectPing(s, from, m);
    case "ack":
      return onAck(s, from, m);
    case "nack":
      return onNack(s, from, m);
    case "suspect":
      return onSuspect(s, from, m);
    case "alive":
      return onAlive(s, from, m, true);
    case "dead":
      return onDead(s, from, m);
    case "user":
      s.effects.push({ type: "user", from, payload: m.payload, reliable: false });
      return;
    default:
      return unreachable(m);
  }
}

function onStream(
  s: GossipState,
  input: {
    readonly stream: number;
    readonly from: Address;
    readonly message: PushPull | Ping | UserMessage;
  },
): void {
  const { stream, from, message } = input;
  switch (message.type) {
    case "pushPull":
      // Our table first: what the other one just said would only come back to it.
      s.effects.push({ type: "answerStream", stream, message: ownTable(s, false) });
      mergeTable(s, message, { from, isNews: true, open: null });
      return syncIfGrown(s);
    case "ping":
      if (!isForUs(s, message)) return reject(s, from, "ping", "wrongName");
      s.effects.push({ type: "answerStream", stream, message: ackOf(s, message) });
      return;
    case "user":
      s.effects.push({ type: "user", from, payload: message.payload, reliable: true });
      return;
    default:
      return unreachable(message);
  }
}
