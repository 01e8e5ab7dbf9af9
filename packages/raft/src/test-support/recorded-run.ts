/** Random runs of a cluster whose cores write down what they are told and what they answer. */
import { isDeepStrictEqual } from "node:util";
import { RaftCore } from "../index.ts";
import type { Input, NodeId, PersistedState, RaftImage, RaftOptions, Ready } from "../index.ts";
import { nextRandom } from "../core/random.ts";
import type { RandomState } from "../core/random.ts";
import { TestCluster } from "./cluster.ts";

export interface TakenImage {
  readonly image: RaftImage;
  /** How many events came before it. */
  readonly at: number;
}

/** Takes an image of itself now and then, right after an input, before its Ready is drawn. */
export class RecordedCore extends RaftCore {
  readonly options: RaftOptions;
  /** What it began with. */
  readonly persisted: PersistedState;
  readonly events: (Input | Ready)[] = [];
  readonly images: TakenImage[] = [];
  readonly #dice: RandomState;

  constructor(options: RaftOptions, persisted: PersistedState) {
    super(options, persisted);
    this.options = options;
    this.persisted = persisted;
    this.#dice = { random: options.seed };
  }

  override step(input: Input): void {
    this.events.push(input);
    super.step(input);
    if (nextRandom(this.#dice, 24) > 0) return;
    this.images.push({ image: this.image(), at: this.events.length });
  }

  override ready(): Ready {
    const ready = super.ready();
    this.events.push(ready);
    return ready;
  }
}

/**
 * Gives the core what the recorded one was given.
 *
 * @returns the first Ready that is not what the recorded one gave; `null` if all are
 */
export function firstDifference(
  core: RaftCore,
  events: readonly (Input | Ready)[],
): { readonly ready: Ready; readonly recorded: Ready } | null {
  for (const event of events) {
    if ("type" in event) core.step(event);
    else {
      const ready = core.ready();
      if (!isDeepStrictEqual(ready, event)) return { ready, recorded: event };
    }
  }
  return null;
}

/** Loss, disorder, held disks, snapshots, reads and transfers, drawn from the seed. */
export function recordedRun(seed: number): readonly RecordedCore[] {
  const dice = { random: seed };
  const cluster = new TestCluster({
    messageMaxEntries: 1 + nextRandom(dice, 3),
    inflightMaxMessages: 1 + nextRandom(dice, 3),
    inflightMaxWrites: 1 + nextRandom(dice, 3),
    snapshotChunkMaxBytes: 1 + nextRandom(dice, 4),
    committedMaxBytes: 1 + nextRandom(dice, 100),
  });
  cluster.lose = () => nextRandom(dice, 16) === 0;
  cluster.hold = () => nextRandom(dice, 6) === 0;
  const cores = cluster.ids.map((id, at) => {
    const server = cluster.server(id);
    const core = new RecordedCore({ ...server.options, seed: seed * 8 + at }, server.disk.image());
    server.core = core;
    return core;
  });
  cluster.step("a", { type: "campaign" });
  for (let count = 0; count < 160; count += 1) disturb(cluster, dice);
  return cores;
}

function disturb(cluster: TestCluster, dice: RandomState): void {
  const id = cluster.ids[nextRandom(dice, cluster.ids.length)]!;
  const leader = cluster.ids.find((one) => cluster.status(one).role === "leader") ?? id;
  const server = cluster.server(id);
  switch (nextRandom(dice, 14)) {
    case 0:
    case 1:
    case 2:
      return cluster.tick(1 + nextRandom(dice, 6));
    case 3:
    case 4:
      return cluster.propose(leader, 1, 2, 3);
    case 5:
      return cluster.deliver(cluster.takeHeld().reverse());
    case 6:
    case 7:
      return cluster.step(id, { type: "read", context: nextRandom(dice, 1000) });
    case 8:
      return cluster.step(leader, { type: "transfer", to: otherThan(cluster, leader, dice) });
    case 9:
      server.diskHeld = true;
      return;
    case 10:
      for (const one of cluster.ids) cluster.server(one).releaseDisk();
      return cluster.settle();
    case 11:
      return nextRandom(dice, 2) === 0 ? cluster.isolate(id) : cluster.heal();
    case 12:
      return cluster.step(leader, { type: "unreachable", peer: id });
    default:
      return saveSnapshot(cluster, leader, dice);
  }
}

function otherThan(cluster: TestCluster, id: NodeId, dice: RandomState): NodeId | null {
  const others = [...cluster.ids.filter((one) => one !== id), null];
  return others[nextRandom(dice, others.length)] ?? null;
}

/** The chunks that followers ask for then are read late. */
function saveSnapshot(cluster: TestCluster, id: NodeId, dice: RandomState): void {
  const server = cluster.server(id);
  server.snapshotReadsHeld = nextRandom(dice, 2) === 0;
  const { appliedIndex, persistedIndex, snapshot } = server.status;
  if (appliedIndex > persistedIndex || appliedIndex <= (snapshot?.index ?? 0)) return;
  server.saveSnapshot(nextRandom(dice, 3));
  cluster.settle();
}
