/** Messages out and in: our requests and their replies, others' requests and our replies. */
import type { Input } from "../core/door.ts";
import type { Message } from "../messages.ts";
import type { Address } from "../types.ts";
import { Answering } from "./answering.ts";
import { Exchanges } from "./exchanges.ts";
import type { ReplicaTransport } from "./ports.ts";

export interface PeeringParts {
  readonly transport: ReplicaTransport;
  readonly address: Address;
  /** An exchange without an answer is given up after so many ticks. */
  readonly exchangeTicks: number;
  readonly step: (input: Input) => void;
}

export class Peering {
  readonly #transport: ReplicaTransport;
  readonly #exchanges: Exchanges;
  readonly #answering: Answering;
  #malformed = 0;

  constructor({ transport, address, exchangeTicks, step }: PeeringParts) {
    const onMalformed = (): void => void (this.#malformed += 1);
    this.#transport = transport;
    this.#exchanges = new Exchanges({
      transport,
      exchangeTicks,
      onReply: (exchange, sender, body) => {
        step({ type: "receive", message: { kind: "reply", exchange, sender, body } });
      },
      onUnanswered: (exchange) => step({ type: "unanswered", exchange }),
      onMalformed,
    });
    this.#answering = new Answering({
      answerTicks: exchangeTicks,
      onRequest: (exchange, sender, body) => {
        const message: Message = { kind: "request", to: address, exchange, sender, body };
        step({ type: "receive", message });
      },
      onMalformed,
    });
  }

  /** Requests of ours that others have not answered yet. */
  get exchanges(): number {
    return this.#exchanges.size;
  }

  /** Messages of others that made no sense. */
  get malformed(): number {
    return this.#malformed;
  }

  start(): void {
    this.#transport.start(this.#answering);
  }

  send(message: Message): void {
    if (message.kind === "request") this.#exchanges.send(message);
    else this.#answering.reply(message);
  }

  onTick(): void {
    this.#exchanges.onTick();
    this.#answering.onTick();
  }

  /** Ends everything that is under way, and takes nothing on any more. */
  stop(): void {
    this.#exchanges.stop();
    this.#answering.stop();
  }
}
