/**
 * A network inside one process, for tests, examples and embedders' own test suites: requests and
 * replies arrive in a later turn of the event loop, unless a link is cut.
 */
import type { Address } from "../types.ts";
import type { ExchangeKind, ReplicaTransport, TransportHandler } from "./ports.ts";

/** Most exchanges under way; further ones fail, as on a real network. */
export const exchangesInFlightMax: number = 10_000;

export class MemoryNetwork {
  readonly #handlers = new Map<Address, TransportHandler>();
  /** Links over which nothing arrives, as "from to". */
  readonly #cut = new Set<string>();
  readonly #delaysMs = new Map<string, number>();
  #inFlight = 0;

  /** The transport of the node at this address. */
  transport(address: Address): ReplicaTransport {
    return {
      start: (handler) => void this.#handlers.set(address, handler),
      exchange: (to, kind, request, signal) => {
        return this.#exchange({ from: address, to, kind, request }, signal);
      },
      close: () => {
        this.#handlers.delete(address);
        return Promise.resolve();
      },
    };
  }

  /** Loses what goes from one node to the other; in one direction only, or (default) in both. */
  cut(from: Address, to: Address, direction: "both" | "one" = "both"): void {
    this.#cut.add(`${from} ${to}`);
    if (direction === "both") this.#cut.add(`${to} ${from}`);
  }

  /** Cuts all links between nodes of different groups; a node that is not named keeps its links. */
  split(...groups: readonly (readonly Address[])[]): void {
    for (const group of groups) {
      for (const other of groups) {
        if (other === group) continue;
        for (const from of group) for (const to of other) this.cut(from, to);
      }
    }
  }

  /** Everything that goes from one node to the other takes so many milliseconds. */
  delay(from: Address, to: Address, ms: number): void {
    this.#delaysMs.set(`${from} ${to}`, ms);
  }

  /** Ends all cuts and delays. What is lost stays lost. */
  heal(): void {
    this.#cut.clear();
    this.#delaysMs.clear();
  }

  #exchange(
    asked: {
      readonly from: Address;
      readonly to: Address;
      readonly kind: ExchangeKind;
      readonly request: Uint8Array;
    },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { from, to, kind, request } = asked;
    return new Promise((resolve, reject) => {
      if (this.#inFlight >= exchangesInFlightMax) throw new Error("too many exchanges at once");
      signal.throwIfAborted();
      this.#inFlight += 1;
      const end = (settle: () => void): void => {
        if (signal.aborted) return; // it was rejected then
        this.#inFlight -= 1;
        signal.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = (): void => {
        this.#inFlight -= 1;
        reject(new Error("the exchange was aborted"));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      const fail = (error: Error): void => end(() => reject(error));
      this.#carry(from, to, () => {
        const handler = this.#handlers.get(to);
        if (handler === undefined) return this.#carry(to, from, () => fail(nobody(to)));
        handler.answer(kind, request.slice()).then(
          (reply) => this.#carry(to, from, () => end(() => resolve(reply.slice()))),
          () => this.#carry(to, from, () => fail(nobody(to))),
        );
      });
    });
  }

  /** What is lost is never heard of again, as with a network that drops packets. */
  #carry(from: Address, to: Address, arrive: () => void): void {
    const link = `${from} ${to}`;
    const arriveUnlessCut = (): void => {
      if (!this.#cut.has(link)) arrive();
    };
    const delayMs = this.#delaysMs.get(link);
    if (delayMs === undefined) setImmediate(arriveUnlessCut);
    else setTimeout(arriveUnlessCut, delayMs);
  }
}

function nobody(address: Address): Error {
  return new Error(`${address} did not answer`);
}
