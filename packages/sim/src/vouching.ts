/**
 * Looks at each message at the moment it leaves: what it vouches for must be true of the sender's
 * disk, not of its memory.
 */
import type {
  AppendEntries,
  AppendEntriesResponse,
  InstallSnapshotResponse,
  LogIndex,
  Message,
  NodeId,
  RaftOptions,
  RequestVote,
  RequestVoteResponse,
  Term,
} from "@counter/raft";
import { describeMessage } from "./describe.ts";
import type { DiskImage } from "./disk-image.ts";
import type { ServerView } from "./server-view.ts";
import { check } from "./violation.ts";

const noVotes: ReadonlyMap<NodeId, NodeId> = new Map<NodeId, NodeId>();

export class Vouching {
  readonly #options: RaftOptions;
  readonly #leaders: ReadonlyMap<Term, ServerView>;
  /** Every vote that ever left, by term and voter. */
  readonly #votes = new Map<Term, Map<NodeId, NodeId>>();

  constructor(options: RaftOptions, leaders: ReadonlyMap<Term, ServerView>) {
    this.#options = options;
    this.#leaders = leaders;
  }

  /** Who has voted for whom in this term, as far as it left. A sole voter says it to nobody. */
  votesIn(term: Term): ReadonlyMap<NodeId, NodeId> {
    return this.#votes.get(term) ?? noVotes;
  }

  /** @throws {@link Violation} when the message says more than the disk holds */
  onLeave(sender: ServerView, m: Message): void {
    if (answersWithTerm(m)) {
      const { term } = sender.image.hardState;
      check(term >= m.term, "vouched-durable", () => {
        return `${sender.id} answers in t${m.term}; its disk says t${term}`;
      });
    }
    switch (m.type) {
      case "requestVote":
        if (!m.preVote) this.#candidacy(sender, m);
        return;
      case "requestVoteResponse":
        if (m.granted && !m.preVote) this.#vote(sender, m, m.to);
        return;
      case "appendEntries":
        return this.#append(sender, m);
      case "appendEntriesResponse":
        if (!m.rejected) this.#ack(sender, m);
        return;
      case "installSnapshotResponse":
        return this.#received(sender, m);
      case "installSnapshot":
        this.#leads(sender, m);
        return check(m.chunk.data.length <= this.#options.snapshotChunkMaxBytes, "bounded", () => {
          return `${sender.id} sends a chunk of ${m.chunk.data.length} bytes`;
        });
      case "readIndexRequest":
      case "readIndexResponse":
      case "timeoutNow":
        return;
    }
  }

  #candidacy(sender: ServerView, m: RequestVote): void {
    this.#vote(sender, m, sender.id);
    const { log } = sender.image;
    const lastTerm = log.termAt(log.lastIndex) ?? 0;
    check(
      lastTerm > m.lastTerm || (lastTerm === m.lastTerm && log.lastIndex >= m.lastIndex),
      "vouched-durable",
      () => `${sender.id} campaigns with a log that its disk lacks: ${describeMessage(m)}`,
    );
  }

  #vote(sender: ServerView, m: RequestVote | RequestVoteResponse, candidate: NodeId): void {
    const { term, vote } = sender.image.hardState;
    check(term > m.term || (term === m.term && vote === candidate), "vouched-durable", () => {
      return `${sender.id} votes for ${candidate} in t${m.term}; its disk says t${term} vote ${vote ?? "-"}`;
    });
    let votes = this.#votes.get(m.term);
    if (votes === undefined) this.#votes.set(m.term, (votes = new Map<NodeId, NodeId>()));
    const earlier = votes.get(sender.id) ?? candidate;
    check(earlier === candidate, "vote-once", () => {
      return `${sender.id} votes for ${candidate} in t${m.term} after ${earlier}`;
    });
    votes.set(sender.id, candidate);
  }

  #leads(sender: ServerView, m: Message): void {
    const leader = this.#leaders.get(m.term);
    check(leader === undefined || leader === sender, "election-safety", () => {
      return `${sender.id} speaks as leader of t${m.term}, which ${leader!.id} leads`;
    });
    const { term } = sender.image.hardState;
    check(term >= m.term, "vouched-durable", () => {
      return `${sender.id} leads t${m.term}; its disk says t${term}`;
    });
  }

  #append(sender: ServerView, m: AppendEntries): void {
    this.#leads(sender, m);
    const { messageMaxEntries, messageMaxBytes } = this.#options;
    const { entries } = m;
    let bytes = 0;
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i]!;
      bytes += entry.data.length;
      check(entry.index === m.prevIndex + 1 + i, "log-without-gaps", () => {
        return `${sender.id} sends ${describeMessage(m)}`;
      });
    }
    check(
      entries.length <= messageMaxEntries && (bytes <= messageMaxBytes || entries.length <= 1),
      "bounded",
      () => `${sender.id} sends ${entries.length} entries with ${bytes} bytes`,
    );
  }

  #ack(sender: ServerView, m: AppendEntriesResponse): void {
    const { image } = sender;
    // A later write may be durable already: then the ack speaks of a term that is over.
    if (image.hardState.term > m.term) return;
    check(image.log.lastIndex >= m.index || covers(image, m.index), "vouched-durable", () => {
      return `${sender.id} acks ${m.index}; its disk ends at ${image.log.lastIndex}`;
    });
    // What the leader of that term holds there, as far as it is known and still leads.
    const leader = this.#leaders.get(m.term);
    if (leader?.status?.role !== "leader" || leader.status.term !== m.term) return;
    const own = image.log.termAt(m.index);
    const theirs = leader.log.termAt(m.index);
    if (own === null || theirs === null) return;
    check(own === theirs, "vouched-durable", () => {
      return `${sender.id} acks ${m.index}, where its disk has t${own} and the leader t${theirs}`;
    });
  }

  #received(sender: ServerView, m: InstallSnapshotResponse): void {
    const { image } = sender;
    if (m.installed) {
      return check(
        covers(image, m.index) || image.log.lastIndex >= m.index,
        "vouched-durable",
        () => {
          return `${sender.id} says that snapshot ${m.index} is installed; its disk lacks it`;
        },
      );
    }
    if (m.nextOffset === 0) return;
    const { partial } = image;
    // Another transfer has begun since: where the old one stood does not matter, for a chunk of it
    // is answered with where the new one stands.
    if (partial !== null && partial.meta.index > m.index) return;
    const durable = partial?.meta.index === m.index ? partial.length : 0;
    check(durable >= m.nextOffset || covers(image, m.index), "vouched-durable", () => {
      return `${sender.id} asks for byte ${m.nextOffset} of snapshot ${m.index}; ${durable} are durable`;
    });
  }
}

/** Answers by which others learn our term: all but an opinion about a term that is not ours. */
function answersWithTerm(m: Message): boolean {
  switch (m.type) {
    case "requestVoteResponse":
      return !(m.preVote && m.granted);
    case "appendEntriesResponse":
    case "installSnapshotResponse":
      return true;
    case "requestVote":
    case "appendEntries":
    case "installSnapshot":
    case "readIndexRequest":
    case "readIndexResponse":
    case "timeoutNow":
      return false;
  }
}

function covers(image: DiskImage, index: LogIndex): boolean {
  return (image.snapshot?.meta.index ?? 0) >= index;
}
