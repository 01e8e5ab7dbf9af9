/** Promises for what the core answers by number. The core limits how many can be open. */
import type { Input, Outcome } from "../core/door.ts";
import { GossipClosedError, GossipRefusedError } from "./errors.ts";

interface Waiting {
  readonly resolve: (outcome: Exclude<Outcome, { type: "refused" }>) => void;
  readonly reject: (error: Error) => void;
}

export class Requests {
  readonly #step: (input: Input) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last: number = 0;
  #closed: boolean = false;

  constructor(step: (input: Input) => void) {
    this.#step = step;
  }

  /**
   * Steps an input and waits for its outcome.
   *
   * @throws GossipRefusedError or GossipClosedError
   */
  ask(input: (context: number) => Input): Promise<Exclude<Outcome, { type: "refused" }>> {
    if (this.#closed) return Promise.reject(new GossipClosedError());
    const context = (this.#last += 1);
    return new Promise((resolve, reject) => {
      // Before the step: most outcomes come out of it at once.
      this.#waiting.set(context, { resolve, reject });
      this.#step(input(context));
    });
  }

  settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.context);
    if (waiting === undefined) return; // closed before
    this.#waiting.delete(outcome.context);
    if (outcome.type === "refused") waiting.reject(new GossipRefusedError(outcome.reason));
    else waiting.resolve(outcome);
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new GossipClosedError());
    this.#waiting.clear();
  }
}
