import {
  CommandTooLargeError,
  NotLeaderError,
  OutcomeUnknownError,
  OverloadedError,
  ProposalLostError,
  ReadTimeoutError,
  StoppedError,
} from "../index.ts";
import { HostCluster, rejectionOf, startAlone, stopAll } from "../test-support/host.ts";
import type { Host, HostOptions } from "../test-support/host.ts";

let cluster: HostCluster;
let leader: Host;

async function start(options: HostOptions = {}): Promise<void> {
  cluster = await HostCluster.start(options);
  leader = await cluster.leader();
}

afterEach(stopAll);

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

/** The leader loses the network; resolves once the others have another one. */
async function replaceLeader(): Promise<Host> {
  const old = leader;
  cluster.network.isolate(old.node.status().id);
  return leaderWithout(old);
}

function leaderWithout(old: Host): Promise<Host> {
  const ids = cluster.others(old).map(({ node }) => node.status().id);
  return cluster.leaderAmong(ids);
}

describe("proposing a command (§5.3)", () => {
  it("is answered with the state machine's result when a majority has it, and where it stands", async () => {
    await start();
    const first = await leader.node.propose(one);
    const second = await leader.node.propose(two);
    expect(first).toEqual({ result: 1, index: first.index, term: leader.node.status().term });
    expect(second).toMatchObject({ result: 2, index: first.index + 1 });
    for (const { machine, watch } of cluster.hosts.values()) {
      await watch.until(() => machine.bytes.length === 2);
      expect(machine.bytes).toEqual([1, 2]);
    }
  });

  it("commands of one turn share a write and a batch", async () => {
    await start();
    const many = [...Array(100).keys()].map((byte) => leader.node.propose(Uint8Array.of(byte)));
    const results = await Promise.all(many);
    expect(results.map(({ result }) => result)).toEqual([...Array(100).keys()].map((at) => at + 1));
    expect(leader.machine.batches.length).toBeLessThan(10);
  });

  it("is refused by who does not lead, with who does, and nothing was appended", async () => {
    await start();
    const [follower] = cluster.others(leader);
    const error = await rejectionOf(follower!.node.propose(one));
    expect(error).toBeInstanceOf(NotLeaderError);
    expect(error).toMatchObject({
      code: "RAFT_NOT_LEADER",
      outcome: "not-applied",
      leaderId: leader.node.status().id,
    });
  });

  it("is refused when it is too large, and the next one is not", async () => {
    await start({ raft: { entryMaxBytes: 10 } });
    const error = await rejectionOf(leader.node.propose(new Uint8Array(11)));
    expect(error).toBeInstanceOf(CommandTooLargeError);
    expect(error).toMatchObject({ outcome: "not-applied", maxBytes: 10 });
    await expect(leader.node.propose(new Uint8Array(10))).resolves.toMatchObject({ result: 10 });
  });

  it("is refused while too much is uncommitted", async () => {
    await start({ raft: { uncommittedMaxBytes: 30 } });
    await leader.node.read(() => null); // its no-op is applied
    cluster.network.isolate(leader.node.status().id);
    const waiting = rejectionOf(leader.node.propose(one));
    const error = await rejectionOf(leader.node.propose(two));
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error).toMatchObject({ outcome: "not-applied" });
    await cluster.stop();
    expect(await waiting).toMatchObject({ outcome: "unknown" });
  });
});

describe("when the outcome of a command is open", () => {
  it("a wait that times out ends as unknown, and the command may still take effect", async () => {
    await start();
    cluster.network.isolate(leader.node.status().id);
    const error = await rejectionOf(leader.node.propose(one, { timeoutMs: 5 }));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ code: "RAFT_OUTCOME_UNKNOWN", outcome: "unknown" });
    expect(leader.node.status().pendingProposals).toBe(0);
    cluster.network.heal();
  });

  it("a wait that is aborted ends as unknown, with the caller's reason", async () => {
    await start();
    cluster.network.isolate(leader.node.status().id);
    const abort = new AbortController();
    const waiting = rejectionOf(leader.node.propose(one, { signal: abort.signal }));
    const reason = new Error("the client went away");
    abort.abort(reason);
    expect(await waiting).toMatchObject({ outcome: "unknown", cause: reason });
    expect(leader.node.status().pendingProposals).toBe(0);
  });

  it("aborting before the wait began appends nothing", async () => {
    await start();
    const { lastIndex } = leader.node.status();
    await rejectionOf(leader.node.propose(one, { signal: AbortSignal.abort() }));
    expect((await leader.node.propose(two)).index).toBe(lastIndex + 1);
  });

  it("a command that was replaced by another leader's entry is lost, for certain", async () => {
    await start();
    const old = leader;
    cluster.network.isolate(old.node.status().id);
    const lost = rejectionOf(old.node.propose(one));
    const next = await leaderWithout(old);
    const kept = await next.node.propose(two);
    cluster.network.heal();
    const error = await lost;
    expect(error).toBeInstanceOf(ProposalLostError);
    expect(error).toMatchObject({ code: "RAFT_PROPOSAL_LOST", outcome: "not-applied" });
    await old.watch.until(() => old.node.status().appliedIndex >= kept.index);
    expect(old.machine.bytes).toEqual([2]);
  });
});

describe("reading (§8)", () => {
  it("sees on every server what was acknowledged before it began", async () => {
    await start();
    for (let byte = 1; byte <= 5; byte += 1) {
      await leader.node.propose(Uint8Array.of(byte));
      for (const { node, machine } of cluster.hosts.values()) {
        expect(await node.read(() => machine.bytes.length)).toBe(byte);
      }
    }
  });

  it("waits over a change of the leader, as a delay and not as an error", async () => {
    await start();
    const old = leader;
    const next = await replaceLeader();
    await next.node.propose(one);
    const read = old.node.read(() => [...old.machine.bytes]);
    cluster.network.heal();
    expect(await read).toEqual([1]);
  });

  it("of a leader that is cut off is never answered", async () => {
    await start();
    const old = leader;
    const next = await replaceLeader();
    await next.node.propose(one);
    const error = await rejectionOf(old.node.read(() => "stale", { timeoutMs: 10 }));
    expect(error).toMatchObject({ outcome: "not-applied" });
    expect([NotLeaderError, ReadTimeoutError]).toContain((error as Error).constructor);
  });

  it("ends as a timeout while a leader is known, and says so when none is", async () => {
    await start({ raft: { electionTimeoutTicks: 40 } });
    const events = leader.node.events();
    cluster.network.isolate(leader.node.status().id);
    const known = await rejectionOf(leader.node.read(() => 0, { timeoutMs: 5 }));
    expect(known).toBeInstanceOf(ReadTimeoutError);
    await events.next(); // it notices that it is alone, and gives leadership up
    const unknown = await rejectionOf(leader.node.read(() => 0, { timeoutMs: 5 }));
    expect(unknown).toBeInstanceOf(NotLeaderError);
    await cluster.stop();
  });

  it("that is aborted rejects with the caller's reason", async () => {
    await start();
    cluster.network.isolate(leader.node.status().id);
    const abort = new AbortController();
    const waiting = rejectionOf(leader.node.read(() => 0, { signal: abort.signal }));
    const reason = new Error("enough");
    abort.abort(reason);
    expect(await waiting).toBe(reason);
    expect(leader.node.status().pendingReads).toBe(0);
    expect(await rejectionOf(leader.node.read(() => 0, { signal: abort.signal }))).toBe(reason);
  });

  it("locally asks nobody", async () => {
    await start();
    cluster.network.isolate(leader.node.status().id);
    expect(await leader.node.read(() => "old or not", { consistency: "local" })).toBe("old or not");
  });

  it("passes on what the query throws", async () => {
    await start();
    const error = new Error("a query of the embedder");
    const failing = (): never => {
      throw error;
    };
    expect(await rejectionOf(leader.node.read(failing))).toBe(error);
    expect(leader.node.status().fatal).toBeNull();
  });

  it("beyond the limit is refused as overloaded", async () => {
    await start({ raft: { pendingReadsMax: 2 } });
    cluster.network.isolate(leader.node.status().id);
    const waiting = [1, 2].map((value) => rejectionOf(leader.node.read(() => value)));
    expect(await rejectionOf(leader.node.read(() => 3))).toBeInstanceOf(OverloadedError);
    await cluster.stop();
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(StoppedError);
  });
});

describe("waiting for a leader", () => {
  it("resolves with its id, at once where it is known", async () => {
    await start();
    const { id } = leader.node.status();
    for (const { node } of cluster.hosts.values()) expect(await node.waitForLeader()).toBe(id);
  });

  it("ends with an error when none is found in time", async () => {
    cluster = await HostCluster.start({ raft: { electionTimeoutTicks: 20_000 } });
    const error = await rejectionOf(cluster.host("a").node.waitForLeader({ timeoutMs: 5 }));
    expect(error).toBeInstanceOf(NotLeaderError);
  });
});

describe("alone in its cluster", () => {
  it("a server proposes and reads by itself", async () => {
    cluster = await HostCluster.start();
    const { node, machine } = await startAlone();
    expect(await node.propose(one)).toMatchObject({ result: 1, index: 3, term: 2 });
    expect(await node.read(() => machine.bytes)).toEqual([1]);
    await node.stop();
  });
});
