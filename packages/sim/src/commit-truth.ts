/**
 * What is committed, for ever: the one list that all servers must agree with.
 *
 * An index enters the list when the first server says that it is committed. At that moment it must
 * be durable on a quorum; it is read from the *disks*, never from what a core claims to hold.
 */
import type { Configuration, Entry, LogIndex, NodeId, RaftStatus, Term } from "@counter/raft";
import { describeId } from "./describe.ts";
import { isSameEntry } from "./entry-ledger.ts";
import { isQuorumOf } from "./server-view.ts";
import type { ServerView } from "./server-view.ts";
import { Violation, check } from "./violation.ts";

export class CommitTruth {
  readonly #views: readonly ServerView[];
  /** Position 0 is unused, as index 0 is. */
  readonly #committed: (Entry | null)[] = [null];
  readonly #committedInTerm: Term[] = [0];

  constructor(views: readonly ServerView[]) {
    this.#views = views;
  }

  /** The largest index that any server ever called committed. */
  get lastIndex(): LogIndex {
    return this.#committed.length - 1;
  }

  at(index: LogIndex): Entry | null {
    return this.#committed[index] ?? null;
  }

  /** The term in which this index was first seen to be committed. */
  committedInTerm(index: LogIndex): Term {
    return this.#committedInTerm[index] ?? 0;
  }

  /** A server says that everything up to its commit index is committed, by this configuration. */
  onCommit(server: ServerView, status: RaftStatus, configuration: Configuration): void {
    for (let index = this.lastIndex + 1; index <= status.commitIndex; index += 1) {
      const entry = this.#durableOnQuorum(index, configuration);
      if (entry === null) {
        throw new Violation(
          "committed-durable",
          `${server.id} (${status.role} t${status.term}) committed ${index}: ${this.#holdersText(index)}`,
        );
      }
      this.#committed.push(entry);
      this.#committedInTerm.push(status.term);
    }
  }

  /** A server was told to apply this entry. */
  onApply(server: ServerView, entry: Entry): void {
    const truth = this.at(entry.index);
    check(truth !== null && isSameEntry(truth, entry), "state-machine-safety", () => {
      const other = truth === null ? "nothing" : describeId(truth);
      return `${server.id} applies ${describeId(entry)} where ${other} is committed`;
    });
  }

  /** A server became leader: it must hold all that was committed in earlier terms. */
  onLeader(server: ServerView, status: RaftStatus): void {
    for (let index = this.lastIndex; index >= server.log.firstIndex; index -= 1) {
      if (this.committedInTerm(index) >= status.term) continue;
      const truth = this.at(index)!;
      const own = server.log.at(index);
      check(own !== null && isSameEntry(own, truth), "leader-completeness", () => {
        const held = own === null ? "nothing" : describeId(own);
        return `${server.id} leads t${status.term} with ${held} where ${describeId(truth)} is committed`;
      });
    }
  }

  /** A server replaces stored entries; none of them may be one that it knows to be committed. */
  onReplace(server: ServerView, next: Entry, commitIndex: LogIndex): void {
    if (next.index > commitIndex) return;
    const truth = this.at(next.index);
    check(truth === null || isSameEntry(truth, next), "committed-stable", () => {
      return `${server.id} replaces committed ${describeId(truth!)} by ${describeId(next)}`;
    });
  }

  #durableOnQuorum(index: LogIndex, configuration: Configuration): Entry | null {
    for (const view of this.#views) {
      const entry = view.image.log.at(index);
      if (entry === null) continue;
      const holds = (id: NodeId): boolean => {
        const holder = this.#views.find((other) => other.id === id);
        if (holder === undefined) return false;
        const { image, lost } = holder;
        return image.log.at(index)?.term === entry.term || lost?.log.at(index)?.term === entry.term;
      };
      if (isQuorumOf(holds, configuration)) return entry;
    }
    return null;
  }

  #holdersText(index: LogIndex): string {
    const held = this.#views.map((view) => {
      const entry = view.image.log.at(index);
      return `${view.id} has ${entry === null ? "nothing" : describeId(entry)}`;
    });
    return `on the disks ${held.join(", ")}`;
  }
}
