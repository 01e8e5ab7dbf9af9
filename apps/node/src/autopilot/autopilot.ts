/**
 * Carries out what {@link decide} decides, on whichever node leads. Every node looks, so that a new
 * leader knows who came in whose place.
 */
import type { NodeId, RaftNodeStatus } from "@counter/raft";
import type { Logger } from "winston";

import type { ClusterMembers } from "../engine/members.ts";
import { messageOf } from "../process/error-text.ts";
import type { GossipMember } from "../gossip/gossip-member.ts";
import { decide, type AutopilotLimits, type AutopilotView, type Removal } from "./decide.ts";
import { account, type Account } from "./newcomers.ts";
import { Standings } from "./standings.ts";

/** Between two looks, in milliseconds. */
export const lookEveryMs = 2000;
/** How long a voter must have been silent in whose place another one has come, in milliseconds. */
export const replacedAfterMs = 10_000;
/** No cluster gets smaller than this by itself, unless it began smaller. */
export const votersMin = 3;

/** What is looked at, of a node's own view of Raft. */
export interface RaftLook extends Pick<
  RaftNodeStatus,
  "id" | "role" | "term" | "commitIndex" | "configuration" | "configurationIndex"
> {
  readonly peers: Readonly<Record<NodeId, { readonly silentTicks: number | null }>>;
}

export interface AutopilotParts {
  readonly status: () => RaftLook;
  /** Resolves when a majority has confirmed that this node leads. */
  readonly confirm: () => Promise<unknown>;
  readonly members: Pick<ClusterMembers, "remove">;
  readonly gossip: () => readonly GossipMember[];
  /** Whether messages reach this member now. */
  readonly connected: (id: NodeId) => boolean;
  readonly clusterId: string;
  readonly limits: AutopilotLimits;
  /** Length of a tick of Raft in milliseconds. */
  readonly tickMs: number;
  readonly log: Logger;
  /** A clock that only goes forward, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

export class Autopilot {
  readonly #parts: AutopilotParts;
  readonly #standings: Standings;
  #timer: NodeJS.Timeout | null = null;
  #account: Account | null = null;
  /** For how long this node leads in this term, as far as it was awake to see. */
  #leading: { readonly term: number; ms: number } | null = null;
  #lookedAt: number;
  #busy = false;
  #ended = false;
  #told: string | null = null;

  constructor(parts: AutopilotParts) {
    this.#parts = parts;
    this.#standings = new Standings(parts.clusterId);
    this.#lookedAt = this.#now();
  }

  /** From now on; not before the node has caught up, or old promotions would look like new ones. */
  begin(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
    // A node that has just joined is a learner now: it has to see its own promotion.
    void this.look();
  }

  end(): void {
    this.#ended = true;
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Looks once, and carries out what is to be done; never rejects. */
  async look(): Promise<void> {
    const status = this.#parts.status();
    this.#countTime(status);
    const first = this.#view(status);
    if (this.#busy || this.#ended || decide(first, this.#parts.limits) === null) return;
    this.#busy = true;
    try {
      await this.#parts.confirm();
      // Meanwhile it may have come back, or another node may lead.
      const now = this.#parts.status();
      const removal = decide(this.#view(now), this.#parts.limits);
      if (removal !== null) await this.#remove(removal, now.configurationIndex);
    } catch (error) {
      this.#tell(`a dead member could not be removed: ${messageOf(error)}`);
    } finally {
      this.#busy = false;
    }
  }

  async #remove(removal: Removal, expectedIndex: number): Promise<void> {
    const { members, log } = this.#parts;
    log.warn(`${sentenceOf(removal)}: it is removed from the cluster`);
    await members.remove(removal.id, { expectedIndex, force: false });
    this.#told = null;
  }

  #view(status: RaftLook): AutopilotView {
    const { id: self, configuration, configurationIndex, commitIndex } = status;
    const committed = configurationIndex <= commitIndex;
    const ids = configuration.members.map(({ id }) => id);
    const standing = this.#standings.look(this.#parts.gossip(), ids);
    if (committed && configuration.outgoing.length === 0) {
      const isGone = (id: NodeId): boolean => {
        const held = standing.get(id);
        return held === "failed" || held === "left" || !this.#parts.connected(id);
      };
      const gone = new Set(ids.filter((id) => id !== self && isGone(id)));
      this.#account = account(this.#account, { voters: configuration.voters, gone });
    }
    return {
      self,
      confirmed: status.role === "leader",
      configuration,
      committed,
      busy: false, // one look at a time carries something out
      silentMs: this.#silentMs(status),
      standing,
      newcomers: this.#account?.newcomers ?? [],
    };
  }

  /** A peer that was never heard of is silent for as long as this node leads. */
  #silentMs({ peers }: RaftLook): ReadonlyMap<NodeId, number> {
    const found = new Map<NodeId, number>();
    for (const [id, { silentTicks }] of Object.entries(peers)) {
      const ms = silentTicks === null ? (this.#leading?.ms ?? 0) : silentTicks * this.#parts.tickMs;
      found.set(id, ms);
    }
    return found;
  }

  /** Of a stall only what a look takes: nobody could be heard in it. */
  #countTime({ role, term }: RaftLook): void {
    const now = this.#now();
    const ms = Math.min(now - this.#lookedAt, lookEveryMs);
    this.#lookedAt = now;
    if (role !== "leader") this.#leading = null;
    else if (this.#leading?.term === term) this.#leading.ms += ms;
    else this.#leading = { term, ms: 0 };
  }

  #tell(text: string): void {
    if (this.#ended) return; // it was cut short
    this.#parts.log.log(this.#told === text ? "debug" : "warn", text);
    this.#told = text;
  }

  #now(): number {
    return (this.#parts.now ?? performance.now.bind(performance))();
  }
}

function sentenceOf({ id, silentMs, newcomer }: Removal): string {
  const seconds = Math.round(silentMs / 1000);
  const gone = `${id} has failed, and has not been heard of for ${seconds} s`;
  return newcomer === null ? gone : `${gone}, and ${newcomer} votes in its place`;
}
