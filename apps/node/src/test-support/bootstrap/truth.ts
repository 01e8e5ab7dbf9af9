/** What was decided in a simulated world, and what must never happen in it. */
import { firstMembersOf } from "../../bootstrap/rules.ts";
import type { DirectoryId, Proposal } from "../../bootstrap/types.ts";

/** Something happened that must not. */
export class Violation extends Error {}

interface Decision {
  readonly proposal: Proposal;
  /** Directories that the coordinator or a participant saw when it agreed. */
  readonly seen: ReadonlySet<DirectoryId>;
}

export class Truth {
  readonly #expects: ReadonlySet<number>;
  readonly #decisions = new Map<string, Decision>();
  /** What a directory saw when it pledged itself, by cluster and directory. */
  readonly #sawAtPledge = new Map<string, readonly DirectoryId[]>();

  constructor(expects: readonly number[]) {
    this.#expects = new Set(expects);
  }

  get decisions(): number {
    return this.#decisions.size;
  }

  onPledged(clusterId: string, directoryId: DirectoryId, seen: readonly DirectoryId[]): void {
    this.#sawAtPledge.set(`${clusterId} ${directoryId}`, seen);
  }

  /** A cluster that was on one disk only is gone with it. */
  onLost(clusterId: string): void {
    const only = this.#decisions.get(clusterId)?.proposal.participants.length === 1;
    if (only) this.#decisions.delete(clusterId);
  }

  /** @param proposal - what its first members begin with; `null` for one that joins */
  requireDecided(clusterId: string, proposal: Proposal | null): void {
    const decision = this.#decisions.get(clusterId);
    if (decision === undefined) throw new Violation(`${clusterId} was not decided by anybody`);
    if (proposal === null || JSON.stringify(proposal) === JSON.stringify(decision.proposal)) return;
    throw new Violation(`${clusterId} is begun with another configuration`);
  }

  onDecided(
    proposal: Proposal,
    seenByCoordinator: readonly DirectoryId[],
    begun: readonly { readonly directoryId: DirectoryId; readonly clusterId: string | null }[],
  ): void {
    const { clusterId, participants, expect } = proposal;
    const members = firstMembersOf(proposal);
    if (members.length !== expect || !this.#expects.has(members.length)) {
      throw new Violation(`${clusterId} has ${members.length} first members`);
    }
    const seen = new Set(seenByCoordinator);
    for (const { directoryId } of participants) {
      seen.add(directoryId);
      const saw = this.#sawAtPledge.get(`${clusterId} ${directoryId}`) ?? [];
      for (const other of saw) seen.add(other);
    }
    for (const [id, other] of this.#decisions) {
      const shared = [...seen].find((one) => other.seen.has(one));
      if (shared === undefined) continue;
      throw new Violation(`${id} and ${clusterId} share ${shared.slice(0, 8)}`);
    }
    this.#decisions.set(clusterId, { proposal, seen });
    for (const one of begun) {
      if (one.clusterId !== null) this.onBegun(one.directoryId, one.clusterId);
    }
  }

  onBegun(directoryId: DirectoryId, clusterId: string): void {
    for (const [id, { proposal }] of this.#decisions) {
      const named = proposal.participants.some((one) => one.directoryId === directoryId);
      if (id === clusterId || !named) continue;
      throw new Violation(`${directoryId.slice(0, 8)} of ${id} is in ${clusterId} as well`);
    }
  }
}
