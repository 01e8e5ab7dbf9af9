/**
 * What became of the commands that were proposed at one server. While it leads and commits them
 * there is nothing to tell; afterwards only the entry that is committed at their index decides.
 */
import type { Entry, EntryId, LogIndex, Term } from "@counter/raft";
import { describeId } from "../describe.ts";

interface Proposed {
  readonly id: EntryId;
  readonly text: string;
}

export class ScenarioProposals {
  readonly #tell: (what: string) => void;
  /** What is being proposed: the answer comes within the same step. */
  #entering = "";
  #open: Proposed[] = [];

  constructor(tell: (what: string) => void) {
    this.#tell = tell;
  }

  begin(text: string): void {
    this.#entering = text;
  }

  onProposed(id: EntryId): void {
    this.#open.push({ id, text: this.#entering });
  }

  /** @param leadsIn - the term in which this server leads; `null` when it does not */
  onCommitted(entries: readonly Entry[], leadsIn: Term | null): void {
    for (const entry of entries) {
      for (const { id, text } of this.#take((index) => index === entry.index)) {
        if (id.term !== entry.term) {
          this.#tell(`its ${describeId(id)} (${text}) never takes effect`);
        } else if (id.term !== leadsIn) {
          this.#tell(`its ${describeId(id)} (${text}) took effect after all`);
        }
      }
    }
  }

  /** A snapshot took the place of everything up to `through`. */
  onSnapshot(through: LogIndex): void {
    for (const { id, text } of this.#take((index) => index <= through)) {
      this.#tell(`what became of its ${describeId(id)} (${text}) stays unknown`);
    }
  }

  clear(): void {
    this.#open = [];
  }

  #take(which: (index: LogIndex) => boolean): readonly Proposed[] {
    const taken = this.#open.filter(({ id }) => which(id.index));
    this.#open = this.#open.filter(({ id }) => !which(id.index));
    return taken;
  }
}
