/**
 * Requests and their replies over the simulated network. A reply travels on the connection of its
 * request: it needs no address, and is lost with its asker. Who gets none is told so after a while,
 * or at once when nobody listens there.
 */
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from "@counter/eventual";
import type { Message } from "@counter/eventual";
import { SimNetwork } from "../network.ts";
import type { LinkEnds } from "../network.ts";
import type { Random } from "../random.ts";
import type { NodeProcess } from "./process.ts";
import type { EventualWorld, Packet } from "./world.ts";

/** Requests that a process has not answered yet; older ones are dropped as a server drops them. */
export const unansweredMax: number = 256;

/** After so many ticks a message counts as very old. */
const oldTicks = 30;

export type ExchangesParts = Pick<EventualWorld, "heap" | "coverage" | "knobs" | "nodes">;

interface Asked {
  readonly asker: NodeProcess;
  readonly exchange: number;
}

export class Exchanges {
  readonly network: SimNetwork<Packet>;
  readonly #world: ExchangesParts;
  readonly #random: Random;
  /** Pairs `from * 1000 + to` of which `from` cannot dial `to`, though replies get through. */
  readonly #undiallable = new Set<number>();
  /** Packets of these nodes that were sent before this moment are gone. */
  readonly #sentBefore = new Map<number, number>();
  readonly #asked = new Map<number, Asked>();
  #lastAsked = 0;
  #requests = 0;

  constructor(world: ExchangesParts, random: Random, seats: number) {
    this.#world = world;
    this.#random = random;
    this.network = new SimNetwork<Packet>({
      heap: world.heap,
      random,
      servers: seats,
      weather: world.knobs.weather,
      deliver: (ends, packet, sentAt) => this.#arrive(ends, packet, sentAt),
      onUnreachable: () => undefined,
    });
  }

  /** How many were sent, in all. */
  get requests(): number {
    return this.#requests;
  }

  /** What a process sends: a request to an address, or the reply to a request that it got. */
  send(sender: NodeProcess, sent: Message): void {
    const message = this.#world.knobs.isEncoded ? recoded(sent) : sent;
    if (message.kind === "reply") return this.#sendReply(sender, message);
    const { heap, nodes, knobs } = this.#world;
    const { exchange } = message;
    this.#requests += 1;
    heap.after(knobs.exchangeUnits, () => sender.onUnanswered(exchange));
    const from = sender.node.seat;
    const to = nodes.findIndex((node) => node.address === message.to && node.process !== null);
    const isRefused = to < 0 || this.#undiallable.has(from * 1000 + to);
    if (isRefused) {
      if (this.#undiallable.has(from * 1000 + to)) this.#world.coverage.hit("noDial");
      heap.after(this.#random.between(1, 20), () => sender.onUnanswered(exchange));
      return;
    }
    const packet = { message, asker: sender.number, exchange };
    this.network.send({ from, to }, packet);
  }

  setUndiallable({ from, to }: LinkEnds, isUndiallable: boolean): void {
    if (isUndiallable) this.#undiallable.add(from * 1000 + to);
    else this.#undiallable.delete(from * 1000 + to);
  }

  heal(): void {
    this.#undiallable.clear();
    this.network.heal();
  }

  /** Nothing that this node has sent so far arrives any more. */
  dropSentOf(seat: number): void {
    this.#sentBefore.set(seat, this.#world.heap.now);
  }

  #sendReply(sender: NodeProcess, message: Message & { readonly kind: "reply" }): void {
    const asked = this.#asked.get(message.exchange);
    if (asked === undefined) return;
    this.#asked.delete(message.exchange);
    const { asker, exchange } = asked;
    const ends = { from: sender.node.seat, to: asker.node.seat };
    this.network.send(ends, { message, asker: asker.number, exchange });
  }

  #arrive({ from, to }: LinkEnds, packet: Packet, sentAt: number): void {
    const { nodes, heap } = this.#world;
    if (sentAt <= (this.#sentBefore.get(from) ?? -1)) return;
    const receiver = nodes[to]?.process ?? null;
    if (receiver === null) return;
    const { message, exchange } = packet;
    if (message.kind === "reply") {
      if (receiver.number === packet.asker) receiver.onReply(exchange, message);
      return;
    }
    if (heap.now - sentAt > oldTicks * 100) this.#world.coverage.hit("veryOldMessage");
    const asker = nodes[from]?.processNumbered(packet.asker) ?? null;
    this.#lastAsked += 1;
    if (asker !== null) this.#asked.set(this.#lastAsked, { asker, exchange });
    if (this.#asked.size > unansweredMax) this.#asked.delete(this.#asked.keys().next().value!);
    receiver.receive({ ...message, exchange: this.#lastAsked });
  }
}

/** What is left of a message when it has been bytes. */
function recoded(message: Message): Message {
  if (message.kind === "request") return { ...message, ...decodeRequest(encodeRequest(message)) };
  return { ...message, ...decodeReply(encodeReply(message)) };
}
