/**
 * One life of a server, from its start to its crash: a host as simple as possible around one core.
 * It carries a Ready out on the server's disk and network; whatever a host may do in any order, or
 * later, it does in some random order and sometimes later.
 */
import type { Entry, Input, LogIndex, Message, RaftCoreLike, Ready } from "@counter/raft";
import type { PersistedState } from "@counter/raft";
import { Applier } from "./applier.ts";
import { inputCodes, messageCodes } from "./trace.ts";
import { TransferWatch } from "./transfer-watch.ts";
import { describeInput, describeMessage, describeNote, describeWrite } from "./describe.ts";
import { chunkOf } from "./disk-image.ts";
import type { StoredSnapshot } from "./disk-image.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { isAhead, lookAt } from "./look.ts";
import { MembershipDesk } from "./membership-desk.ts";
import type { MembershipRequest } from "./membership-desk.ts";
import type { Random } from "./random.ts";
import { Requests } from "./requests.ts";
import type { Request } from "./requests.ts";
import type { SimServer } from "./server.ts";
import { Violation, check } from "./violation.ts";
import type { World } from "./world.ts";

/** Most messages that wait for a paused server; more are lost, as a full socket buffer loses them. */
export const inboxMax: number = 512;

export interface SimProcessOptions {
  readonly world: World;
  readonly server: SimServer;
  /** What it found on the disk. */
  readonly persisted: PersistedState;
  readonly random: Random;
}

export class SimProcess {
  readonly applier: Applier;
  readonly requests: Requests;
  #writesOut = 0;
  readonly #world: World;
  readonly #server: SimServer;
  readonly #random: Random;
  readonly #core: RaftCoreLike;
  readonly #watch: LeaderWatch;
  readonly #transfers: TransferWatch;
  #handedIndex: LogIndex;
  /** Handed out by the core and not applied yet. */
  #unapplied: readonly Entry[] = [];
  /** Set while the process is stopped (SIGSTOP): what happens meanwhile waits in here. */
  #inbox: (() => void)[] | null = null;
  readonly #desk: MembershipDesk;

  constructor({ world, server, persisted, random }: SimProcessOptions) {
    this.#world = world;
    this.#server = server;
    this.#random = random;
    this.#desk = new MembershipDesk(world.invariants, server);
    this.#watch = new LeaderWatch({ ...world.raft, id: server.id });
    this.#transfers = new TransferWatch(world.raft);
    this.#handedIndex = server.image.snapshot?.meta.index ?? 0;
    // A new process draws another seed: the numbers of its reads must not repeat.
    const seed = world.flaw === "repeats-its-seed" ? server.position : random.next() | 0;
    const options = { ...world.raft, id: server.id, seed };
    this.#core = this.#guard(() => world.factory(options, persisted));
    this.requests = new Requests(world, server);
    this.applier = new Applier({
      world,
      server,
      random: random.fork("applier"),
      requests: this.requests,
      later: (delay, run) => this.#later(delay, run),
      onApplied: (index) => this.#onApplied(index),
      saveSnapshot: (snapshot, onDone) => this.#saveSnapshot(snapshot, onDone),
    });
  }

  get isPaused(): boolean {
    return this.#inbox !== null;
  }

  get writesOut(): number {
    return this.#writesOut;
  }

  /** Looks at the core for the first time and does what it asks for. */
  begin(): void {
    this.#afterStep();
  }

  pause(): void {
    this.#inbox ??= [];
  }

  /** @returns how much was waiting */
  resume(): number {
    const inbox = this.#inbox ?? [];
    this.#inbox = null;
    for (const run of inbox) {
      if (this.#isAlive) run();
    }
    return inbox.length;
  }

  /** Missed ticks are never replayed in a burst: a paused process ticks on when it wakes up. */
  tick(): void {
    if (this.#inbox !== null) return;
    this.#step({ type: "tick", nowMs: this.#server.clock.now });
    if (!this.#isAlive || this.#server.status === null) return;
    this.#watch.onTick(this.#server.status);
    this.#transfers.onTick(this.#server.status);
  }

  receive(message: Message): void {
    if (this.#inbox !== null && this.#inbox.length >= inboxMax) return;
    this.#perform(() => {
      this.#watch.onReceive(message);
      this.#transfers.onReceive(message);
      this.#step({ type: "receive", message });
    });
  }

  nudge(input: Input): void {
    this.#perform(() => this.#step(input));
  }

  changeMembership(change: MembershipRequest): void {
    this.nudge(this.#desk.ask(change));
  }

  request(request: Request): void {
    this.#perform(() => {
      if (this.requests.isFull) return request.reply({ type: "refused", leaderId: null });
      const context = this.requests.ask([request]);
      if (request.record.operation.kind === "query") {
        return this.#step({ type: "read", context, leaseNowMs: this.#server.clock.now });
      }
      const command = this.requests.commandFrom(request);
      this.#step({ type: "propose", context, commands: [command] });
    });
  }

  get #isAlive(): boolean {
    return this.#server.process === this;
  }

  #step(input: Input): void {
    if (!this.#isAlive) return;
    const { trace } = this.#world;
    trace.mix(this.#server.position);
    trace.mix(inputCodes[input.type]);
    if (trace.recording && input.type !== "tick") this.#say(describeInput(input));
    this.#guard(() => this.#core.step(input));
    this.#afterStep();
  }

  #afterStep(): void {
    do {
      lookAt(this.#core, this.#server, this.#world);
      if (!this.#core.hasReady()) return;
      const ready = this.#guard(() => this.#core.ready());
      if (isAhead(ready, this.#server)) lookAt(this.#core, this.#server, this.#world);
      this.#carryOut(ready);
    } while (this.#isAlive);
  }

  #carryOut(ready: Ready): void {
    const { invariants } = this.#world;
    for (const note of ready.notes) this.#onNote(note);
    this.#desk.onReady(ready);
    if (ready.write !== null) this.#write(ready.write);
    for (const message of ready.messages) this.#send(message);
    if (ready.restore !== null) {
      this.#handedIndex = ready.restore.index;
      this.#unapplied = [];
      this.applier.restore(ready.restore);
    }
    if (ready.committed.length > 0) {
      invariants.onCommitted(this.#server, ready.committed, this.#handedIndex);
      this.#handedIndex += ready.committed.length;
      invariants.onHandedOut(this.#server, this.#unapplied);
      this.#unapplied = [...this.#unapplied, ...ready.committed];
      this.applier.apply(ready.committed);
    }
    const { applier } = this;
    for (const outcome of ready.outcomes) {
      this.requests.onOutcome(outcome, applier.appliedIndex, (request) => applier.query(request));
    }
    for (const read of ready.snapshotReads) this.#readSnapshot(read);
    if (ready.compactThrough !== null) this.#compact(ready.compactThrough);
  }

  #write(write: NonNullable<Ready["write"]>): void {
    const { invariants, raft } = this.#world;
    if (this.#world.trace.recording) this.#say(`writes w${write.id}  ${describeWrite(write)}`);
    this.#writesOut += 1;
    this.#watch.onWrite();
    check(this.#writesOut <= raft.inflightMaxWrites, "bounded", () => {
      return `${this.#server.id} has ${this.#writesOut} writes out`;
    });
    invariants.onWrite(this.#server, write, this.#server.status!);
    if (write.entries.length > 0) this.#server.log.replaceTail(write.entries);
    if (write.chunk?.done === true) this.#server.log.restartBehind(write.chunk.snapshot);
    this.#server.disk.submit({ type: "write", write }, () => {
      this.#perform(() => {
        this.#writesOut -= 1;
        this.#watch.onPersisted();
        this.#step({ type: "persisted", write: write.id });
      });
    });
  }

  #send(message: Message): void {
    const { invariants, network, trace } = this.#world;
    invariants.onMessage(this.#server, message);
    this.#desk.onSend(message);
    if (message.type === "installSnapshot") this.#transfers.onChunk(message);
    trace.mix(messageCodes[message.type]);
    const to = Number(message.to.slice(1)) - 1;
    trace.mix(to);
    if (trace.recording) {
      trace.line(
        this.#world.heap.now,
        `${this.#server.id} -> ${message.to}`,
        describeMessage(message),
      );
    }
    network.send({ from: this.#server.position, to }, message);
  }

  #onNote(note: Ready["notes"][number]): void {
    const { coverage, trace } = this.#world;
    if (trace.recording) this.#say(describeNote(note));
    if (note.type === "snapshotInstalled") coverage.hit("snapshotInstalled");
    if (note.type === "dropped" && note.message.to !== this.#server.id)
      coverage.hit("strayDropped");
  }

  #onApplied(index: LogIndex): void {
    this.#unapplied = this.#unapplied.filter((entry) => entry.index > index);
    this.#step({ type: "applied", index });
    if (this.#isAlive) this.applier.maybeSnapshot(this.#core.snapshotMeta());
  }

  #readSnapshot(read: Ready["snapshotReads"][number]): void {
    const { min, max } = this.#server.disk.latency;
    this.#later(this.#random.between(min, max), () => {
      const stored = this.#server.image.snapshot;
      const { to, index, offset } = read;
      const chunk = stored?.meta.index === index ? chunkOf(stored, read) : null;
      this.#step({ type: "snapshotRead", to, index, offset, chunk });
    });
  }

  #saveSnapshot(snapshot: StoredSnapshot, onDone: () => void): void {
    const onStored = (): void => {
      onDone();
      if (this.#server.image.snapshot !== snapshot) return; // a newer one was installed meanwhile
      this.#world.coverage.hit("ownSnapshot");
      const retainEntries = this.#world.knobs.snapshotRetainEntries;
      this.#step({ type: "snapshotSaved", snapshot: snapshot.meta, retainEntries });
    };
    this.#server.disk.submit(
      { type: "saveSnapshot", snapshot },
      () => this.#perform(onStored),
      () => this.#perform(onDone),
    );
  }

  #compact(through: LogIndex): void {
    this.#server.log.compactThrough(through);
    this.#server.disk.submit({ type: "compact", through }, () => undefined);
  }

  /** Runs this now, or when the process wakes up. */
  #perform(run: () => void): void {
    if (!this.#isAlive) return;
    if (this.#inbox === null) run();
    else this.#inbox.push(run);
  }

  #later(delay: number, run: () => void): void {
    this.#world.heap.after(delay, () => this.#perform(run));
  }

  #say(what: string): void {
    this.#world.trace.line(this.#world.heap.now, this.#server.id, what);
  }

  /** Whatever a core throws is a finding. */
  #guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof Violation) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw new Violation("core-exception", `${this.#server.id}: ${text}`, { cause: error });
    }
  }
}
