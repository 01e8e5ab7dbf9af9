/** Where watchers look in Raft mode: what this node has applied, whoever leads. */
import type { CounterMachine, MachineObserver } from "@counter/state-machine";

import type { TokenCodec } from "../engine/tokens.ts";
import type { Look, Place, WatchSource } from "./source.ts";
import type { Watching } from "./watching.ts";

/** Tells watchers of every change of the state machine, as it is applied. */
export function toldTo(watching: () => Watching): MachineObserver {
  return {
    changed: ({ name }) => watching().changed(name),
    replaced: () => watching().replaced(),
  };
}

type Machine = Pick<CounterMachine, "counter" | "namesAfter" | "restoreEpoch" | "revision">;

export class RaftSource implements WatchSource {
  readonly #machine: Machine;
  readonly #tokens: TokenCodec;

  constructor(machine: Machine, tokens: TokenCodec) {
    this.#machine = machine;
    this.#tokens = tokens;
  }

  settle(): void {
    // The machine announces what it applies at once.
  }

  look(name: string): Look | null {
    const found = this.#machine.counter(name);
    if (found === null) return null;
    const { value, epoch, revision } = found;
    return { value: value.toString(), version: `s${epoch}-${revision}` };
  }

  namesAfter(from: {
    readonly prefix: string;
    readonly after: string | null;
    readonly limit: number;
  }): readonly string[] {
    const { prefix, limit } = from;
    const found: string[] = [];
    for (let after = from.after; ;) {
      const page = this.#machine.namesAfter({ prefix, after, limit: limit - found.length });
      found.push(...page.names);
      // A page may be empty before the last one.
      if (page.after === null || found.length >= limit) return found;
      after = page.after;
    }
  }

  token(): string {
    const { restoreEpoch: epoch, revision } = this.#machine;
    return this.#tokens.encode({ epoch, revision });
  }

  placeOf(token: string): Place {
    const { epoch, revision } = this.#tokens.decode(token);
    const machine = this.#machine;
    const gone = (): boolean => machine.restoreEpoch > epoch;
    const isThen = (): boolean => machine.restoreEpoch === epoch;
    return {
      reached: () => gone() || (isThen() && machine.revision >= revision),
      gone,
      current: () => isThen() && machine.revision === revision,
      changed: (name) => !isThen() || (machine.counter(name)?.revision ?? Infinity) > revision,
    };
  }
}
