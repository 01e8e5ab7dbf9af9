/**
 * *Sometimes* assertions: corners that a good simulation reaches now and then. A corner that a whole
 * batch of seeds never reached means that the simulation has stopped testing something.
 */
import { membershipCorners } from "./membership-corners.ts";

const coreCorners = {
  splitVote: "two candidates of one term, and neither won",
  truncatedByNewLeader: "a new leader replaced entries of an old one",
  snapshotInstalled: "a server was brought up to date by a snapshot",
  ownSnapshot: "a server took a snapshot of its own and compacted its log",
  crashedBetweenPersistAndSend:
    "a crash after a write: it is there, what it vouches for never left",
  tornTail: "a server started again without the tail that a crash had torn",
  unsyncedNameLost: "a crash lost the name of a file whose contents were synced",
  fsyncFailed: "an fsync failed and the server stopped at once",
  diskFull: "a disk was full and the server stopped at once",
  diskFullAndRoomAgain: "a write waited for room on a full disk and was stored in the end",
  damageRefused: "a damaged disk was refused at the start",
  misreadRefused: "a disk was misread once: the start was refused, a later one was not",
  emptyDiskKeptOut: "a server that came back with an empty disk was not listened to",
  foreignRefused: "a message of another cluster was dropped",
  strayDropped: "a message that was delivered to the wrong server was dropped",
  clockStopped: "a leader's clock stood still while its messages went on",
  flappingLeader: "a leader had links that came and went",
  figure8: "an entry on a majority was replaced before it was committed (Figure 8)",
  keyHitAfterLeaderChange: "a retried key was answered by a later leader, not applied again",
  keyHitAfterSnapshot: "a retried key was answered from a key table that came with a snapshot",
  oneWayStepDown: "a leader that was not heard any more stepped down",
  veryOldMessage: "a message arrived after more than ten election timeouts",
  leaderRead: "a leader served a linearizable read",
  followerRead: "a follower served a linearizable read",
  diskStallStepDown: "a leader whose disk hung gave leadership up",
  pausedLeader: "a leader was paused and woke up",
  proposalLost: "a proposal was replaced before it was committed",
  leadershipGivenUp: "a leader was asked to step down and did",
  leadershipHandedOver: "a follower campaigned because the leader told it to, and won",
  learnerCaughtUp: "a learner followed to the end",
} as const;

export const corners: typeof coreCorners & typeof membershipCorners = {
  ...coreCorners,
  ...membershipCorners,
};

export type Corner = keyof typeof corners;

export const cornerNames: readonly Corner[] = Object.keys(corners).filter(isCorner);

function isCorner(name: string): name is Corner {
  return Object.hasOwn(corners, name);
}

/** How often each of some corners was reached. */
export class Tally<C extends string> {
  readonly names: readonly C[];
  readonly #counts = new Map<C, number>();

  constructor(names: readonly C[]) {
    this.names = names;
  }

  hit(corner: C): void {
    this.#counts.set(corner, this.count(corner) + 1);
  }

  count(corner: C): number {
    return this.#counts.get(corner) ?? 0;
  }

  /** Adds what other runs counted. */
  add(counts: Readonly<Record<C, number>>): void {
    for (const corner of this.names) {
      const more = counts[corner];
      if (more > 0) this.#counts.set(corner, this.count(corner) + more);
    }
  }

  /** How often each corner was reached, 0 included. */
  get counts(): Readonly<Record<C, number>> {
    const entries = this.names.map((corner) => [corner, this.count(corner)] as const);
    return Object.fromEntries(entries) as Record<C, number>;
  }

  /** The corners that were never reached. */
  get missing(): readonly C[] {
    return this.names.filter((corner) => this.count(corner) === 0);
  }
}

export class Coverage extends Tally<Corner> {
  constructor() {
    super(cornerNames);
  }
}

export type CornerCounts = Readonly<Record<Corner, number>>;
