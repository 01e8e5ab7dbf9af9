/** Notices the corners that show only between two looks at a core: elections and step-downs. */
import type { RaftStatus, Term } from "@counter/raft";
import type { Coverage } from "./coverage.ts";
import type { SimNetwork } from "./network.ts";
import type { ServerView } from "./server-view.ts";

export class CornerWatch {
  readonly #coverage: Coverage;
  readonly #network: SimNetwork;
  readonly #servers: readonly ServerView[];
  readonly #candidacies = new Map<Term, number>();
  readonly #won = new Set<Term>();
  /** Candidacies without a pre-vote: a leader asked for them. */
  readonly #asked = new Set<Term>();

  constructor(parts: {
    readonly coverage: Coverage;
    readonly network: SimNetwork;
    readonly servers: readonly ServerView[];
  }) {
    this.#coverage = parts.coverage;
    this.#network = parts.network;
    this.#servers = parts.servers;
  }

  onStatus(
    server: ServerView & { readonly isDiskHung: boolean },
    before: RaftStatus,
    now: RaftStatus,
  ): void {
    if (before.role === now.role && before.term === now.term) return;
    if (now.role === "leader") {
      this.#won.add(now.term);
      if (this.#asked.has(now.term)) this.#coverage.hit("leadershipHandedOver");
    }
    const isSoleVoter = now.configuration.voters.length === 1;
    if (before.role === "follower" && now.role === "candidate" && !isSoleVoter) {
      this.#asked.add(now.term);
    }
    if (now.role === "candidate") {
      this.#candidacies.set(now.term, (this.#candidacies.get(now.term) ?? 0) + 1);
    } else if (before.role === "candidate" && now.role !== "leader") {
      const isSplit = (this.#candidacies.get(before.term) ?? 0) > 1 && !this.#won.has(before.term);
      if (isSplit) this.#coverage.hit("splitVote");
    }
    if (before.role === "leader" && now.role === "follower" && now.term === before.term) {
      if (server.isDiskHung) this.#coverage.hit("diskStallStepDown");
      if (this.#isHalfCut(server)) this.#coverage.hit("oneWayStepDown");
    }
  }

  /** Whether some link of this server works in one direction only. */
  #isHalfCut({ position }: ServerView): boolean {
    return this.#servers.some(({ position: other }) => {
      const out = this.#network.isCut({ from: position, to: other });
      return out !== this.#network.isCut({ from: other, to: position });
    });
  }
}
