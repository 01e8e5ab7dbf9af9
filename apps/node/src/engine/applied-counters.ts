/** What a node has applied of the log: the counters, the time in it, and who waits for more. */
import type { RaftObserver } from "@counter/raft";
import { CounterMachine, LogClock } from "@counter/state-machine";

import { RaftSource, toldTo } from "../watch-hub/raft-source.ts";
import type { Watching } from "../watch-hub/watching.ts";
import { Digests } from "./digests.ts";
import { RaftCounter, type RaftCounterOptions } from "./raft-counter.ts";
import { SyncStamps } from "./sync-stamps.ts";

export class AppliedCounters {
  readonly machine: CounterMachine;
  readonly #syncs = new SyncStamps();
  readonly #watching: () => Watching;
  readonly #clock = new LogClock();
  readonly #digests = new Digests();
  #engine: RaftCounter | null = null;

  /** @param watching - who is told of every change, as it is applied */
  constructor(watching: () => Watching) {
    this.#watching = watching;
    const { take: digestDue } = this.#digests;
    this.machine = new CounterMachine({ ...toldTo(watching), digestDue });
  }

  /** To be called whenever something was applied. */
  readonly applied = (): void => {
    // Seen on followers too, so that a new leader knows how much log time has gone by.
    this.#clock.observe(performance.now(), this.machine.logTimeMs);
    this.#engine?.applied();
  };

  /** Sees of the node what the engine has to tell; the other observer first. */
  beside(observer: RaftObserver): RaftObserver {
    return this.#syncs.beside(observer);
  }

  /** The engine of this node, which is the one that hears of what is applied from now on. */
  open(options: Omit<RaftCounterOptions, "machine" | "clock" | "digests" | "syncs">): RaftCounter {
    const kept = { digests: this.#digests, syncs: this.#syncs };
    const own = { machine: this.machine, clock: this.#clock, ...kept };
    const engine = new RaftCounter({ ...options, ...own });
    this.#engine = engine;
    return engine;
  }

  /** From now on watchers may look: before, counters would seem to be missing or old. */
  show(): void {
    if (this.#engine === null) return;
    this.#watching().begin(new RaftSource(this.machine, this.#engine.tokens));
  }
}
