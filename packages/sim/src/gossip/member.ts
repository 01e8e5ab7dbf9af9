/** One simulated process: a core, its timer, and what waits for it while it does not run. */
import type { Effect, GossipCoreLike, Input } from "@counter/gossip";
import type { EventHeap } from "../event-heap.ts";
import { describeInput } from "./describe.ts";

/** Units of the event heap in a millisecond: a power of two, so that times convert exactly. */
export const unitsPerMs: number = 128;

/** Datagrams that wait for a process that does not run; further ones are lost, as in a socket. */
const inboxMaxPackets = 8192;

export interface MemberHost {
  readonly heap: EventHeap;
  /** Does what a member wants done. */
  perform(member: SimMember, effects: readonly Effect[]): void;
  readonly trace: { readonly recording: boolean };
  say(member: SimMember, what: string): void;
}

export class SimMember {
  readonly index: number;
  readonly core: GossipCoreLike;
  readonly #host: MemberHost;
  #inbox: Input[] = [];
  #wakeAt = Infinity;
  #blocked = false;
  /** When it ran again after it had stood still last; -1: it never did. */
  ranAgainMs = -1;
  #crashed = false;
  packetsSent = 0;
  bytesSent = 0;
  streamsOpened = 0;

  constructor(index: number, core: GossipCoreLike, host: MemberHost) {
    this.index = index;
    this.core = core;
    this.#host = host;
    this.#plan();
  }

  get nowMs(): number {
    return this.#host.heap.now / unitsPerMs;
  }

  /** It does nothing any more; another process may take its place. */
  crash(): void {
    if (this.#crashed) return;
    this.#crashed = true;
    this.#host.say(this, "crashes");
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Something arrives: now, or when the process runs again. */
  deliver(input: Input): void {
    if (this.#crashed) return;
    const wish = this.#host.trace.recording ? describeInput(input) : null;
    if (wish !== null) this.#host.say(this, wish);
    if (!this.#blocked) return this.#step(input);
    if (input.type !== "packet" || this.#inbox.length < inboxMaxPackets) this.#inbox.push(input);
  }

  /**
   * It stops for a while, and then first reads what waits for it.
   *
   * @param timersFirst - a host that is less careful: its timers fire before it has read anything
   */
  block(forMs: number, timersFirst: boolean = false): void {
    if (this.#blocked || this.#crashed) return;
    this.#blocked = true;
    this.#host.say(this, `stands still for ${forMs} ms`);
    this.#host.heap.after(forMs * unitsPerMs, () => {
      this.#blocked = false;
      this.ranAgainMs = this.nowMs;
      if (this.#crashed) return;
      if (timersFirst) this.#step({ type: "tick" });
      const waiting = this.#inbox;
      this.#inbox = [];
      for (const input of waiting) this.#step(input);
      this.#wake();
    });
  }

  #step(input: Input): void {
    this.#host.perform(this, this.core.step(input, this.nowMs));
    this.#plan();
  }

  /** A timer that was set too early costs nothing but this look. */
  #wake(): void {
    this.#wakeAt = Infinity;
    if (this.#crashed || this.#blocked) return;
    if (this.core.nextDeadline() <= this.nowMs) this.#step({ type: "tick" });
    else this.#plan();
  }

  #plan(): void {
    const { heap } = this.#host;
    const at = Math.max(heap.now, Math.ceil(this.core.nextDeadline() * unitsPerMs));
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    heap.after(at - heap.now, () => {
      if (this.#wakeAt === at) this.#wake();
    });
  }
}
