import type {
  AppendEntriesResponse,
  Message,
  PeerStatus,
  RequestVoteResponse,
} from "@counter/raft";
import { LeaderWatch } from "./leader-watch.ts";
import {
  broken,
  entries,
  entry,
  raftOptions,
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
    const more = status(server!, { persistedIndex: 3, lastIndex: 3 });
    expect(broken(() => invariants.onStatus(server!, null, more))).toBe("vouched-durable");
    const other = status(server!, { persistedIndex: 2, lastIndex: 2, lastTerm: 3 });
    expect(broken(() => invariants.onStatus(server!, null, other))).toBe("vouched-durable");
  });
});

describe("limits", () => {
  const peer: PeerStatus = {
    matchIndex: 1,
    nextIndex: 2,
    state: "replicate",
    snapshot: null,
    inflightMessages: 0,
    inflightBytes: 0,
    paused: false,
    recentlyActive: true,
    silentTicks: 0,
    removed: false,
  };

  it.each([
    { change: { inflightMessages: raftOptions.inflightMaxMessages + 1 }, because: "messages" },
    { change: { inflightMessages: 2, inflightBytes: 1e9 }, because: "bytes" },
    { change: { matchIndex: 1, nextIndex: 1 }, because: "next below match" },
    { change: { matchIndex: 9, nextIndex: 10 }, because: "match beyond the log" },
  ])("fires on too many $because", ({ change }) => {
    const { servers, invariants } = watched();
    const [leader] = servers;
    const peers = { n2: { ...peer, ...change } };
    const now = status(leader!, { role: "leader", peers });
    expect(broken(() => invariants.onStatus(leader!, null, now))).toBe("bounded");
  });

  it("fires when a message carries more than its limit", () => {
    const { servers, invariants } = watched();
    const many = Array.from({ length: raftOptions.messageMaxEntries + 1 }, (_, i) =>
      entry(2 + i, 1),
    );
    const message: Message = {
      ...{ type: "appendEntries", from: "n1", to: "n2", term: 1, prevIndex: 1, prevTerm: 1 },
      ...{ entries: many, commitIndex: 0, readRound: 0 },
    };
    expect(broken(() => invariants.onMessage(servers[0]!, message))).toBe("bounded");
  });

  it("fires when more is handed out while too much waits to be applied", () => {
    const { servers, invariants } = watched();
    const big = [{ ...entry(2, 1), data: new Uint8Array(raftOptions.committedMaxBytes) }];
    expect(broken(() => invariants.onHandedOut(servers[0]!, big))).toBe("bounded");
  });
});

describe("a leader by its own clock", () => {
  it("fires when it leads on while its disk hangs", () => {
    const { servers } = watched();
    const patience = { diskStallTicks: 5, electionTimeoutTicks: 1000 };
    const watch = new LeaderWatch({ ...raftOptions, ...patience });
    const now = status(servers[0]!, { role: "leader" });
    watch.onWrite();
    for (let ticks = 0; ticks < 6; ticks += 1) watch.onTick(now);
    expect(broken(() => watch.onTick(now))).toBe("disk-stall");
  });

  it("fires when it leads on without hearing from a majority", () => {
    const { servers } = watched();
    const watch = new LeaderWatch({ ...raftOptions, electionTimeoutTicks: 5 });
    const now = status(servers[0]!, { role: "leader" });
    for (let i = 0; i < 12; i += 1) watch.onTick(now);
    expect(broken(() => watch.onTick(now))).toBe("check-quorum");
  });
});
