/** One node as the world sees it: an address, a disk, a clock, and maybe a process. */
import type { Address, NodeId } from "@counter/eventual";
import type { Random } from "../random.ts";
import { WallClock } from "./clock.ts";
import { JournalDisk } from "./journal-disk.ts";
import { NodeProcess, guarded, optionsOf } from "./process.ts";
import { NodeWatch } from "./watch.ts";
import type { EventualWorld } from "./world.ts";
import { storedRecords } from "./stored.ts";

export class SimNode {
  readonly seat: number;
  readonly address: Address;
  readonly clock: WallClock;
  readonly disk: JournalDisk;
  /** Whose addresses it is started with. */
  peers: readonly Address[] = [];
  /** The data directory has an id of its own; an empty one gets another. */
  id: NodeId;
  clusterId: string;
  /** Whether it asks at `peers` without telling anybody of them. */
  asksAlone = false;
  watch: NodeWatch;
  process: NodeProcess | null = null;
  /** It was removed, or has left: it must not be started again with this disk. */
  isGone = false;
  /** Somebody asked for its removal, or it asked to leave. */
  wasRemoved = false;
  /** That was done, under the id that it has. */
  isRemoved = false;
  /** Another process uses a copy of its data directory. */
  hasTwin = false;
  /** Its disk went back in time, once at least. */
  hasGoneBack = false;
  /** Its disk went back in time, and it is not up again yet. */
  isBeingRestored = false;
  /** How much slower its ticks are: 1.3 is nearly a third. */
  pace = 1;
  readonly #world: EventualWorld;
  readonly #random: Random;
  #started = 0;

  constructor(world: EventualWorld, seat: number, random: Random) {
    this.#world = world;
    this.#random = random;
    this.seat = seat;
    this.address = `n${seat + 1}:80`;
    this.clock = new WallClock(world.heap);
    this.id = hexOf(random, 32);
    this.clusterId = `c${hexOf(random, 8)}`;
    this.watch = new NodeWatch(world, this);
    this.disk = new JournalDisk({
      heap: world.heap,
      random: random.fork("disk"),
      latency: world.knobs.disk,
      onStored: (entries) => storedRecords(world.truth, entries, this.id),
    });
  }

  get name(): string {
    return `n${this.seat + 1}`;
  }

  get starts(): number {
    return this.#started;
  }

  start(): void {
    if (this.process !== null || this.isGone || this.isBeingRestored) return;
    this.#started += 1;
    const number = this.seat * 1_000_000 + this.#started;
    this.process = new NodeProcess(this.#world, this, number, this.#random.fork("process"));
    this.process.start();
  }

  processNumbered(number: number): NodeProcess | null {
    return this.process?.number === number ? this.process : null;
  }

  /** kill -9, or the power. */
  crash(why: string): void {
    if (this.process === null) return;
    const { coverage, trace, heap } = this.#world;
    if (this.disk.pendingWrites > 0) coverage.hit("crashBeforeSend");
    this.process.kill();
    this.process = null;
    const { kept, lost, inCheckpoint } = this.disk.crash();
    if (kept > 0 && lost > 0) coverage.hit("tornWrite");
    if (inCheckpoint) coverage.hit("crashInCheckpoint");
    trace.line(heap.now, this.name, `crashes: ${why}; kept ${kept} entries, lost ${lost}`);
  }

  /** The same directory, as far as it is on the disk of that node. */
  becomeCopyOf(original: SimNode): void {
    this.id = original.id;
    this.clusterId = original.clusterId;
    this.peers = [...original.peers];
    this.disk.restore(original.disk.copy());
    this.watch = new NodeWatch(this.#world, this);
  }

  /** The disk is as it was; what it holds is known at once, and not when a process reads it. */
  goBackTo(entries: readonly Uint8Array[]): void {
    this.disk.restore(entries);
    this.watch = new NodeWatch(this.#world, this);
    const reader = this.#world.factory(optionsOf(this.#world, this, this.#random.fork("reader")));
    guarded(this.name, () => {
      for (const entry of entries) reader.load(entry);
    });
    this.watch.onLoaded(reader);
    this.hasGoneBack = true;
    this.isBeingRestored = true;
  }

  /** Another directory, without anything in it. */
  becomeNew(): void {
    this.id = hexOf(this.#random, 32);
    this.clusterId = `c${hexOf(this.#random, 8)}`;
    this.disk.restore([]);
    this.watch = new NodeWatch(this.#world, this);
    this.isGone = false;
    this.wasRemoved = false;
    this.isRemoved = false;
  }
}

export function hexOf(random: Random, digits: number): string {
  let text = "";
  while (text.length < digits) text += random.next().toString(16).padStart(8, "0");
  return text.slice(0, digits);
}
