/** Whether requests are let in: not before the node has started, not while it stops, not too many. */
import type { Route } from "./api.ts";
import { Problem } from "./problems.ts";

/** Most requests that are being answered at a time; more would only wait and grow memory. */
export const inFlightMax: number = 8192;

/** @typeParam Engine - what answers once the node has started */
export class Gate<Engine> {
  /** What the node waits for before it has started, for people; `null` if nothing is missing. */
  waiting: () => string | null = () => null;
  #engine: Engine | null = null;
  #leaving = false;
  #draining = false;
  #drained = false;
  #inFlight = 0;
  #whenIdle: (() => void) | null = null;

  /** Whether the node is on its way out; it may still answer. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Whether clients are to write elsewhere until {@link drained} is taken back. */
  get drained(): boolean {
    return this.#drained;
  }

  /** Writes of clients are refused while it is set; what other nodes send on is not. */
  set drained(drained: boolean) {
    this.#drained = drained;
  }

  /** Whether only probes are let in. */
  get draining(): boolean {
    return this.#draining;
  }

  get started(): boolean {
    return this.#engine !== null;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Why it has not started yet, for people. */
  starting(): string {
    return this.waiting() ?? "the node reads its data directory";
  }

  /** @throws Problem `starting` until {@link open} was called */
  engine(): Engine {
    if (this.#engine === null) throw new Problem("starting", this.starting());
    return this.#engine;
  }

  open(engine: Engine): void {
    this.#engine = engine;
  }

  /** From now on whoever watches should send traffic elsewhere. */
  leave(): void {
    this.#leaving = true;
  }

  /** From now on only probes are let in. */
  drain(): void {
    this.#leaving = true;
    this.#draining = true;
  }

  /**
   * Lets a request in; {@link exit} must follow.
   *
   * @param forwarded - whether another node sent it on: a drained node that leads all the same must
   *   take it, or nobody could write
   */
  enter(kind: Route["kind"], forwarded: boolean = false): void {
    if (this.#drained && kind === "write" && !forwarded) {
      throw new Problem("draining", "this node is drained: write to another one, or undrain it");
    }
    if (kind !== "probe") {
      if (this.#draining) {
        throw new Problem("draining", "this node is stopping; ask another one");
      }
      if (this.#inFlight >= inFlightMax) {
        throw new Problem("overloaded", `${inFlightMax} requests are being answered already`);
      }
    }
    this.#inFlight += 1;
  }

  exit(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle?.();
  }

  /** Resolves when nothing is being answered, or when the time is over. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenIdle = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#whenIdle = null;
  }
}
