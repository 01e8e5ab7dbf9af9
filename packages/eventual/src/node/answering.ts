/** Requests of others that the core has not answered yet. */
import { RefusedError, StoppedError } from "../errors.ts";
import type { Message, Request, Sender } from "../messages.ts";
import { MalformedError } from "../data/errors.ts";
import { decodeRequest, encodeReply } from "../wire/message-codec.ts";
import type { ExchangeKind, TransportHandler } from "./ports.ts";

/** Most requests of others that wait for an answer; further ones are refused. */
export const answersMax: number = 1024;

export interface AnsweringParts {
  /** A request that is not answered is let go after so many ticks. */
  readonly answerTicks: number;
  readonly onRequest: (exchange: number, sender: Sender, body: Request) => void;
  readonly onMalformed: () => void;
}

interface Waiting {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly startedTick: number;
}

export class Answering implements TransportHandler {
  readonly #parts: AnsweringParts;
  /** In the order in which they came. */
  readonly #waiting = new Map<number, Waiting>();
  #nextExchange = 1;
  #tick = 0;
  #stopped = false;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /** @throws {MalformedError | RefusedError | StoppedError} there is no answer */
  answer(kind: ExchangeKind, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw new StoppedError();
      if (this.#waiting.size >= answersMax) throw new RefusedError("overloaded");
      const { sender, body } = this.#decode(kind, request);
      const exchange = this.#nextExchange;
      this.#nextExchange += 1;
      this.#waiting.set(exchange, { resolve, reject, startedTick: this.#tick });
      this.#parts.onRequest(exchange, sender, body);
    });
  }

  reply({ exchange, sender, body }: Extract<Message, { kind: "reply" }>): void {
    const waiting = this.#waiting.get(exchange);
    if (waiting === undefined) return; // let go
    this.#waiting.delete(exchange);
    waiting.resolve(encodeReply({ sender, body }));
  }

  onTick(): void {
    this.#tick += 1;
    for (const [exchange, { reject, startedTick }] of this.#waiting) {
      if (this.#tick - startedTick < this.#parts.answerTicks) return;
      this.#waiting.delete(exchange);
      reject(new RefusedError("overloaded"));
    }
  }

  stop(): void {
    this.#stopped = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new StoppedError());
  }

  #decode(
    kind: ExchangeKind,
    request: Uint8Array,
  ): { readonly sender: Sender; readonly body: Request } {
    try {
      const decoded = decodeRequest(request);
      if (decoded.body.type === kind) return decoded;
      throw new MalformedError(`a request of type ${decoded.body.type} came as ${kind}`);
    } catch (error) {
      this.#parts.onMalformed();
      throw error;
    }
  }
}
