/**
 * Who takes part, read from the logs: which configuration is in force where, which one may follow
 * which, and who may lead under it. What a core claims is compared with what it wrote.
 */
import { decodeConfiguration, encodeConfiguration, isVoter } from "@counter/raft";
import type {
  Configuration,
  Entry,
  LogIndex,
  NodeId,
  Note,
  Outcome,
  RaftStatus,
  SnapshotMeta,
  Write,
} from "@counter/raft";
import type { CommitTruth } from "./commit-truth.ts";
import { stepProblem } from "./configuration-steps.ts";
import type { Coverage } from "./coverage.ts";
import { describeConfiguration, describeId } from "./describe.ts";
import type { DiskOperation } from "./disk-image.ts";
import { isSameBytes } from "./entry-ledger.ts";
import { MembershipWatch } from "./membership-watch.ts";
import type { ConfigurationEntry } from "./membership-watch.ts";
import { isQuorumOf } from "./server-view.ts";
import type { ServerView } from "./server-view.ts";
import { check } from "./violation.ts";

interface Placed {
  readonly index: LogIndex;
  readonly configuration: Configuration | null;
}

export class ConfigurationTruth {
  readonly #commits: CommitTruth;
  readonly #watch: MembershipWatch;
  /** The configuration entries of each log, as the writes made it. */
  readonly #logs = new Map<ServerView, ConfigurationEntry[]>();
  /** Entries whose step from the one before was looked at. */
  readonly #seen = new Set<string>();
  /** Servers to be looked at once everything they took in is written. */
  readonly #unchecked = new Set<ServerView>();
  /** The configurations that are committed, oldest first. */
  readonly #committed: ConfigurationEntry[] = [];
  #committedThrough: LogIndex = 0;
  /** The last change of each leader: the new configuration, and the one that it replaced. */
  readonly #changes = new Map<ServerView, { readonly to: LogIndex; readonly from: LogIndex }>();

  constructor(commits: CommitTruth, coverage: Coverage) {
    this.#commits = commits;
    this.#watch = new MembershipWatch(coverage);
  }

  /** What decides at this server: by its log, as far as that is written; else by its own account. */
  inForceAt(server: ServerView, now: RaftStatus): Configuration {
    const written = this.#logs
      .get(server)
      ?.find(({ entry }) => entry.index === now.configurationIndex);
    return written?.configuration ?? now.configuration;
  }

  /** After every look at a core, and after what it calls committed was taken note of. */
  onStatus(server: ServerView, before: RaftStatus | null, now: RaftStatus): void {
    if (this.#committedThrough < this.#commits.lastIndex) this.#takeNote();
    if (before === null) this.#logs.set(server, configurationsIn(server.log.entries));
    if (before?.configurationIndex !== now.configurationIndex) this.#unchecked.add(server);
    if (this.#unchecked.size > 0 && this.#unchecked.has(server)) this.#checkInForce(server, now);
    if (before === null) return;
    if (now.removed && !before.removed) this.#checkRemoved(server, now);
    const leads = now.role === "leader" && before.role === "leader" && now.term === before.term;
    if (leads && now.configurationIndex > before.configurationIndex) {
      this.#checkChange(server, before, now);
    }
    if (now.role !== before.role) this.#watch.onStatus(server, before, now, this.#newest());
  }

  onCrash(server: ServerView): void {
    this.#unchecked.delete(server);
  }

  /** A core asked for a write; its log view does not contain it yet. */
  onWrite(server: ServerView, { entries, chunk }: Write): void {
    const own = this.#logs.get(server) ?? [];
    const first = entries[0];
    if (first !== undefined) this.#truncate(server, own, entries);
    for (const entry of entries) {
      if (entry.kind !== "configuration") continue;
      const configuration = decodeConfiguration(entry.data);
      this.#checkStep(this.#top(server, own), { entry, configuration });
      own.push({ entry, configuration });
      this.#unchecked.add(server);
    }
    if (chunk?.done === true) {
      const isNews = chunk.snapshot.configurationIndex > this.#top(server, own).index;
      if (isNews) this.#watch.onBrought();
      own.length = 0; // the log restarts behind it
      this.#unchecked.add(server);
    }
    this.#logs.set(server, own);
  }

  /** A snapshot became durable: taken here, or received. */
  onDurable(server: ServerView, operation: DiskOperation): void {
    if (operation.type === "saveSnapshot") this.#checkSnapshot(server, operation.snapshot.meta);
    if (operation.type !== "write" || operation.write.chunk?.done !== true) return;
    this.#checkSnapshot(server, operation.write.chunk.snapshot);
  }

  /** A server leads a term from now on; `votes` are those of that term that left anybody. */
  onElected(server: ServerView, now: RaftStatus, votes: ReadonlyMap<NodeId, NodeId>): void {
    const { configuration } = now;
    const { term, vote } = server.image.hardState;
    const hasOwn = term === now.term && vote === server.id;
    const voted = (id: NodeId): boolean =>
      id === server.id ? hasOwn : votes.get(id) === server.id;
    check(
      this.#mayLead(server, now) && isQuorumOf(voted, configuration),
      "elected-by-quorum",
      () => {
        const voters = [...votes.keys()].filter((id) => votes.get(id) === server.id);
        const by = `${describeConfiguration(configuration)} by ${voters.join(" ")}`;
        return `${server.id} is elected in t${now.term} of ${by}`;
      },
    );
    let newest = 0;
    for (const { entry } of this.#committed) {
      if (this.#commits.committedInTerm(entry.index) < now.term) newest = entry.index;
    }
    check(now.configurationIndex >= newest, "leader-completeness", () => {
      const own = now.configurationIndex;
      return `${server.id} leads t${now.term} by the configuration of ${own}; ${newest} is committed`;
    });
  }

  /**
   * A voter of the configuration in force, or of one that may come back because none after it is
   * known to be committed: the entry that removes a server may be nowhere but in its own log.
   */
  #mayLead(server: ServerView, { configuration, commitIndex }: RaftStatus): boolean {
    if (isVoter(configuration, server.id)) return true;
    const own = this.#logs.get(server) ?? [];
    const isCommitted = own.map(({ entry }) => entry.index <= commitIndex);
    const from = Math.max(0, isCommitted.lastIndexOf(true));
    const base = isCommitted.includes(true) ? null : this.#top(server, []).configuration;
    const mayCount = [base, ...own.slice(from).map((placed) => placed.configuration)];
    return mayCount.some((c) => c !== null && isVoter(c, server.id));
  }

  /** What became of a change that was asked for. */
  onOutcome(
    server: ServerView,
    outcome: Outcome,
    asked: { readonly expectedIndex: LogIndex | null },
  ): void {
    this.#watch.onOutcome(outcome);
    const change = this.#changes.get(server);
    if (outcome.type !== "changeProposed" || change?.to !== outcome.entry.index) return;
    const isMeant = asked.expectedIndex === null || asked.expectedIndex === change.from;
    check(isMeant, "one-change-at-a-time", () => {
      return `${server.id} replaced the configuration of ${change.from}, not that of ${asked.expectedIndex!}`;
    });
  }

  onNote(note: Note): void {
    this.#watch.onNote(note);
  }

  #takeNote(): void {
    for (; this.#committedThrough < this.#commits.lastIndex; this.#committedThrough += 1) {
      const entry = this.#commits.at(this.#committedThrough + 1);
      if (entry?.kind !== "configuration") continue;
      this.#committed.push({ entry, configuration: decodeConfiguration(entry.data) });
      this.#watch.onCommitted(this.#committed);
    }
  }

  #newest(): Configuration | null {
    return this.#committed[this.#committed.length - 1]?.configuration ?? null;
  }

  #truncate(server: ServerView, own: ConfigurationEntry[], entries: readonly Entry[]): void {
    const from = entries[0]!.index;
    while (own.length > 0 && own[own.length - 1]!.entry.index >= from) {
      const { entry } = own.pop()!;
      if (entries[entry.index - from]?.term !== entry.term) this.#watch.onTruncated();
      this.#unchecked.add(server);
    }
  }

  /** The newest configuration of a log, or the one that its snapshot brought. */
  #top(server: ServerView, own: readonly ConfigurationEntry[]): Placed {
    const last = own[own.length - 1];
    if (last !== undefined) return { index: last.entry.index, configuration: last.configuration };
    const meta = server.image.snapshot?.meta;
    if (meta === undefined) return { index: 0, configuration: null };
    return { index: meta.configurationIndex, configuration: meta.configuration };
  }

  /** C1, as soon as the whole log is written. */
  #checkInForce(server: ServerView, now: RaftStatus): void {
    const { log } = server;
    if (log.lastIndex !== now.lastIndex || log.termAt(log.lastIndex) !== now.lastTerm) return;
    this.#unchecked.delete(server);
    const { index, configuration } = this.#top(server, this.#logs.get(server) ?? []);
    const isSame = configuration === null || isSameConfiguration(configuration, now.configuration);
    check(index === now.configurationIndex && isSame, "configuration-in-force", () => {
      const claim = `${now.configurationIndex}: ${describeConfiguration(now.configuration)}`;
      const truth = configuration === null ? "" : `: ${describeConfiguration(configuration)}`;
      return `${server.id} acts on the configuration of ${claim}; its log has that of ${index}${truth}`;
    });
  }

  #checkStep(from: Placed, to: ConfigurationEntry): void {
    const id = describeId(to.entry);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    if (from.configuration === null) return;
    const problem = stepProblem(from.configuration, to.configuration);
    check(problem === null, "configuration-steps", () => {
      const before = `${from.index}: ${describeConfiguration(from.configuration!)}`;
      return `${id} ${describeConfiguration(to.configuration)} follows ${before}: ${problem!}`;
    });
  }

  /** A leader has appended a configuration (G1, G2). */
  #checkChange(server: ServerView, before: RaftStatus, now: RaftStatus): void {
    const { configurationIndex: from } = before;
    this.#changes.set(server, { to: now.configurationIndex, from });
    check(from <= this.#commits.lastIndex, "one-change-at-a-time", () => {
      return `${server.id} appends the configuration of ${now.configurationIndex} while ${from} is not committed`;
    });
    const term = this.#commits.at(now.commitIndex)?.term;
    check(term === now.term, "one-change-at-a-time", () => {
      return `${server.id} appends the configuration of ${now.configurationIndex} before an entry of t${now.term} is committed`;
    });
  }

  #checkRemoved(server: ServerView, now: RaftStatus): void {
    const known = this.#committed.filter(({ entry }) => entry.index <= now.commitIndex);
    const [last, ...earlier] = known
      .reverse()
      .map(({ configuration }) => configuration.members.some(({ id }) => id === server.id));
    check(last === false && earlier.includes(true), "removed-for-certain", () => {
      return `${server.id} calls itself removed by what is committed up to ${now.commitIndex}`;
    });
  }

  #checkSnapshot(server: ServerView, meta: SnapshotMeta): void {
    this.#takeNote();
    const truth = this.#committed.filter(({ entry }) => entry.index <= meta.index).pop();
    const isTrue =
      truth?.entry.index === meta.configurationIndex &&
      isSameConfiguration(truth.configuration, meta.configuration);
    check(isTrue, "snapshot-configuration", () => {
      const claim = `${meta.configurationIndex}: ${describeConfiguration(meta.configuration)}`;
      return `${server.id} stores snapshot ${describeId(meta)} with the configuration of ${claim}`;
    });
  }
}

function configurationsIn(entries: readonly Entry[]): ConfigurationEntry[] {
  return entries
    .filter(({ kind }) => kind === "configuration")
    .map((entry) => ({ entry, configuration: decodeConfiguration(entry.data) }));
}

function isSameConfiguration(a: Configuration, b: Configuration): boolean {
  return isSameBytes(encodeConfiguration(a), encodeConfiguration(b));
}
