/** Who takes part, and changing it: what the HTTP layer sees of the cluster's membership. */
import type {
  ChangeOptions,
  Configuration,
  LogIndex,
  Member,
  Membership,
  MembershipChange,
  NodeId,
  RaftNodeStatus,
} from "@counter/raft";
import { InvalidChangeError, NotLeaderError } from "@counter/raft";

/** Who has not answered for an election timeout may be gone; in ticks. */
const silentMinTicks = 20;

/**
 * - `voter`: counts, and may lead
 * - `learner`: receives everything and does not count (yet, if it is `joining`)
 * - `leaving`: counts until the change that is under way is over
 */
export type MemberRole = "voter" | "learner" | "leaving";

export interface MemberView extends Member {
  readonly role: MemberRole;
  /** Whether it becomes a voter by itself once it has caught up. */
  readonly joining: boolean;
}

export interface MembershipView {
  /** Where the configuration in force stands in the log, for compare-and-set. */
  readonly configurationIndex: LogIndex;
  /** Whether it is decided: what is not may still be taken back by another leader. */
  readonly committed: boolean;
  readonly leader: NodeId | null;
  readonly members: readonly MemberView[];
}

export interface ChangeRequest {
  /** Only if the configuration in force stands there; `null`: whatever it is. */
  readonly expectedIndex: LogIndex | null;
  /** Also if the cluster might stop because of it. */
  readonly force: boolean;
}

/** Every rejection carries a `code`: one of `@counter/raft`'s errors, or `UNKNOWN_MEMBER`. */
export interface ClusterMembers {
  view(): MembershipView;
  /**
   * Adds a learner, which becomes a voter by itself unless `voter` is `false`. It takes the place of
   * a member of another name at the same address, once that one is silent: two servers cannot be
   * there. A member that is known by another address has moved; not while it can be reached at the
   * one that is known: somebody else runs as that member then. Idempotent.
   *
   * @returns with `changed`: whether there was anything to do
   */
  add(
    member: Member & { readonly voter: boolean },
    request: ChangeRequest,
  ): Promise<MembershipView & { readonly changed: boolean }>;
  remove(id: NodeId, request: ChangeRequest): Promise<MembershipView>;
  /** Makes a learner a voter at once. */
  promote(id: NodeId, request: ChangeRequest): Promise<MembershipView>;
}

/** There is no member of this name. */
export class UnknownMemberError extends Error {
  override readonly name = "UnknownMemberError";
  readonly code = "UNKNOWN_MEMBER";
  readonly outcome = "not-applied";
  constructor(id: NodeId, members: readonly Member[]) {
    const known = members.map((member) => member.id).join(", ");
    super(`${id.slice(0, 128)} is not a member of this cluster; ${known} are`);
  }
}

export interface RaftMembersOptions {
  readonly node: {
    changeMembership(
      changes: readonly MembershipChange[],
      options?: ChangeOptions,
    ): Promise<Membership>;
    status(): RaftNodeStatus;
  };
  readonly timeoutMs: number;
  /** Where this node runs. */
  readonly address: string;
  /** Whether a member answers at the address that the configuration says. */
  readonly reaches: (id: NodeId) => boolean;
}

export class RaftMembers implements ClusterMembers {
  readonly #options: RaftMembersOptions;

  constructor(options: RaftMembersOptions) {
    this.#options = options;
  }

  view(): MembershipView {
    const { configuration, configurationIndex, commitIndex, leaderId } =
      this.#options.node.status();
    const committed = configurationIndex <= commitIndex;
    return viewOf(configuration, { configurationIndex, committed, leader: leaderId });
  }

  async add(
    { id, address, voter }: Member & { readonly voter: boolean },
    request: ChangeRequest,
  ): Promise<MembershipView & { readonly changed: boolean }> {
    const { members, voters, learners, joining } = this.#configuration();
    const known = members.find((member) => member.id === id);
    const isVoter = voters.includes(id);
    const isThere = isVoter ? voter : learners.includes(id) && joining.includes(id) === voter;
    if (known?.address === address && isThere) return { ...this.view(), changed: false };
    if (known !== undefined && known.address !== address) this.#requireMoved(known, address);
    const replaced = members.find((member) => member.address === address && member.id !== id);
    const changes: MembershipChange[] = [];
    if (replaced !== undefined) {
      this.#requireSilent(replaced, request);
      changes.push({ type: "remove", id: replaced.id });
    }
    const member = { id, address };
    if (isVoter && voter) changes.push({ type: "setAddress", member });
    else changes.push({ type: "addLearner", member, promote: voter });
    return { ...(await this.#change(changes, request)), changed: true };
  }

  async remove(id: NodeId, request: ChangeRequest): Promise<MembershipView> {
    this.#known(id);
    return this.#change([{ type: "remove", id }], request);
  }

  async promote(id: NodeId, request: ChangeRequest): Promise<MembershipView> {
    const member = this.#known(id);
    if (this.#configuration().voters.includes(id)) return this.view();
    return this.#change([{ type: "addVoter", member }], request);
  }

  /** @throws NotLeaderError: only the leader knows which configuration is the newest */
  #configuration(): Configuration {
    const { role, leaderId, configuration } = this.#options.node.status();
    if (role !== "leader") throw new NotLeaderError(leaderId);
    return configuration;
  }

  /**
   * A new node that was given the address of another one by mistake must not push it out. Whoever has
   * really come in its place keeps asking, and soon nobody else has answered there.
   */
  #requireSilent({ id, address }: Member, { force }: ChangeRequest): void {
    const status = this.#options.node.status();
    const silentTicks = status.peers[id]?.silentTicks ?? Infinity;
    if (id !== status.id && (force || silentTicks >= silentMinTicks)) return;
    throw new InvalidChangeError(
      `${id} is at ${address} and answers: remove it first, or use another address`,
    );
  }

  /** Two nodes under one id could vote twice, so that `force` does not help here. */
  #requireMoved({ id, address: known }: Member, address: string): void {
    const { node, address: own, reaches } = this.#options;
    const isThere = id === node.status().id ? address !== own : reaches(id);
    if (!isThere) return;
    throw new InvalidChangeError(
      `${id} is at ${known} and answers, so that it cannot be at ${address}: stop the one or the other`,
    );
  }

  #known(id: NodeId): Member {
    const { members } = this.#configuration();
    const member = members.find((other) => other.id === id);
    if (member === undefined) throw new UnknownMemberError(id, members);
    return member;
  }

  async #change(
    changes: readonly MembershipChange[],
    { expectedIndex, force }: ChangeRequest,
  ): Promise<MembershipView> {
    const { node, timeoutMs } = this.#options;
    const cas = expectedIndex === null ? {} : { expectedIndex };
    const changed = await node.changeMembership(changes, { ...cas, force, timeoutMs });
    const { leaderId } = node.status();
    return viewOf(changed.configuration, {
      configurationIndex: changed.index,
      committed: true,
      leader: leaderId,
    });
  }
}

function viewOf(c: Configuration, facts: Omit<MembershipView, "members">): MembershipView {
  const roleOf = (id: NodeId): MemberRole => {
    if (c.voters.includes(id)) return "voter";
    return c.outgoing.includes(id) ? "leaving" : "learner";
  };
  const members = c.members.map(({ id, address }) => {
    return { id, address, role: roleOf(id), joining: c.joining.includes(id) };
  });
  return { ...facts, members };
}
