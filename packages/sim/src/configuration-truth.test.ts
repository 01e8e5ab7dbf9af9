import { encodeConfiguration } from "@counter/raft";
import type { Configuration, Entry, Message, RaftStatus, SnapshotMeta } from "@counter/raft";
import { Coverage } from "./coverage.ts";
import { imageOf } from "./disk-image.ts";
import { Invariants } from "./invariants.ts";
import { broken, entry, raftOptions, status, write } from "./test-support/builders.ts";
import type { TestServer } from "./test-support/builders.ts";
import { configuration } from "./test-support/configurations.ts";

const first = "n1 n2 n3";

function configurationEntry(index: number, term: number, text: string): Entry {
  const data = encodeConfiguration(configuration(text));
  return { index, term, kind: "configuration", data };
}

/** Three servers whose logs are the first configuration and these entries, watched and looked at. */
function cluster(...rest: readonly Entry[]): {
  readonly servers: readonly TestServer[];
  readonly invariants: Invariants;
} {
  const entries = [configurationEntry(1, 1, first), ...rest];
  const { term } = entries[entries.length - 1]!;
  const hardState = { term, vote: null, commitIndex: 0 };
  const servers = [0, 1, 2].map((position): TestServer => {
    const image = imageOf({ hardState, snapshot: null, entries });
    return {
      id: `n${position + 1}`,
      position,
      image,
      lost: null,
      log: image.log.clone(),
      status: null,
    };
  });
  const invariants = new Invariants({
    views: servers,
    raft: raftOptions,
    coverage: new Coverage(),
  });
  invariants.begin();
  for (const server of servers) invariants.onStatus(server, null, look(server, first, {}));
  return { servers, invariants };
}

function look(server: TestServer, text: string, changes: Partial<RaftStatus>): RaftStatus {
  return status(server, { configuration: configuration(text), ...changes });
}

describe("the configuration in force (§6)", () => {
  it("fires when a server acts on another one than its log has", () => {
    const { servers, invariants } = cluster();
    const [server] = servers;
    const before = server!.status;
    const bigger = look(server!, "n1 n2 n3 n4", { configurationIndex: 2 });
    expect(broken(() => invariants.onStatus(server!, before, bigger))).toBe(
      "configuration-in-force",
    );
  });

  it("fires when a server goes on with one that was truncated, and not before that is written", () => {
    const { servers, invariants } = cluster();
    const [server] = servers;
    const added = configurationEntry(2, 1, "n1 n2 n3 n4");
    const after = { configurationIndex: 2, lastIndex: 2 };
    let before = server!.status!;
    const see = (now: RaftStatus): string | null => {
      const seen = broken(() => invariants.onStatus(server!, before, now));
      before = now;
      return seen;
    };
    expect(see(look(server!, "n1 n2 n3 n4", after))).toBeNull(); // not all of it is written
    const store = (...entries: Entry[]): void => {
      invariants.onWrite(server!, write({ entries }), before);
      server!.log.replaceTail(entries);
    };
    store(added);
    expect(see(look(server!, "n1 n2 n3 n4", after))).toBeNull();
    store(entry(2, 2));
    const stays = look(server!, "n1 n2 n3 n4", { ...after, lastTerm: 2, term: 2 });
    expect(see(stays)).toBe("configuration-in-force");
  });
});

describe("steps (§6)", () => {
  it("fires when a log takes two voters in one step, or the same configuration twice", () => {
    for (const text of ["n1 n2 n3 n4 n5", first]) {
      const { servers, invariants } = cluster();
      const entries = [configurationEntry(2, 1, text)];
      const now = servers[0]!.status!;
      const seen = broken(() => invariants.onWrite(servers[0]!, write({ entries }), now));
      expect(seen).toBe("configuration-steps");
    }
  });
});

describe("a leader that changes the membership (§6, dissertation §4.1)", () => {
  /** Leads term 2 with an entry of it; `commitIndex` says what of `1 2` is committed. */
  function changing(commitIndex: number, configurationIndex: number): string | null {
    const { servers, invariants } = cluster(entry(2, 2));
    const [server] = servers;
    server!.image.hardState = { term: 2, vote: "n1", commitIndex: 0 };
    const leads = { role: "leader", term: 2, commitIndex } as const;
    const before = look(server!, first, leads);
    invariants.onStatus(server!, null, before);
    const now = look(server!, "n1 n2", { ...leads, configurationIndex, lastIndex: 4 });
    return broken(() => invariants.onStatus(server!, before, now));
  }

  it("fires when no entry of its term is committed, or the configuration before is not", () => {
    expect(changing(2, 3)).toBeNull();
    expect(changing(1, 3)).toBe("one-change-at-a-time");
    expect(changing(0, 3)).toBe("one-change-at-a-time");
  });

  it("fires when it replaces another configuration than the one that was meant", () => {
    const { servers, invariants } = cluster(entry(2, 2));
    const [server] = servers;
    server!.image.hardState = { term: 2, vote: "n1", commitIndex: 0 };
    const leads = { role: "leader", term: 2, commitIndex: 2 } as const;
    const before = look(server!, first, leads);
    invariants.onStatus(server!, null, before);
    const now = look(server!, "n1 n2", { ...leads, configurationIndex: 3, lastIndex: 3 });
    invariants.onStatus(server!, before, now);
    const outcome = { type: "changeProposed", context: -1, entry: { index: 3, term: 2 } } as const;
    const seen = (expectedIndex: number | null): string | null =>
      broken(() => invariants.configurations.onOutcome(server!, outcome, { expectedIndex }));
    expect([seen(null), seen(1), seen(2)]).toEqual([null, null, "one-change-at-a-time"]);
  });
});

describe("elections (§6)", () => {
  function elected(by: readonly string[], text: string = first): string | null {
    const { servers, invariants } = cluster();
    const [winner] = servers;
    for (const server of servers) {
      server.image.hardState = { term: 2, vote: "n1", commitIndex: 0 };
    }
    for (const voter of servers.filter(({ id }) => by.includes(id) && id !== "n1")) {
      const message: Message = {
        ...{ type: "requestVoteResponse", from: voter.id, to: "n1", term: 2 },
        ...{ preVote: false, granted: true },
      };
      invariants.onMessage(voter, message);
    }
    const before = look(winner!, first, { role: "candidate", term: 2 });
    const now = look(winner!, text, { role: "leader", term: 2, lastIndex: 2 });
    return broken(() => invariants.onStatus(winner!, before, now));
  }

  it("fires when a leader has not the votes of a quorum", () => {
    expect(elected(["n1", "n2"])).toBeNull();
    expect(elected(["n1"])).toBe("elected-by-quorum");
  });

  it("fires when one half of a joint configuration did not vote for it", () => {
    expect(elected(["n1", "n2", "n3"], "n1 n2 <- n2 n3")).toBeNull();
    expect(elected(["n1", "n2"], "n1 n2 <- n2 n3")).toBe("elected-by-quorum");
  });

  it("fires when it votes neither in its configuration nor in the one before", () => {
    expect(elected(["n2", "n3"], "n2 n3")).toBeNull(); // it did before
    const { servers, invariants } = cluster();
    const stranger = { ...servers[0]!, id: "n9" };
    const look9 = (changes: Partial<RaftStatus>): RaftStatus => look(stranger, first, changes);
    invariants.onStatus(stranger, null, look9({}));
    const before = look9({ role: "candidate", term: 2 });
    const now = look9({ role: "leader", term: 2 });
    expect(broken(() => invariants.onStatus(stranger, before, now))).toBe("elected-by-quorum");
  });
});

describe("snapshots (§7)", () => {
  it("fires when one names another configuration than is in force where it ends", () => {
    const { servers, invariants } = cluster(entry(2, 1));
    const [server] = servers;
    invariants.onStatus(server!, null, look(server!, first, { commitIndex: 2 }));
    const stored = (text: string, configurationIndex: number): string | null => {
      const named: Configuration = configuration(text);
      const meta: SnapshotMeta = { index: 2, term: 1, configuration: named, configurationIndex };
      const snapshot = { meta, bytes: new Uint8Array(0) };
      return broken(() => invariants.onDurable(server!, { type: "saveSnapshot", snapshot }, []));
    };
    expect(stored(first, 1)).toBeNull();
    expect(stored(first, 2)).toBe("snapshot-configuration");
    expect(stored("n1 n2", 1)).toBe("snapshot-configuration");
  });
});

describe("who was removed", () => {
  it("fires when a member calls itself removed, or one that never was a member", () => {
    const { servers, invariants } = cluster();
    const [server] = servers;
    const before = look(server!, first, { commitIndex: 1 });
    invariants.onStatus(server!, null, before);
    const now = { ...before, removed: true };
    expect(broken(() => invariants.onStatus(server!, before, now))).toBe("removed-for-certain");
    const joiner = { ...server!, id: "n9" };
    expect(broken(() => invariants.onStatus(joiner, before, now))).toBe("removed-for-certain");
  });
});

describe("whom a server reaches", () => {
  it("fires when a request goes to somebody of whom its host was not told", () => {
    const { servers, invariants } = cluster();
    const message: Message = { type: "timeoutNow", from: "n1", to: "n2", term: 1 };
    const sent = (...contacts: string[]): string | null =>
      broken(() => invariants.onAddress(servers[0]!, message, new Set(contacts)));
    expect(sent("n1", "n2")).toBeNull();
    expect(sent("n1", "n3")).toBe("contacts");
    const answer: Message = { ...message, type: "readIndexResponse", context: 1, index: null };
    expect(broken(() => invariants.onAddress(servers[0]!, answer, new Set()))).toBeNull();
  });
});
