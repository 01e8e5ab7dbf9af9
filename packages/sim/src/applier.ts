/**
 * The state machine of one server: applies what is committed, in order and sometimes late, restores
 * snapshots and takes its own. Lives as long as the server's process.
 */
import type { Entry, LogIndex, SnapshotMeta, Term } from "@counter/raft";
import type { StoredSnapshot } from "./disk-image.ts";
import type { SimStateMachine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Request, Requests } from "./requests.ts";
import type { ServerView } from "./server-view.ts";
import { describeId } from "./describe.ts";
import { Violation, check } from "./violation.ts";
import { unwrapCommand } from "./world.ts";
import type { World } from "./world.ts";

type Job =
  | { readonly type: "restore"; readonly snapshot: SnapshotMeta }
  | { readonly type: "apply"; readonly entries: readonly Entry[] };

export interface ApplierOptions {
  readonly world: World;
  readonly server: ServerView;
  readonly random: Random;
  readonly requests: Requests;
  /** Runs this later, unless the process has died by then. */
  readonly later: (delay: number, run: () => void) => void;
  readonly onApplied: (index: LogIndex) => void;
  /** Stores a snapshot; `onDone` is called when it is durable. */
  readonly saveSnapshot: (snapshot: StoredSnapshot, onDone: () => void) => void;
}

export class Applier {
  readonly machine: SimStateMachine;
  readonly #options: ApplierOptions;
  #jobs: Job[] = [];
  #working = false;
  #isSaving = false;
  #applied: { readonly index: LogIndex; readonly term: Term } = { index: 0, term: 0 };
  #restoredAt: LogIndex = 0;
  #snapshotAt: LogIndex = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.machine = options.world.workload.createMachine();
  }

  get appliedIndex(): LogIndex {
    return this.#applied.index;
  }

  restore(snapshot: SnapshotMeta): void {
    // Whatever waits is older than the snapshot, and part of it.
    this.#jobs = [{ type: "restore", snapshot }];
    this.#next();
  }

  apply(entries: readonly Entry[]): void {
    this.#jobs.push({ type: "apply", entries });
    this.#next();
  }

  query(request: Request): Uint8Array {
    return this.machine.query(request.record.operation.bytes);
  }

  #next(): void {
    if (this.#working || this.#jobs.length === 0) return;
    this.#working = true;
    const { random, world, later } = this.#options;
    const delay = random.below(world.knobs.applyMaxUnits + 1);
    later(world.isHealed ? 0 : delay, () => {
      this.#working = false;
      const job = this.#jobs.shift();
      if (job === undefined) return;
      if (job.type === "restore") return this.#restore(job.snapshot);
      for (const entry of job.entries) this.#apply(entry);
      this.#finish();
    });
  }

  #finish(): void {
    const { requests, onApplied } = this.#options;
    requests.onApplied(this.appliedIndex, (request) => this.query(request));
    this.#next();
    onApplied(this.#applied.index);
  }

  #restore(snapshot: SnapshotMeta): void {
    const { server, world, requests, later } = this.#options;
    const stored = server.image.snapshot;
    if (stored?.meta.index !== snapshot.index) {
      throw new Violation(
        "log-without-gaps",
        `${server.id} restores a snapshot that is not stored`,
      );
    }
    world.invariants.applied.onState(server, snapshot.index, stored.bytes);
    const restored = this.machine.restore(stored.bytes);
    this.#applied = { index: snapshot.index, term: snapshot.term };
    this.#restoredAt = snapshot.index;
    this.#snapshotAt = snapshot.index;
    requests.onRestored(snapshot.index);
    if (restored === undefined) return this.#finish();
    world.awaited = restored;
    this.#working = true;
    later(0, () => {
      this.#working = false;
      this.#finish();
    });
  }

  #apply(entry: Entry): void {
    const { server, world, requests } = this.#options;
    this.#applied = { index: entry.index, term: entry.term };
    if (entry.kind !== "command") {
      requests.onEntry(entry, null);
      return;
    }
    const { operation, payload } = unwrapCommand(entry.data);
    const record = world.history[operation];
    if (record === undefined) {
      throw new Violation("acknowledged-present", `${server.id} applies what nobody proposed`);
    }
    const answer = this.machine.apply(payload, entry.index);
    const restoredAt = this.#restoredAt;
    world.invariants.applied.onApplied(server, { entry, record, answer, restoredAt });
    requests.onEntry(entry, answer);
  }

  /** Takes a snapshot when it is time for one. `meta` is what it would stand for. */
  maybeSnapshot(meta: SnapshotMeta | null): void {
    const { world, server, saveSnapshot } = this.#options;
    const { index, term } = this.#applied;
    if (meta === null || index - this.#snapshotAt < world.knobs.snapshotEveryEntries) return;
    check(meta.index === index && meta.term === term, "state-machine-safety", () => {
      return `${server.id} would call its state at ${index}@${term} ${describeId(meta)}`;
    });
    if (this.#isSaving) return; // one at a time
    // What others made durable may be applied before our own disk has it: not yet, then.
    if ((server.status?.persistedIndex ?? 0) < index) return;
    this.#snapshotAt = index;
    const bytes = this.machine.snapshot();
    world.invariants.applied.onState(server, index, bytes);
    this.#isSaving = true;
    saveSnapshot({ meta, bytes }, () => {
      this.#isSaving = false;
    });
  }
}
