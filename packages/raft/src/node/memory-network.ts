/**
 * A network inside one process, for tests, examples and embedders' own test suites: messages
 * arrive in order, in a later turn of the event loop, unless a link is cut.
 */
import type { Message } from "../messages.ts";
import type { NodeId } from "../types.ts";
import type { Transport, TransportHandler } from "./ports.ts";

/** Most messages under way; more are lost, as on a real network. */
const inFlightMax = 100_000;

export class MemoryNetwork {
  readonly #handlers = new Map<NodeId, TransportHandler>();
  readonly #isolated = new Set<NodeId>();
  #inFlight: Message[] = [];
  #scheduled = false;

  /** The transport of one server. */
  transport(id: NodeId): Transport {
    return {
      start: (handler) => void this.#handlers.set(id, handler),
      send: (message) => this.#send(message),
      setMembers: () => undefined,
      close: () => {
        this.#handlers.delete(id);
        return Promise.resolve();
      },
    };
  }

  /** Loses everything from and to this server until `heal`. */
  isolate(id: NodeId): void {
    this.#isolated.add(id);
  }

  heal(): void {
    this.#isolated.clear();
  }

  #send(message: Message): void {
    if (this.#inFlight.length >= inFlightMax) return;
    this.#inFlight.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    const messages = this.#inFlight;
    this.#inFlight = [];
    for (const message of messages) {
      const cut = this.#isolated.has(message.from) || this.#isolated.has(message.to);
      if (!cut) this.#handlers.get(message.to)?.receive(message);
    }
  }
}
