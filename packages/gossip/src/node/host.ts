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
    this.requests = new Requests((input) => this.pump.step(input));
    sockets.listen({
      onPacket: (bytes, from) => this.#onPacket(bytes, from),
      onConnection: (socket) => this.#incoming.accept(socket),
      onSocketError: (error) => given.observer?.onSocketError?.(error),
    });
  }

  async close(): Promise<void> {
    this.pump.close();
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
    } else {
      this.pump.arrived({ type: "stream", stream, from, message });
    }
    // The answer, if there was one, is on its way: what was not answered must not stay open.
    this.#incoming.end(stream);
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
    const { exchange } = effect;
    this.#outgoing.exchange(effect.to, effect, (result) => {
      this.pump.arrived(inputOf(exchange, result));
    });
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
