/** One server of a simulated cluster: a disk that stays, a clock that drifts, processes that die. */
import type { Input, Message, NodeId, PersistedState, RaftStatus } from "@counter/raft";
import { LocalClock } from "./local-clock.ts";
import { SimDisk } from "./disk.ts";
import type { DiskFailure } from "./disk.ts";
import type { DiskImage } from "./disk-image.ts";
import { unitsPerTick } from "./event-heap.ts";
import type { LogImage } from "./log-image.ts";
import type { SimStateMachine } from "./machine.ts";
import type { MembershipRequest } from "./membership-desk.ts";
import { SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Request } from "./requests.ts";
import type { ServerView } from "./server-view.ts";
import type { World } from "./world.ts";

export interface SimServerOptions {
  readonly world: World;
  readonly id: NodeId;
  readonly position: number;
  readonly random: Random;
  /** What its disk holds at first. */
  readonly initial: PersistedState;
}

export class SimServer implements ServerView {
  readonly id: NodeId;
  readonly position: number;
  readonly disk: SimDisk;
  log: LogImage;
  status: RaftStatus | null = null;
  /** What the disk held before an empty one took its place. */
  lost: DiskImage | null = null;
  /** Its disk has rotted: every start is refused. */
  isDamaged = false;
  readonly clock: LocalClock;
  /** Its ticks do not come; everything else goes on. */
  isClockStopped = false;
  readonly #world: World;
  readonly #random: Random;
  #process: SimProcess | null = null;
  /** The last crash lost the end of what was being written. */
  #tornTail = false;

  constructor(options: SimServerOptions) {
    const { world, random } = options;
    this.id = options.id;
    this.position = options.position;
    this.#world = world;
    this.#random = random;
    const { clockDrift, disk: latency, segmentWrites } = world.knobs;
    this.clock = new LocalClock(world.heap, paceWithin(clockDrift, random));
    this.disk = new SimDisk({
      heap: world.heap,
      random: random.fork("disk"),
      latency,
      initial: options.initial,
      segmentWrites,
      flaw: world.flaw,
      onApplied: (operation, replaced) => {
        world.invariants.onDurable(this, operation, replaced);
      },
      onFailure: (failure) => this.#onDiskFailure(failure),
      onRoomAgain: () => world.coverage.hit("diskFullAndRoomAgain"),
    });
    this.log = this.disk.image.log.clone();
  }

  get image(): DiskImage {
    return this.disk.image;
  }

  /** The process that runs now; `null` while the server is down. */
  get process(): SimProcess | null {
    return this.#process;
  }

  /** Whether its disk is no part of the cluster any more: rotten for good, or replaced by an empty one. */
  get isOut(): boolean {
    return this.isDamaged || this.lost !== null;
  }

  get isDiskHung(): boolean {
    return this.disk.hung;
  }

  get appliedIndex(): number {
    return this.#process?.applier.appliedIndex ?? 0;
  }

  get machine(): SimStateMachine | null {
    return this.#process?.applier.machine ?? null;
  }

  start(): void {
    if (this.#process !== null || this.isDamaged) return;
    const world = this.#world;
    const persisted = this.disk.load();
    if (persisted === null) return this.#refuseToStart();
    if (this.#tornTail) world.coverage.hit("tornTail");
    this.#tornTail = false;
    this.#say("starts");
    this.log = this.image.log.clone();
    const random = this.#random.fork("process");
    const process = new SimProcess({ world, server: this, persisted, random });
    this.#process = process;
    process.begin();
    this.#planTick(process);
  }

  /** Power loss or kill: unfinished writes are kept or lost, the process is gone. */
  crash(why: string): void {
    const process = this.#process;
    if (process === null) return;
    const world = this.#world;
    this.#process = null;
    this.status = null;
    const { kept, lost, nameLost } = this.disk.crash();
    if (kept > 0) world.coverage.hit("crashedBetweenPersistAndSend");
    if (lost > 0) this.#tornTail = true;
    if (nameLost) world.coverage.hit("unsyncedNameLost");
    this.#say(`crashes (${why}): ${kept} writes kept, ${lost} lost`);
    world.invariants.onCrash(this);
    process.requests.onCrash();
  }

  pause(): void {
    if (this.#process === null || this.#process.isPaused) return;
    if (this.status?.role === "leader") this.#world.coverage.hit("pausedLeader");
    this.#say("is paused");
    this.#process.pause();
  }

  resume(): void {
    if (this.#process?.isPaused !== true) return;
    this.#say("wakes up");
    this.#process.resume();
  }

  /** The server comes back under its name with an empty disk, as after a rebuild of its machine. */
  startEmpty(): void {
    this.crash("its disk is replaced by an empty one");
    this.lost ??= this.disk.wipe();
    this.start();
  }

  receive(message: Message, from: SimServer): void {
    // Every server remembers the disks of the others: an empty one is a stranger's.
    if ((this.lost ?? from.lost) !== null && this.#world.flaw !== "admits-an-empty-disk") {
      if (from.lost !== null) this.#world.coverage.hit("emptyDiskKeptOut");
      return;
    }
    this.#process?.receive(message);
  }

  /** A message with this server's name on it, of another cluster. */
  receiveForeign(message: Message): void {
    this.#world.coverage.hit("foreignRefused");
    if (this.#world.flaw === "admits-foreign-clusters") this.#process?.receive(message);
  }

  /** An input from outside the protocol: campaign, stepDown, unreachable. */
  nudge(input: Input): void {
    this.#process?.nudge(input);
  }

  /** An operator wants the membership changed. */
  changeMembership(change: MembershipRequest): void {
    this.#process?.changeMembership(change);
  }

  /** A client's request arrives. Nothing is replied when the process is stopped meanwhile. */
  request(request: Request): void {
    if (this.#process === null) request.reply({ type: "refused", leaderId: null });
    else this.#process.request(request);
  }

  #planTick(process: SimProcess): void {
    const { tickJitterUnits } = this.#world.knobs;
    const jitter = this.#random.between(-tickJitterUnits, tickJitterUnits);
    this.#world.heap.after(unitsPerTick * this.clock.pace + jitter, () => {
      if (this.#process !== process) return;
      if (!this.isClockStopped) process.tick(); // ticks that did not come never come later
      if (this.#process === process) this.#planTick(process);
    });
  }

  #refuseToStart(): void {
    this.#world.coverage.hit("damageRefused");
    if (this.disk.rot === null) this.#world.coverage.hit("misreadRefused");
    else this.isDamaged = true;
    this.#say("finds its disk damaged and refuses to start");
  }

  #onDiskFailure(failure: DiskFailure): void {
    this.#world.coverage.hit(failure === "fsync" ? "fsyncFailed" : "diskFull");
    this.crash(failure === "fsync" ? "an fsync failed" : "the disk is full");
  }

  #say(what: string): void {
    this.#world.trace.line(this.#world.heap.now, this.id, what);
  }
}

/** A clock that is off by at most this share. */
export function paceWithin(drift: number, random: Random): number {
  return 1 + (random.below(2001) / 1000 - 1) * drift;
}
