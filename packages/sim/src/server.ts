/** One server of a simulated cluster: a disk that stays, a clock that drifts, processes that die. */
import type { Input, Message, NodeId, PersistedState, RaftStatus } from "@counter/raft";
import { SimDisk } from "./disk.ts";
import type { DiskFailure, DiskImage } from "./disk.ts";
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
  /** Its disk is damaged for good: it is never started again. */
  isDamaged = false;
  readonly #world: World;
  readonly #random: Random;
  readonly #clockRate: number;
  #process: SimProcess | null = null;

  constructor(options: SimServerOptions) {
    const { world, random } = options;
    this.id = options.id;
    this.position = options.position;
    this.#world = world;
    this.#random = random;
    const { clockDrift, disk: latency } = world.knobs;
    this.#clockRate = 1 + (random.below(2001) / 1000 - 1) * clockDrift;
    this.disk = new SimDisk({
      heap: world.heap,
      random: random.fork("disk"),
      latency,
      initial: options.initial,
      onApplied: (operation, replaced) => {
        world.invariants.onDurable(this, operation, replaced);
      },
      onFailure: (failure) => this.#onDiskFailure(failure),
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
    this.#say("starts");
    this.log = this.image.log.clone();
    const world = this.#world;
    const process = new SimProcess({ world, server: this, random: this.#random.fork("process") });
    this.#process = process;
    process.begin();
    this.#planTick(process);
  }

  /** Power loss or kill: unfinished writes are kept or lost, the process is gone. */
  crash(why: string): void {
    const process = this.#process;
    if (process === null) return;
    const world = this.#world;
    if (process.writesOut > 0) world.coverage.hit("crashedBetweenPersistAndSend");
    this.#process = null;
    this.status = null;
    const { kept, lost } = this.disk.crash();
    if (lost > 0) world.coverage.hit("tornTail");
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

  receive(message: Message): void {
    this.#process?.receive(message);
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
    const jitter = this.#random.below(21) - 10;
    this.#world.heap.after(unitsPerTick * this.#clockRate + jitter, () => {
      if (this.#process !== process) return;
      process.tick();
      if (this.#process === process) this.#planTick(process);
    });
  }

  #onDiskFailure(failure: DiskFailure): void {
    this.#world.coverage.hit(failure === "fsync" ? "fsyncFailed" : "diskFull");
    this.crash(failure === "fsync" ? "an fsync failed" : "the disk is full");
  }

  #say(what: string): void {
    this.#world.trace.line(this.#world.heap.now, this.id, what);
  }
}
