/** D0 and D1: every node counts for itself and tells the others "one more". */
import type { Design, DesignNode, Place } from "./design.ts";

type FanOut =
  | { readonly type: "add"; readonly ticket: number }
  | { readonly type: "ack"; readonly ticket: number };

/** After so many ticks without an ack, D1 says it again. */
const retryTicks = 8;

/** D0: what is lost on the way is lost, what comes twice counts twice. */
class OnceNode implements DesignNode<FanOut> {
  readonly #place: Place<FanOut, never>;
  #count = 0;

  constructor(place: Place<FanOut, never>) {
    this.#place = place;
  }

  increment(_key: string, acknowledge: () => void): void {
    this.#count += 1;
    acknowledge();
    for (const peer of this.#place.others) this.#place.send(peer, { type: "add", ticket: 0 });
  }

  receive(): void {
    this.#count += 1;
  }

  tick(): void {
    // It has nothing to do later.
  }

  value(): number {
    return this.#count;
  }
}

interface Outstanding {
  readonly peer: number;
  ticksLeft: number;
}

/** D1: nothing is lost as long as nobody crashes, but what was received is said again and counts. */
class RetryNode implements DesignNode<FanOut> {
  readonly #place: Place<FanOut, never>;
  readonly #outstanding = new Map<number, Outstanding>();
  #count = 0;
  #lastTicket = 0;

  constructor(place: Place<FanOut, never>) {
    this.#place = place;
  }

  increment(_key: string, acknowledge: () => void): void {
    this.#count += 1;
    acknowledge();
    for (const peer of this.#place.others) {
      this.#lastTicket += 1;
      this.#outstanding.set(this.#lastTicket, { peer, ticksLeft: retryTicks });
      this.#place.send(peer, { type: "add", ticket: this.#lastTicket });
    }
  }

  receive(from: number, { type, ticket }: FanOut): void {
    if (type === "ack") {
      this.#outstanding.delete(ticket);
      return;
    }
    this.#count += 1;
    this.#place.send(from, { type: "ack", ticket });
  }

  tick(): void {
    for (const [ticket, item] of this.#outstanding) {
      item.ticksLeft -= 1;
      if (item.ticksLeft > 0) continue;
      item.ticksLeft = retryTicks;
      this.#place.send(item.peer, { type: "add", ticket });
    }
  }

  value(): number {
    return this.#count;
  }
}

export const fanOutOnce: Design<FanOut, never> = {
  name: "D0",
  what: "fan-out once",
  create: (place) => new OnceNode(place),
};

export const fanOutRetried: Design<FanOut, never> = {
  name: "D1",
  what: "fan-out + retry",
  create: (place) => new RetryNode(place),
};
