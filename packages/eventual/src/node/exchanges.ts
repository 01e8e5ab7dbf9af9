/** Our requests that others have not answered yet. */
import type { Message, Reply, Sender } from "../messages.ts";
import type { Address } from "../types.ts";
import { decodeReply, encodeRequest } from "../wire/message-codec.ts";
import type { ExchangeKind, ReplicaTransport } from "./ports.ts";

/** Most requests under way; a further one ends at once as unanswered. */
export const exchangesMax: number = 1024;

export interface ExchangesParts {
  readonly transport: ReplicaTransport;
  /** An exchange without an answer is given up after so many ticks. */
  readonly exchangeTicks: number;
  readonly onReply: (exchange: number, sender: Sender, body: Reply) => void;
  readonly onUnanswered: (exchange: number) => void;
  readonly onMalformed: () => void;
}

interface Running {
  readonly abort: AbortController;
  readonly startedTick: number;
}

interface Asked {
  readonly to: Address;
  readonly exchange: number;
  readonly kind: ExchangeKind;
  readonly request: Uint8Array;
}

export class Exchanges {
  readonly #parts: ExchangesParts;
  /** In the order in which they began. */
  readonly #running = new Map<number, Running>();
  #tick = 0;

  constructor(parts: ExchangesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#running.size;
  }

  send({ to, exchange, sender, body }: Extract<Message, { kind: "request" }>): void {
    if (this.#running.size >= exchangesMax) {
      // Not now: who calls us is carrying out what the core said, and must not step it meanwhile.
      queueMicrotask(() => this.#parts.onUnanswered(exchange));
      return;
    }
    const request = encodeRequest({ sender, body });
    const abort = new AbortController();
    this.#running.set(exchange, { abort, startedTick: this.#tick });
    void this.#exchange({ to, exchange, kind: body.type, request }, abort.signal);
  }

  /** Gives up what has waited for too long. */
  onTick(): void {
    this.#tick += 1;
    for (const [exchange, { abort, startedTick }] of this.#running) {
      if (this.#tick - startedTick < this.#parts.exchangeTicks) return;
      this.#running.delete(exchange);
      abort.abort();
      this.#parts.onUnanswered(exchange);
    }
  }

  /** Ends all of them; the core is told of none. */
  stop(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { abort } of running) abort.abort();
  }

  async #exchange({ to, exchange, kind, request }: Asked, signal: AbortSignal): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#parts.transport.exchange(to, kind, request, signal);
    } catch {
      // Why, the transport tells in its own way; to the protocol all of that is the same.
      if (this.#running.delete(exchange)) this.#parts.onUnanswered(exchange);
      return;
    }
    if (this.#running.delete(exchange)) this.#settle(exchange, bytes);
  }

  #settle(exchange: number, bytes: Uint8Array): void {
    let reply: { readonly sender: Sender; readonly body: Reply };
    try {
      reply = decodeReply(bytes);
    } catch {
      this.#parts.onMalformed();
      this.#parts.onUnanswered(exchange);
      return;
    }
    this.#parts.onReply(exchange, reply.sender, reply.body);
  }
}
