import type { Message, PeerStatus } from "@counter/raft";
import { LeaderWatch } from "./leader-watch.ts";
import { broken, entry, raftOptions, status, watched } from "./test-support/builders.ts";

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
    const watch = new LeaderWatch({
      ...raftOptions,
      diskStallTicks: 5,
      electionTimeoutTicks: 1000,
    });
    const now = status(servers[0]!, { role: "leader" });
    watch.onWrite();
    for (let i = 0; i < 6; i += 1) watch.onTick(now);
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
