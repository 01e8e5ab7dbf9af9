/** Notices the corners of changing the membership. Corners only: what must hold is elsewhere. */
import type { ChangeRefusal, Configuration, Entry, Note, Outcome, RaftStatus } from "@counter/raft";
import type { Coverage } from "./coverage.ts";
import type { MembershipCorner } from "./membership-corners.ts";
import type { ServerView } from "./server-view.ts";

/** A configuration entry and what it says. */
export interface ConfigurationEntry {
  readonly entry: Entry;
  readonly configuration: Configuration;
}

const refusalCorners: Readonly<Record<ChangeRefusal["reason"], MembershipCorner>> = {
  notLeader: "changeRefusedNotLeader",
  changeTooEarly: "changeRefusedTooEarly",
  changeInProgress: "changeRefusedInProgress",
  configurationMoved: "changeRefusedMoved",
  invalidChange: "changeRefusedInvalid",
  unsafeChange: "changeRefusedUnsafe",
};

export class MembershipWatch {
  readonly #coverage: Coverage;

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /** `committed` is the newest configuration that is committed anywhere. */
  onStatus(
    server: ServerView,
    before: RaftStatus,
    now: RaftStatus,
    committed: Configuration | null,
  ): void {
    if (before.role === now.role || committed === null) return;
    const isMember = committed.members.some(({ id }) => id === server.id);
    if (now.role === "preCandidate" && !isMember) this.#coverage.hit("removedCampaignedInVain");
    if (before.role === "leader" && now.term === before.term && now.removed) {
      this.#coverage.hit("leaderRemovedItself");
    }
  }

  onOutcome(outcome: Outcome): void {
    if (outcome.type === "changeProposed") this.#coverage.hit("changeMade");
    if (outcome.type === "changeRefused")
      this.#coverage.hit(refusalCorners[outcome.refusal.reason]);
  }

  onNote(note: Note): void {
    if (note.type === "promoted") this.#coverage.hit("learnerPromoted");
  }

  /** A configuration was replaced in a log. */
  onTruncated(): void {
    this.#coverage.hit("configurationTruncated");
  }

  /** A snapshot arrived with a configuration of which the log had not heard. */
  onBrought(): void {
    this.#coverage.hit("snapshotBroughtConfiguration");
  }

  /** The last of these was committed; the others were before, oldest first. */
  onCommitted(all: readonly ConfigurationEntry[]): void {
    const last = all[all.length - 1];
    const before = all[all.length - 2];
    if (last === undefined || before === undefined) return;
    const { outgoing, voters } = last.configuration;
    if (outgoing.length > 0) this.#coverage.hit("jointEntered");
    if (before.configuration.outgoing.length > 0 && before.entry.term !== last.entry.term) {
      this.#coverage.hit("jointLeftByAnother");
    }
    const wasOne = all.some(({ configuration }) => configuration.voters.length === 1);
    if (wasOne && voters.length >= 3) this.#coverage.hit("grownFromOne");
    if (isPromotedLater(all)) this.#coverage.hit("promotedByLaterLeader");
    for (const { id } of last.configuration.members) {
      if (names(before, id)) continue;
      if (all.slice(0, -2).some((earlier) => names(earlier, id))) {
        this.#coverage.hit("removedCameBack");
      }
    }
  }
}

function names({ configuration }: ConfigurationEntry, id: string): boolean {
  return configuration.members.some((member) => member.id === id);
}

/** Whether somebody votes now who was to be promoted already by the entry of another leader. */
function isPromotedLater(all: readonly ConfigurationEntry[]): boolean {
  const last = all[all.length - 1]!;
  const before = all[all.length - 2]!;
  return before.configuration.joining.some((id) => {
    if (!last.configuration.voters.includes(id)) return false;
    const added = all.find(({ configuration }) => configuration.joining.includes(id));
    return added !== undefined && added.entry.term < last.entry.term;
  });
}
