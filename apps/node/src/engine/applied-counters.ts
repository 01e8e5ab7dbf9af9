/** What a node has applied of the log: the counters, the time in it, and who waits for more. */
import { CounterMachine, LogClock } from "@counter/state-machine";

import { RaftCounter, type RaftCounterOptions } from "./raft-counter.ts";

export class AppliedCounters {
  readonly machine = new CounterMachine();
  readonly #clock = new LogClock();
  #engine: RaftCounter | null = null;

  /** To be called whenever something was applied. */
  readonly applied = (): void => {
    // Seen on followers too, so that a new leader knows how much log time has gone by.
    this.#clock.observe(performance.now(), this.machine.logTimeMs);
    this.#engine?.applied();
  };

  /** The engine of this node, which is the one that hears of what is applied from now on. */
  open(options: Omit<RaftCounterOptions, "machine" | "clock">): RaftCounter {
    const engine = new RaftCounter({ ...options, machine: this.machine, clock: this.#clock });
    this.#engine = engine;
    return engine;
  }
}
