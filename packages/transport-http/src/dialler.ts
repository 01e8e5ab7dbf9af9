/** Keeps one dialled stream to a peer: dials, waits with jitter, dials again. */
import type { NodeId } from "@counter/raft";

import type { PeerAddress } from "./address.ts";
import { dial } from "./dial.ts";
import type { DialContext, Dialled } from "./dial.ts";
import type { TransportEvent } from "./events.ts";
import { describe, HandshakeRefusedError } from "./handshake.ts";
import type { TransportLimits } from "./options.ts";

export interface DiallerSetup extends DialContext {
  readonly peer: NodeId;
  readonly path: string;
  readonly limits: TransportLimits;
  readonly random: () => number;
  emit(event: TransportEvent): void;
  /** A stream is there; {@link Dialler.lost} tells when it is not any more. */
  onDialled(dialled: Dialled): void;
  onFailed(reason: string): void;
}

type State =
  | { readonly kind: "stopped" }
  | { readonly kind: "dialling"; readonly attempt: AbortController }
  | { readonly kind: "connected"; readonly since: number }
  | { readonly kind: "waiting"; readonly timer: NodeJS.Timeout };

/** A stream that lived this long ends a series of failures. */
const STABLE_MS = 1000;

export class Dialler {
  readonly #setup: DiallerSetup;
  #address: PeerAddress | null = null;
  #state: State = { kind: "stopped" };
  #failures = 0;

  constructor(setup: DiallerSetup) {
    this.#setup = setup;
  }

  /** Dials this address from now on, at once. Whoever calls it has closed the stream to another one. */
  start(address: PeerAddress): void {
    this.stop();
    this.#address = address;
    this.#failures = 0;
    void this.#dial(address);
  }

  /** Gives up what is under way and does not dial any more. */
  stop(): void {
    if (this.#state.kind === "dialling") this.#state.attempt.abort();
    if (this.#state.kind === "waiting") clearTimeout(this.#state.timer);
    this.#state = { kind: "stopped" };
    this.#address = null;
  }

  /** The peer has just shown that it is there: no need to wait for the next attempt. */
  hurry(): void {
    if (this.#state.kind !== "waiting" || this.#address === null) return;
    clearTimeout(this.#state.timer);
    void this.#dial(this.#address);
  }

  /** The dialled stream is over. */
  lost(): void {
    if (this.#state.kind !== "connected") return;
    const lived = performance.now() - this.#state.since;
    // One that breaks at once is a failure: else two nodes that disagree would dial without pause.
    if (lived >= STABLE_MS) this.#failures = 0;
    this.#retry();
  }

  async #dial(address: PeerAddress): Promise<void> {
    const { peer, path, limits } = this.#setup;
    const attempt = new AbortController();
    const mine: State = { kind: "dialling", attempt };
    this.#state = mine;
    let dialled: Dialled;
    try {
      const target = { peer, address, path, timeoutMs: limits.dialTimeoutMs };
      dialled = await dial(target, this.#setup, attempt.signal);
    } catch (error) {
      // Stopped in the meantime: nobody waits for this attempt.
      if (this.#state === mine) this.#fail(error);
      return;
    }
    if (this.#state !== mine) {
      dialled.socket.destroy();
      return;
    }
    if (dialled.socket.destroyed) {
      this.#fail(new Error("the connection broke right after the handshake"));
      return;
    }
    this.#state = { kind: "connected", since: performance.now() };
    this.#setup.onDialled(dialled);
  }

  #fail(error: unknown): void {
    const setup = this.#setup;
    const { peer } = setup;
    const reason = describe(error);
    const retryInMs = this.#retry();
    setup.onFailed(reason);
    if (error instanceof HandshakeRefusedError) {
      setup.emit({ type: "refused", by: error.by, peer, code: error.code, message: reason });
    } else {
      setup.emit({ type: "dialFailed", peer, reason, retryInMs });
    }
  }

  /** Full jitter: nodes that lost each other at the same time must not come back in step. */
  #retry(): number {
    const { limits, random } = this.#setup;
    const ceiling = Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** this.#failures);
    const waitMs = Math.floor(random() * ceiling);
    this.#failures += 1;
    const timer = setTimeout(() => this.hurry(), waitMs);
    timer.unref();
    this.#state = { kind: "waiting", timer };
    return waitMs;
  }
}
