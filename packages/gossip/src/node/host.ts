/** Does what the core wants done, and tells it what arrives. */
import type { Effect, Input } from "../core/door.ts";
import type { GossipCore } from "../core/gossip-core.ts";
import type { PacketMessage, PushPull, StreamMessage } from "../messages.ts";
import type { Address } from "../types.ts";
import { encodeMessage } from "../wire/message-encoder.ts";
import { decodePacket, encodePacket } from "../wire/packet.ts";
import { MemberEventHub } from "./member-events.ts";
import type { FullOptions, GossipNodeOptions } from "./options.ts";
import { Pump } from "./pump.ts";
import { Requests } from "./requests.ts";
import type { GossipSockets } from "./sockets.ts";
import { IncomingStreams, OutgoingStreams, type Exchanged, type StreamHost } from "./streams.ts";
import { isLongTable, TableMerger, TABLES_WAITING_MAX } from "./turns.ts";

/** The protocol from which on members understand checksums. */
const CRC_PROTOCOL = 5;
/** Smaller packets hardly ever become smaller. */
const COMPRESS_MIN_BYTES = 128;

export class Host {
  readonly core: GossipCore;
  readonly sockets: GossipSockets;
  readonly options: FullOptions;
  readonly #given: GossipNodeOptions;
  readonly pump: Pump;
  readonly requests: Requests;
  readonly events: MemberEventHub;
  readonly #incoming: IncomingStreams;
  readonly #outgoing: OutgoingStreams;
  readonly #tables: TableMerger;

  constructor(
    core: GossipCore,
    sockets: GossipSockets,
    { given, options }: { given: GossipNodeOptions; options: FullOptions },
  ) {
    this.core = core;
    this.sockets = sockets;
    this.options = options;
    this.#given = given;
    this.events = new MemberEventHub(() => core.members());
    const streams = this.#streamHost();
    this.#incoming = new IncomingStreams(streams);
    this.#outgoing = new OutgoingStreams(streams);
    this.pump = new Pump(core, (effect) => this.#perform(effect), options.timing.stallMs);
    this.#tables = new TableMerger((input) => this.pump.step(input));
    this.requests = new Requests((input) => this.pump.step(input));
    sockets.listen({
      onPacket: (bytes, from) => this.#onPacket(bytes, from),
      onConnection: (socket) => this.#incoming.accept(socket),
      onSocketError: (error) => given.observer?.onSocketError?.(error),
    });
  }

  async close(): Promise<void> {
    this.pump.close();
    this.#tables.close();
    this.requests.close();
    this.events.close();
    this.#incoming.close();
    this.#outgoing.close();
    await this.sockets.close();
  }

  #onPacket(bytes: Uint8Array, from: Address): void {
    const { messages, refusals } = decodePacket(bytes, this.options.wire);
    for (const refusal of refusals) this.#given.observer?.onRefused?.(refusal, from);
    if (messages.length > 0) this.pump.arrived({ type: "packet", from, messages });
  }

  #onStream(stream: number, from: Address, message: StreamMessage): void {
    if (message.type === "ack" || message.type === "error") {
      const detail = `a stream began with ${message.type}`;
      this.#given.observer?.onRefused?.({ reason: "type", detail }, from);
      return this.#incoming.end(stream);
    }
    // The answer, if there is one, is on its way: what is not answered must not stay open.
    const ended = (): void => this.#incoming.end(stream);
    if (this.#take({ type: "stream", stream, from, message }, from, ended)) return;
    this.#refuseTable(from);
    ended();
  }

  /** Steps what came on a stream: a long table in pieces, which may be refused. */
  #take(input: Input, from: Address, ended: () => void): boolean {
    if (isLongTable(input)) return this.#tables.merge(input, from, ended);
    this.pump.arrived(input);
    ended();
    return true;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "packet":
        return this.#send(effect.to, effect.messages, effect.protocolMax);
      case "openStream":
        return this.#exchange(effect);
      case "answerStream":
        return this.#incoming.answer(effect.stream, effect.message);
      case "event":
        this.events.publish(effect.event);
        return this.#given.layer?.onMember?.(effect.event);
      case "user":
        return this.#given.layer?.receive(effect);
      case "userState":
        return this.#mergeUserState(effect);
      case "outcome":
        return this.requests.settle(effect.outcome);
      case "note":
        return this.#given.observer?.onNote?.(effect.note);
      case "pong":
        return; // nobody here keeps distances
    }
  }

  #send(to: Address, messages: readonly PacketMessage[], protocolMax: number): void {
    if (!this.sockets.canReach(to.host)) return; // a member of another family of addresses
    const bodies = messages.map((message) => encodeMessage(message));
    const size = bodies.reduce((sum, body) => sum + body.length, 0);
    const compress = this.options.compress && size >= COMPRESS_MIN_BYTES;
    const crc = protocolMax >= CRC_PROTOCOL;
    this.sockets.send(encodePacket(bodies, { crc, compress }, this.options.wire), to);
  }

  #exchange(effect: Extract<Effect, { type: "openStream" }>): void {
    const { exchange, to } = effect;
    this.#outgoing.exchange(to, effect, (result) => {
      if (this.#take(inputOf(exchange, result), to, () => undefined)) return;
      this.#refuseTable(to);
      this.pump.arrived({ type: "streamFailed", exchange });
    });
  }

  #refuseTable(from: Address): void {
    const detail = `${TABLES_WAITING_MAX} long tables wait to be merged`;
    this.#given.observer?.onRefused?.({ reason: "limit", detail }, from);
  }

  #mergeUserState({ userState, join }: { userState: Uint8Array; join: boolean }): void {
    if (userState.length > 0) this.#given.layer?.mergeUserState(userState, join);
  }

  #streamHost(): StreamHost {
    const { wire, compress, timing } = this.options;
    const { layer, observer } = this.#given;
    return {
      wire,
      compress,
      streamTimeoutMs: timing.streamTimeoutMs,
      completed: (message: PushPull) => {
        if (layer === undefined) return message;
        return { ...message, userState: layer.userState(message.join) };
      },
      onStream: (stream, from, message) => this.#onStream(stream, from, message),
      onRefused: (refusal, from) => observer?.onRefused?.(refusal, from),
    };
  }
}

function inputOf(exchange: number, result: Exchanged): Input {
  switch (result.kind) {
    case "answered":
      return { type: "streamAnswered", exchange, message: result.message };
    case "done":
      return { type: "streamDone", exchange };
    case "failed":
      return { type: "streamFailed", exchange };
  }
}
