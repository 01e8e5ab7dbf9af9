/**
 * Everything that is checked after every event. Each part looks only at what the event changed, so
 * that a run with all checks stays fast; together they see every write, message, commit and apply.
 */
import type {
  Entry,
  LogIndex,
  Message,
  NodeId,
  RaftOptions,
  RaftStatus,
  Term,
  Write,
} from "@counter/raft";
import { AppliedTruth } from "./applied-truth.ts";
import { CommitTruth } from "./commit-truth.ts";
import { ConfigurationTruth } from "./configuration-truth.ts";
import type { Coverage } from "./coverage.ts";
import type { DiskOperation } from "./disk-image.ts";
import { EntryLedger, isSameEntry } from "./entry-ledger.ts";
import { describeId } from "./describe.ts";
import type { SimWorkload } from "./machine.ts";
import { isQuorum } from "./server-view.ts";
import type { ServerView } from "./server-view.ts";
import { watchLimits, watchStatus } from "./status-watch.ts";
import { check } from "./violation.ts";
import { Vouching } from "./vouching.ts";

export interface InvariantsOptions {
  readonly views: readonly ServerView[];
  readonly raft: RaftOptions;
  readonly coverage: Coverage;
  /** Whose answers are seen; none of them is forgotten without it. */
  readonly workload?: Pick<SimWorkload, "isForgotten">;
}

export class Invariants {
  readonly committed: CommitTruth;
  readonly applied: AppliedTruth;
  readonly configurations: ConfigurationTruth;
  readonly leaders: Map<Term, ServerView> = new Map<Term, ServerView>();
  readonly #ledger = new EntryLedger();
  readonly #vouching: Vouching;
  readonly #options: InvariantsOptions;
  /** Servers whose log was not all written yet when they became leader. */
  readonly #unchecked = new Set<ServerView>();

  constructor(options: InvariantsOptions) {
    this.#options = options;
    this.committed = new CommitTruth(options.views);
    this.applied = new AppliedTruth(
      options.coverage,
      (answer) => options.workload?.isForgotten?.(answer) ?? false,
    );
    this.configurations = new ConfigurationTruth(this.committed, options.coverage);
    this.#vouching = new Vouching(options.raft, this.leaders);
  }

  /** Takes note of what the disks hold at first. */
  begin(): void {
    for (const view of this.#options.views) {
      this.#seeAll(view, view.log.entries);
      this.#hold(view, view.log.entries);
    }
  }

  /** A core was stepped: `before` is the look at it before that. */
  onStatus(server: ServerView, before: RaftStatus | null, now: RaftStatus): void {
    watchStatus(server, before, now);
    watchLimits(server, now, this.#options.raft);
    if (now.role === "leader") this.#onLeader(server, before, now);
    else this.#unchecked.delete(server);
    if (now.commitIndex > this.committed.lastIndex) {
      this.committed.onCommit(server, now, this.configurations.inForceAt(server, now));
    }
    this.configurations.onStatus(server, before, now);
  }

  onCrash(server: ServerView): void {
    this.#unchecked.delete(server);
    this.configurations.onCrash(server);
  }

  /** A core asked for a write; its log view does not contain it yet. */
  onWrite(server: ServerView, write: Write, now: RaftStatus): void {
    const { entries } = write;
    this.configurations.onWrite(server, write);
    const first = entries[0];
    if (first === undefined) return;
    const { log } = server;
    check(
      first.index >= log.firstIndex && first.index <= log.lastIndex + 1,
      "log-without-gaps",
      () => {
        return `${server.id} writes from ${first.index}; its log is ${log.firstIndex}..${log.lastIndex}`;
      },
    );
    for (const entry of entries) {
      const old = log.at(entry.index);
      if (old === null) break;
      this.committed.onReplace(server, entry, server.image.hardState.commitIndex);
    }
    if (first.index <= log.lastIndex) this.#onReplaced(server, write, now);
    this.#seeAll(server, entries);
  }

  /** A write that ends or replaces a part of the log: none of it may still be wanted. */
  #onReplaced(server: ServerView, write: Write, now: RaftStatus): void {
    const { log, image } = server;
    const { entries, hardState } = write;
    const firstIndex = entries[0]!.index;
    const lastIndex = firstIndex + entries.length - 1;
    const isOneTerm = hardState === null || hardState.term === image.hardState.term;
    const leader = isOneTerm ? this.leaders.get(now.term) : undefined;
    const leaderLog =
      leader?.status?.role === "leader" && leader.status.term === now.term ? leader.log : null;
    for (let index = firstIndex; index <= log.lastIndex; index += 1) {
      const old = log.at(index)!;
      const next = entries[index - firstIndex];
      if (next !== undefined && isSameEntry(old, next)) continue;
      this.#options.coverage.hit("truncatedByNewLeader");
      check(now.role !== "leader", "leader-append-only", () => {
        return `${server.id} leads t${now.term} and drops ${describeId(old)}`;
      });
      check(
        index > lastIndex ? index > image.hardState.commitIndex : true,
        "committed-stable",
        () => {
          return `${server.id} drops committed ${describeId(old)}`;
        },
      );
      const wanted = leaderLog?.at(index) ?? null;
      check(wanted === null || !isSameEntry(wanted, old), "ack-stable", () => {
        return `${server.id} drops ${describeId(old)}, which the leader of t${now.term} holds as well`;
      });
    }
  }

  /** An operation became durable and replaced these entries. */
  onDurable(server: ServerView, operation: DiskOperation, replaced: readonly Entry[]): void {
    this.configurations.onDurable(server, operation);
    if (operation.type !== "write") return;
    for (const entry of replaced) this.#lose(server, entry);
    this.#hold(server, operation.write.entries);
  }

  onMessage(server: ServerView, message: Message): void {
    this.#vouching.onLeave(server, message);
  }

  /** A message needs an address: a request reaches only those whom the host was told about. */
  onAddress(server: ServerView, message: Message, contacts: ReadonlySet<NodeId>): void {
    const isAnswer = message.type.endsWith("Response");
    // Who leads has reached us first, and may be asked to read.
    if (isAnswer || message.type === "readIndexRequest") return;
    check(contacts.has(message.to), "contacts", () => {
      return `${server.id} sends ${message.type} to ${message.to}, of whom its host was not told`;
    });
  }

  /** A server was told to apply these entries, the first of them right after `appliedIndex`. */
  onCommitted(server: ServerView, entries: readonly Entry[], appliedIndex: LogIndex): void {
    let expected = appliedIndex + 1;
    let bytes = 0;
    for (const entry of entries) {
      check(entry.index === expected, "state-machine-safety", () => {
        return `${server.id} is told to apply ${describeId(entry)}, ${expected} is next`;
      });
      this.committed.onApply(server, entry);
      expected += 1;
      bytes += entry.data.length;
    }
    const { committedMaxBytes } = this.#options.raft;
    check(bytes <= committedMaxBytes || entries.length === 1, "bounded", () => {
      return `${server.id} is told to apply ${entries.length} entries with ${bytes} bytes at once`;
    });
  }

  /** More is handed out while so much is not applied yet. */
  onHandedOut(server: ServerView, unapplied: readonly Entry[]): void {
    const { committedMaxBytes } = this.#options.raft;
    const bytes = unapplied.reduce((sum, { data }) => sum + data.length, 0);
    check(bytes < committedMaxBytes || unapplied.length === 0, "bounded", () => {
      return `${server.id} is told to apply more while ${bytes} bytes wait`;
    });
  }

  /** A linearizable read was confirmed at `index`; so much was committed when it began. */
  onRead(server: ServerView, read: { readonly index: LogIndex; readonly floor: LogIndex }): void {
    check(read.index >= read.floor, "fresh-read", () => {
      return `${server.id} reads at ${read.index}; ${read.floor} was committed before the read began`;
    });
  }

  #onLeader(server: ServerView, before: RaftStatus | null, now: RaftStatus): void {
    const known = this.leaders.get(now.term);
    check(known === undefined || known === server, "election-safety", () => {
      return `${server.id} leads t${now.term}, which ${known!.id} led`;
    });
    if (before?.role !== "leader" || before.term !== now.term) {
      this.leaders.set(now.term, server);
      if (before !== null) {
        this.configurations.onElected(server, now, this.#vouching.votesIn(now.term));
      }
      check(now.lastIndex >= this.#committedBefore(now.term), "leader-completeness", () => {
        return (
          `${server.id} leads t${now.term} and ends at ${now.lastIndex};` +
          ` ${this.#committedBefore(now.term)} is committed`
        );
      });
      this.#unchecked.add(server);
    }
    if (this.#unchecked.size === 0 || !this.#unchecked.has(server)) return;
    const { log } = server;
    if (log.lastIndex !== now.lastIndex || log.termAt(log.lastIndex) !== now.lastTerm) return;
    this.#unchecked.delete(server);
    this.committed.onLeader(server, now);
  }

  #committedBefore(term: Term): LogIndex {
    let index = this.committed.lastIndex;
    while (index > 0 && this.committed.committedInTerm(index) >= term) index -= 1;
    return index;
  }

  #seeAll(server: ServerView, entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    let previousTerm = server.log.termAt(first.index - 1);
    for (const entry of entries) {
      this.#ledger.see(entry, previousTerm);
      previousTerm = entry.term;
    }
  }

  #hold(server: ServerView, entries: readonly Entry[]): void {
    const { views } = this.#options;
    for (const entry of entries) {
      const record = this.#ledger.find(entry);
      if (record === null) continue;
      record.holders |= 1 << server.position;
      if (record.wasOnMajority) continue;
      const voters = this.#voters(server);
      const holds = (id: string): boolean =>
        views.some((view) => view.id === id && (record.holders & (1 << view.position)) !== 0);
      record.wasOnMajority = isQuorum(holds, voters);
    }
  }

  #lose(server: ServerView, entry: Entry): void {
    const record = this.#ledger.find(entry);
    if (record === null) return;
    const truth = this.committed.at(entry.index);
    if (truth !== null && isSameEntry(truth, entry)) return; // a snapshot stands for it now
    record.holders &= ~(1 << server.position);
    if (record.wasOnMajority) this.#options.coverage.hit("figure8");
  }

  #voters(server: ServerView): readonly string[] {
    return server.status?.configuration.voters ?? [];
  }
}
