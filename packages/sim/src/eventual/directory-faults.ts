/** What happens to data directories: lost, rolled back to an older copy, or used twice. */
import { unitsPerTick } from "../event-heap.ts";
import type { FaultTools } from "./faults.ts";
import { onDiskWentBack, onNodeLost } from "./losses.ts";
import { SimNode } from "./node.ts";

/** Most directories lost in one run: each is a member for ever unless somebody removes it. */
const lostMax = 4;

export class DirectoryFaults {
  readonly #tools: FaultTools;
  #lost = 0;
  /** One node's copy at a time, made before the disk goes back to it. */
  #copy: {
    readonly node: SimNode;
    readonly id: string;
    readonly entries: readonly Uint8Array[];
  } | null = null;

  constructor(tools: FaultTools) {
    this.#tools = tools;
  }

  /** rm -rf, and a start at the same address. */
  lose(victim: SimNode): void {
    const { world, say, mendLater } = this.#tools;
    if (this.#lost >= lostMax || victim.hasTwin || victim.wasRemoved) return;
    this.#lost += 1;
    world.coverage.hit("diskLost");
    victim.crash("its disk is gone");
    onNodeLost(world, victim);
    world.goneIds.add(victim.id);
    victim.becomeNew();
    say(`${victim.name} lost its disk and comes back as ${victim.id.slice(0, 4)}`);
    mendLater(() => victim.start());
  }

  /** The first time a copy is made, the next time the disk goes back to it. */
  rollBack(victim: SimNode): void {
    const { world, say, mendLater } = this.#tools;
    const copy = this.#copy;
    if (copy === null) {
      this.#copy = { node: victim, id: victim.id, entries: victim.disk.copy() };
      return;
    }
    const { node } = copy;
    this.#copy = null;
    if (node.id !== copy.id || node.isGone || node.hasTwin || node.wasRemoved) return;
    node.crash("its machine goes back to an older copy");
    world.rollbacks += 1;
    node.goBackTo(copy.entries);
    say(`the disk of ${node.name} is as it was, ${copy.entries.length} entries`);
    world.exchanges.dropSentOf(node.seat);
    mendLater(() => this.#startWhenQuiet(node));
  }

  /**
   * To restore a machine takes longer than anything it sent is under way: else a record could reach
   * others after they have said that they know nothing of it.
   */
  #startWhenQuiet(node: SimNode): void {
    const { world } = this.#tools;
    const isBusy = world.nodes.some((other) => {
      // What is on the disk of one that is down is known when it has read it.
      const isDown = other.process === null && !other.isGone && !other.isBeingRestored;
      return isDown || other.disk.pendingWrites > 0 || other.process?.isPaused === true;
    });
    if (isBusy) {
      world.heap.after(unitsPerTick, () => this.#startWhenQuiet(node));
      return;
    }
    node.isBeingRestored = false;
    node.start();
    onDiskWentBack(world, node);
  }

  /** A second process with a copy of the directory, at another address; the first one goes on. */
  startTwin(victim: SimNode): void {
    const { world, say, mendLater, random } = this.#tools;
    if (victim.process === null || victim.hasTwin || victim.wasRemoved) return;
    if (world.nodes.some(({ hasTwin }) => hasTwin)) return;
    const twin = new SimNode(world, world.nodes.length, random.fork("twin"));
    if (twin.seat >= world.seatsMax) return;
    world.nodes.push(twin);
    say(`${twin.name} is started with a copy of the directory of ${victim.name}`);
    twin.becomeCopyOf(victim);
    victim.hasTwin = true;
    twin.hasTwin = true;
    twin.start();
    mendLater(() => {
      twin.crash("the copy is noticed");
      onNodeLost(world, twin);
      twin.isGone = true;
    });
  }
}
