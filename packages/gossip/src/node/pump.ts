/**
 * Steps the core: inputs one after the other, a tick when it is due.
 *
 * A tick waits for one turn of the event loop in which nothing arrived. After a stall the answers
 * to our probes lie in the socket: whoever ticked first would find that nobody had answered.
 */
import type { Effect, GossipCoreLike, Input } from "../core/door.ts";

/** How many turns a tick waits at most while packets keep coming in. */
const DRAIN_TURNS_MAX = 64;
/** The longest that a timer is set for. */
const TIMER_MAX_MS = 60_000;
/** How often it is looked whether the event loop stood still, at most and at least. */
const HEARTBEAT_MIN_MS = 20;
const HEARTBEAT_MAX_MS = 250;

export class Pump {
  readonly #core: GossipCoreLike;
  readonly #perform: (effect: Effect) => void;
  readonly #stallMs: number;
  readonly #inputs: Input[] = [];
  #stepping: boolean = false;
  #closed: boolean = false;
  #timer: NodeJS.Timeout | null = null;
  #timerAt: number = Infinity;
  #immediate: NodeJS.Immediate | null = null;
  #arrivals: number = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #lastBeat: number = performance.now();

  /** @param stallMs - a standstill as long as this is told to the core; 0: none is */
  constructor(core: GossipCoreLike, perform: (effect: Effect) => void, stallMs: number) {
    this.#core = core;
    this.#perform = perform;
    this.#stallMs = stallMs;
    if (stallMs > 0) this.#startHeartbeat();
    this.#arm();
  }

  /** Something arrived: a tick that is due lets it go first. */
  arrived(input: Input): void {
    this.#arrivals += 1;
    this.step(input);
  }

  /** Steps an input, and what comes of performing its effects. Nothing after `close`. */
  step(input: Input): void {
    if (this.#closed) return;
    this.#inputs.push(input);
    if (this.#stepping) return; // from within an effect: its turn comes below
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        for (const effect of this.#core.step(next, performance.now())) this.#perform(effect);
      }
    } finally {
      this.#stepping = false;
      this.#arm();
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
  }

  #arm(): void {
    if (this.#closed || this.#immediate !== null) return;
    const deadline = this.#core.nextDeadline();
    if (this.#timer !== null && deadline >= this.#timerAt) return; // it looks again when it fires
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delay = Math.min(TIMER_MAX_MS, Math.max(0, deadline - performance.now()));
    this.#timerAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#onTimer(), delay).unref();
  }

  #onTimer(): void {
    this.#timer = null;
    this.#timerAt = Infinity;
    if (this.#core.nextDeadline() > performance.now()) return this.#arm();
    this.#drain(DRAIN_TURNS_MAX);
  }

  #drain(turnsLeft: number): void {
    this.#arrivals = 0;
    this.#immediate = setImmediate(() => {
      this.#immediate = null;
      if (this.#arrivals > 0 && turnsLeft > 1) this.#drain(turnsLeft - 1);
      else this.step({ type: "tick" });
    });
  }

  #startHeartbeat(): void {
    const periodMs = Math.min(HEARTBEAT_MAX_MS, Math.max(HEARTBEAT_MIN_MS, this.#stallMs / 4));
    this.#heartbeat = setInterval(() => this.#beat(periodMs), periodMs).unref();
  }

  /** A late tick tells the core of a stall by itself; this is for those between two ticks. */
  #beat(periodMs: number): void {
    const now = performance.now();
    const forMs = now - this.#lastBeat - periodMs;
    this.#lastBeat = now;
    if (forMs < this.#stallMs || now - this.#core.nextDeadline() > this.#stallMs) return;
    this.step({ type: "stalled", forMs });
  }
}
