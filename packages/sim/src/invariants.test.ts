import type {
  AppendEntriesResponse,
  Message,
  RequestVote,
  RequestVoteResponse,
} from "@counter/raft";
import { configurationOf } from "@counter/raft";
import { imageOf } from "./disk-image.ts";
import {
  broken,
  entries,
  entry,
  initial,
  members,
  status,
  watched,
  write,
} from "./test-support/builders.ts";

/** Each invariant is fed what must never happen, and must say so. */
describe("at most one leader a term (§5.2)", () => {
  it("fires when a second server leads the same term", () => {
    const { servers, invariants } = watched();
    invariants.onStatus(servers[0]!, null, status(servers[0]!, { role: "leader", term: 2 }));
    const other = status(servers[1]!, { role: "leader", term: 2 });
    expect(broken(() => invariants.onStatus(servers[1]!, null, other))).toBe("election-safety");
  });

  it("fires when a server speaks as the leader of another's term", () => {
    const { servers, invariants } = watched();
    invariants.onStatus(servers[0]!, null, status(servers[0]!, { role: "leader", term: 1 }));
    const message: Message = {
      ...{ type: "appendEntries", from: "n2", to: "n3", term: 1, prevIndex: 1, prevTerm: 1 },
      ...{ entries: [], commitIndex: 0, readRound: 0 },
    };
    expect(broken(() => invariants.onMessage(servers[1]!, message))).toBe("election-safety");
  });
});

describe("votes (§5.2)", () => {
  const granted = (to: string): RequestVoteResponse => {
    return { type: "requestVoteResponse", from: "n1", to, term: 5, preVote: false, granted: true };
  };

  it("fires when a vote leaves that the disk does not hold", () => {
    const { servers, invariants } = watched();
    expect(broken(() => invariants.onMessage(servers[0]!, granted("n2")))).toBe("vouched-durable");
  });

  it("fires when a second vote leaves in one term, even if the disk was made to agree", () => {
    const { servers, invariants } = watched();
    const [voter] = servers;
    voter!.image.hardState = { term: 5, vote: "n2", commitIndex: 0 };
    invariants.onMessage(voter!, granted("n2"));
    voter!.image.hardState = { term: 5, vote: "n3", commitIndex: 0 };
    expect(broken(() => invariants.onMessage(voter!, granted("n3")))).toBe("vote-once");
  });

  it("fires when a term is answered that the disk does not hold, but not on a mere opinion", () => {
    const { servers, invariants } = watched();
    const refused = { ...granted("n2"), granted: false };
    expect(broken(() => invariants.onMessage(servers[0]!, refused))).toBe("vouched-durable");
    const opinion = { ...granted("n2"), preVote: true };
    expect(broken(() => invariants.onMessage(servers[0]!, opinion))).toBeNull();
  });

  it("fires when a candidacy leaves before its own vote is stored", () => {
    const { servers, invariants } = watched();
    const message: Message = {
      ...{ type: "requestVote", from: "n1", to: "n2", term: 2, preVote: false },
      ...{ transfer: false, lastIndex: 1, lastTerm: 1 },
    };
    expect(broken(() => invariants.onMessage(servers[0]!, message))).toBe("vouched-durable");
    expect(
      broken(() => invariants.onMessage(servers[0]!, { ...message, preVote: true })),
    ).toBeNull();
  });

  it("fires when a candidacy claims a newer log than the disk holds", () => {
    const { servers, invariants } = watched("2");
    const [candidate] = servers;
    candidate!.image.hardState = { term: 5, vote: "n1", commitIndex: 1 };
    const message: RequestVote = {
      ...{ type: "requestVote", from: "n1", to: "n2", term: 5, preVote: false },
      ...{ transfer: false, lastIndex: 2, lastTerm: 2 },
    };
    const claim = (change: Partial<RequestVote>): string | null =>
      broken(() => invariants.onMessage(candidate!, { ...message, ...change }));
    expect(claim({})).toBeNull();
    expect(claim({ lastIndex: 3 })).toBe("vouched-durable");
    expect(claim({ lastTerm: 3 })).toBe("vouched-durable");
  });
});

describe("acks (§5.3)", () => {
  const ack = (index: number): AppendEntriesResponse => ({
    ...{ type: "appendEntriesResponse", from: "n2", to: "n1", term: 1, rejected: false, index },
    ...{ hintIndex: 0, hintTerm: 0, readRound: 0 },
  });

  it("fires when an ack reaches beyond the disk", () => {
    const { servers, invariants } = watched();
    expect(broken(() => invariants.onMessage(servers[1]!, ack(1)))).toBeNull();
    expect(broken(() => invariants.onMessage(servers[1]!, ack(2)))).toBe("vouched-durable");
  });

  it("fires when the disk holds another entry there than the leader", () => {
    const { servers, invariants } = watched("3", "2");
    for (const server of servers) server.image.hardState = { term: 3, vote: null, commitIndex: 0 };
    invariants.onStatus(servers[0]!, null, status(servers[0]!, { role: "leader", term: 3 }));
    const message = { ...ack(2), term: 3 };
    expect(broken(() => invariants.onMessage(servers[1]!, message))).toBe("vouched-durable");
  });

  it("fires when a snapshot is called installed that the disk lacks", () => {
    const { servers, invariants } = watched();
    const message: Message = {
      ...{ type: "installSnapshotResponse", from: "n2", to: "n1", term: 1, index: 9 },
      ...{ nextOffset: 0, installed: true, readRound: 0 },
    };
    expect(broken(() => invariants.onMessage(servers[1]!, message))).toBe("vouched-durable");
    const part = { ...message, installed: false, nextOffset: 3 };
    expect(broken(() => invariants.onMessage(servers[1]!, part))).toBe("vouched-durable");
  });

  it("does not mind where a transfer stood that another one has replaced", () => {
    const { servers, invariants } = watched();
    const [, receiver] = servers;
    const message: Message = {
      ...{ type: "installSnapshotResponse", from: "n2", to: "n1", term: 1, index: 9 },
      ...{ nextOffset: 3, installed: false, readRound: 0 },
    };
    const meta = { index: 12, term: 1, configuration: configurationOf(members) };
    const newer = { ...meta, configurationIndex: 1 };
    receiver!.image.partial = { meta: newer, chunks: [], length: 0 };
    expect(broken(() => invariants.onMessage(receiver!, message))).toBeNull();
    receiver!.image.partial = { meta: { ...newer, index: 9 }, chunks: [], length: 2 };
    expect(broken(() => invariants.onMessage(receiver!, message))).toBe("vouched-durable");
  });
});

describe("logs (§5.3)", () => {
  it("fires when one id stands for two entries", () => {
    const { servers, invariants } = watched("2");
    const other = write({ entries: [entry(2, 2, "something else")] });
    const now = status(servers[1]!);
    expect(broken(() => invariants.onWrite(servers[1]!, other, now))).toBe("log-matching");
  });

  it("fires when the entries before the same id differ", () => {
    const { servers, invariants } = watched("2 3", "1");
    const now = status(servers[1]!);
    const same = write({ entries: [entry(3, 3)] });
    expect(broken(() => invariants.onWrite(servers[1]!, same, now))).toBe("log-matching");
  });

  it("fires when a write leaves a gap", () => {
    const { servers, invariants } = watched();
    const now = status(servers[0]!);
    const late = write({ entries: entries("2", 3) });
    expect(broken(() => invariants.onWrite(servers[0]!, late, now))).toBe("log-without-gaps");
  });

  it("fires when a leader replaces its own entry", () => {
    const { servers, invariants } = watched("2");
    const now = status(servers[0]!, { role: "leader", term: 3 });
    const own = write({ entries: entries("3") });
    expect(broken(() => invariants.onWrite(servers[0]!, own, now))).toBe("leader-append-only");
  });

  it("fires when a follower drops what the leader of the term holds as well", () => {
    const { servers, invariants } = watched("1 1", "1 1");
    invariants.onStatus(servers[0]!, null, status(servers[0]!, { role: "leader", term: 1 }));
    const now = status(servers[1]!);
    const shorter = write({ entries: entries("1") });
    expect(broken(() => invariants.onWrite(servers[1]!, shorter, now))).toBe("ack-stable");
  });

  it("fires when a stored commit is cut off or replaced", () => {
    const { servers, invariants } = watched("1 1", "1 1", "1 1");
    const [server] = servers;
    invariants.onStatus(server!, null, status(server!, { commitIndex: 3 }));
    server!.image.hardState = { term: 1, vote: null, commitIndex: 3 };
    const now = status(server!, { commitIndex: 3, term: 2 });
    const cut = write({ entries: entries("1") });
    expect(broken(() => invariants.onWrite(server!, cut, now))).toBe("committed-stable");
    const replaced = write({ entries: entries("2", 3) });
    expect(broken(() => invariants.onWrite(server!, replaced, now))).toBe("committed-stable");
  });
});

describe("commitment (§5.3, §5.4)", () => {
  it("fires when less than a majority has it on the disk", () => {
    const { servers, invariants } = watched("1", "1", "");
    const [leader] = servers;
    expect(
      broken(() => invariants.onStatus(leader!, null, status(leader!, { commitIndex: 2 }))),
    ).toBeNull();
    const two = watched("1", "", "");
    const alone = two.servers[0]!;
    const now = status(alone, { commitIndex: 2 });
    expect(broken(() => two.invariants.onStatus(alone, null, now))).toBe("committed-durable");
  });

  it("counts a disk that was replaced by an empty one as the one damaged copy that it is", () => {
    const { servers, invariants } = watched("1", "", "");
    const [leader, replaced] = servers;
    replaced!.lost = imageOf({ ...initial, entries: [...initial.entries, ...entries("1")] });
    const now = status(leader!, { commitIndex: 2 });
    expect(broken(() => invariants.onStatus(leader!, null, now))).toBeNull();
  });

  it("fires when a leader is elected without a committed entry, or with another one", () => {
    for (const log of ["", "2"]) {
      const { servers, invariants } = watched("1", "1", log);
      invariants.onStatus(servers[0]!, null, status(servers[0]!, { commitIndex: 2 }));
      const now = status(servers[2]!, { role: "leader", term: 3 });
      expect(broken(() => invariants.onStatus(servers[2]!, null, now))).toBe("leader-completeness");
    }
  });

  it("fires when another entry is applied, none is committed, or one is left out", () => {
    const { servers, invariants } = watched("1 1", "1 1");
    const [server] = servers;
    invariants.onStatus(server!, null, status(server!, { commitIndex: 2 }));
    const apply = (list: string, first: number, applied: number): string | null =>
      broken(() => invariants.onCommitted(server!, entries(list, first), applied));
    expect(apply("1", 2, 1)).toBeNull();
    expect(apply("2", 2, 1)).toBe("state-machine-safety");
    expect(apply("1", 3, 2)).toBe("state-machine-safety");
    expect(apply("1", 2, 0)).toBe("state-machine-safety");
  });
});

describe("what never goes back", () => {
  it.each([
    { before: { term: 5 }, after: { term: 4 }, invariant: "no-regress" },
    { before: { term: 5, vote: "n1" }, after: { term: 5, vote: "n2" }, invariant: "vote-once" },
    { before: { term: 5 }, after: { term: 5, lastTerm: 6 }, invariant: "no-regress" },
    { before: { commitIndex: 1 }, after: { commitIndex: 0 }, invariant: "no-regress" },
    {
      before: { commitIndex: 1, appliedIndex: 1 },
      after: { commitIndex: 1, appliedIndex: 0 },
      invariant: "no-regress",
    },
  ])("fires on $before then $after", ({ before, after, invariant }) => {
    const { servers, invariants } = watched();
    const [server] = servers;
    const first = status(server!, before);
    expect(broken(() => invariants.onStatus(server!, first, status(server!, after)))).toBe(
      invariant,
    );
  });

  it("fires when a server starts behind what its disk promises", () => {
    const { servers, invariants } = watched();
    const [server] = servers;
    const now = status(server!);
    server!.image.hardState = { term: 7, vote: "n2", commitIndex: 1 };
    for (const change of [{ term: 6 }, { term: 7, vote: null }, { term: 7, vote: "n2" }]) {
      const forgetful = { ...now, ...change };
      expect(broken(() => invariants.onStatus(server!, null, forgetful))).toBe("no-regress");
    }
  });

  it("fires when a core takes more for durable than the disk holds, or something else", () => {
    const { servers, invariants } = watched("2");
    const [server] = servers;
    const more = status(server!, { term: 3, persistedIndex: 3, lastIndex: 3 });
    expect(broken(() => invariants.onStatus(server!, null, more))).toBe("vouched-durable");
    const other = status(server!, { term: 3, persistedIndex: 2, lastIndex: 2, lastTerm: 3 });
    expect(broken(() => invariants.onStatus(server!, null, other))).toBe("vouched-durable");
    // A snapshot may have shortened the log of the disk, and the core has not heard of it yet.
    const meta = { index: 1, term: 1, configurationIndex: 1 };
    const snapshot = { ...meta, configuration: configurationOf(members) };
    server!.image.snapshot = { meta: snapshot, bytes: new Uint8Array(0) };
    expect(broken(() => invariants.onStatus(server!, null, more))).toBeNull();
    const told = { ...more, snapshot: meta };
    expect(broken(() => invariants.onStatus(server!, null, told))).toBe("vouched-durable");
  });
});
