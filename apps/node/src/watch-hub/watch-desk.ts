/**
 * Brings a hub's news to those who watch, in small portions: watchers may take a quarter of the
 * loop's time and no more, however many there are and however fast counters change. Between two
 * portions changes are conflated, so that more load makes news later, and never makes a queue.
 */
import { Problem } from "../http/problems.ts";
import type { Place, WatchSource } from "./source.ts";
import { WatchHub, type Taken, type Target, type Watcher } from "./watch-hub.ts";

/** Most events that one watcher is told before the others have their turn. */
const turnMaxEvents = 64;
/** How long watchers are told things before everything else has its turn, in milliseconds. */
const portionMs = 4;
/** How much longer than a portion has taken the others have the loop for themselves. */
const restFactor = 3;

/** Where the news of one watcher goes. */
export interface Outlet {
  /** Is not called while {@link ready} is `false`. */
  tell(taken: Taken): void;
  /** Whether it takes more now; {@link Subscription.wake} says when it does again. */
  ready(): boolean;
  /** Nothing comes any more. */
  end(reason: string): void;
  /** Whether he may still be told anything; without it, he may. */
  mayStill?(): boolean;
}

/** What he is told whose token was taken back. */
const revoked = "the token is not good for this any more";

export interface Subscription {
  wake(): void;
  /** Nothing is told any more; the outlet is not ended. */
  cancel(): void;
}

export class WatchDesk {
  readonly #source: () => WatchSource;
  readonly #watchersMax: number;
  readonly #outlets = new Map<Watcher, Outlet>();
  #hub: WatchHub | null = null;
  #closed: string | null = null;
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  #restUntilMs = 0;

  /**
   * @param source - where watchers look, once there is something; throws a Problem before
   * @param watchersMax - most watchers at a time, streams and polls together
   */
  constructor(source: () => WatchSource, watchersMax: number) {
    this.#source = source;
    this.#watchersMax = watchersMax;
  }

  /** Watchers at this time. */
  get size(): number {
    return this.#outlets.size;
  }

  /** What somebody has seen who has this token. @throws Problem if it is none of this cluster */
  placeOf(token: string): Place {
    const source = this.#source();
    source.settle();
    return source.placeOf(token);
  }

  /** What is applied here now, as a token. */
  token(): string {
    const source = this.#source();
    source.settle(); // a token must not stand for more than was announced
    return source.token();
  }

  /** @throws Problem `overloaded`, `draining`, `starting`, or `unauthenticated` */
  watch(target: Target, place: Place | null, outlet: Outlet): Subscription {
    this.requireRoom();
    requireStill(outlet);
    this.#hub ??= new WatchHub(this.#source());
    const hub = this.#hub;
    const watcher = hub.watch(target, place);
    this.#outlets.set(watcher, outlet);
    this.#schedule();
    return {
      wake: () => {
        hub.wake(watcher);
        this.#schedule();
      },
      cancel: () => {
        hub.unwatch(watcher);
        this.#outlets.delete(watcher);
      },
    };
  }

  /** @throws Problem if nobody may watch now, or nobody else */
  requireRoom(): void {
    if (this.#closed !== null) throw new Problem("draining", this.#closed);
    if (this.size >= this.#watchersMax) {
      throw new Problem("overloaded", `${this.#watchersMax} watchers are served already`);
    }
  }

  /** Ends all who would not be let in any more. */
  recheck(): void {
    for (const [watcher, outlet] of this.#outlets) {
      if (outlet.mayStill?.() !== false) continue;
      this.#hub?.unwatch(watcher);
      this.#outlets.delete(watcher);
      outlet.end(revoked);
    }
  }

  /** A counter has another state, or is gone, or is there again. */
  changed(name: string): void {
    if (this.#hub?.changed(name) === true) this.#schedule();
  }

  /** Everything may be different. */
  replaced(): void {
    this.#hub?.replaced();
    this.#schedule();
  }

  /** Nobody is served any more until {@link open}. @param reason - for people */
  close(reason: string): void {
    this.#closed ??= reason;
    for (const [watcher, outlet] of this.#outlets) {
      this.#hub?.unwatch(watcher);
      outlet.end(reason);
    }
    this.#outlets.clear();
  }

  /** After {@link close}: watchers may come again. */
  open(): void {
    this.#closed = null;
  }

  #schedule(): void {
    if (this.#timer !== null || this.size === 0) return;
    const restMs = this.#restUntilMs - performance.now();
    const run = (): void => this.#run();
    this.#timer = restMs < 1 ? setImmediate(run) : setTimeout(run, restMs);
  }

  #run(): void {
    this.#timer = null;
    const beganMs = performance.now();
    // Until the end of this portion nothing is applied: what is told and the tokens belong together.
    if (this.size > 0) this.#source().settle();
    for (;;) {
      const watcher = this.#hub?.next() ?? null;
      if (watcher === null) break;
      this.#serve(watcher);
      if (performance.now() - beganMs >= portionMs) {
        this.#rest(beganMs);
        this.#schedule();
        return;
      }
    }
    this.#rest(beganMs);
  }

  #rest(beganMs: number): void {
    const nowMs = performance.now();
    this.#restUntilMs = nowMs + (nowMs - beganMs) * restFactor;
  }

  #serve(watcher: Watcher): void {
    const outlet = this.#outlets.get(watcher);
    if (outlet?.ready() !== true) return;
    const taken = this.#hub?.take(watcher, turnMaxEvents);
    if (taken === undefined || taken.events.length === 0) return;
    outlet.tell(taken);
    if (taken.token === null) this.#hub?.wake(watcher); // there is more
  }
}

/** @throws Problem `unauthenticated` */
export function requireStill({ mayStill }: Pick<Outlet, "mayStill">): void {
  if (mayStill?.() === false) throw new Problem("unauthenticated", revoked);
}
