import { HostCluster, rejectionOf, startAlone, stopAll } from "../test-support/host.ts";
import type { Host } from "../test-support/host.ts";

afterEach(stopAll);

describe("reads by lease (dissertation §6.4.1)", () => {
  it("see what was acknowledged before, without waiting for anybody", async () => {
    const raft = { electionTimeoutTicks: 100, heartbeatTicks: 2 }; // a lease of 167 ms
    const cluster = await HostCluster.start({ leases: {}, raft });
    const first = await cluster.leader();
    await first.node.propose(Uint8Array.of(5));
    // Nobody can answer while the leader is cut off: only a lease can serve this. It may be over, or
    // not begun, where the machine is slow; in one of some tries it runs.
    const readAlone = async (): Promise<number | null> => {
      const { node, machine } = await cluster.leader();
      const before = node.status().term;
      await node.read(() => null); // this term has committed something, and heartbeats are answered
      cluster.network.isolate(node.status().id);
      const request = { consistency: "lease", timeoutMs: 100 } as const;
      const seen = await node.read(() => machine.bytes.length, request).catch(() => null);
      const unchanged = node.status().term === before;
      cluster.network.heal();
      return unchanged ? seen : null;
    };
    let seen = await readAlone();
    for (let tries = 1; seen === null && tries < 20; tries += 1) seen = await readAlone();
    expect(seen).toBe(1);
  }, 20_000);

  it("of a leader that is cut off end with its lease, at the latest", async () => {
    const cluster = await HostCluster.start({ leases: {} });
    const old = await cluster.leader();
    await old.node.propose(Uint8Array.of(5));
    cluster.network.isolate(old.node.status().id);
    const ids = cluster.others(old).map(({ node }) => node.status().id);
    const next = await cluster.leaderAmong(ids);
    await next.node.propose(Uint8Array.of(6));
    const stale = old.node.read(() => old.machine.bytes.length, {
      consistency: "lease",
      timeoutMs: 50,
    });
    expect(await rejectionOf(stale)).toMatchObject({ outcome: "not-applied" });
  });

  it("are refused by a node that was started without leases", async () => {
    const { node } = await startAlone();
    const read = node.read(() => 1, { consistency: "lease" });
    expect(await rejectionOf(read)).toMatchObject({ code: "RAFT_NO_LEASES" });
  });

  it("need an election timeout that leaves room for them", async () => {
    const raft = { electionTimeoutTicks: 4, heartbeatTicks: 2 };
    expect(String(await rejectionOf(startAlone({ raft, leases: {} })))).toContain(
      "election timeout",
    );
    const drift = startAlone({ leases: { clockDriftMax: 1 } });
    expect(String(await rejectionOf(drift))).toContain("clockDriftMax");
  });
});

describe("local reads", () => {
  it("are told how long the leader has been silent", async () => {
    const cluster = await HostCluster.start();
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader);
    await leader.node.propose(Uint8Array.of(5));
    const age = (host: Host): Promise<number | null> =>
      host.node.read(({ leaderSilentMs }) => leaderSilentMs, { consistency: "local" });
    expect(await age(leader)).toBe(0);
    expect(await age(follower!)).toBeGreaterThanOrEqual(0);
  });

  it("are refused when it was silent for longer than they accept, or is not known", async () => {
    const cluster = await HostCluster.start();
    const leader = await cluster.leader();
    const [follower] = cluster.others(leader);
    const { node, watch } = follower!;
    const options = { consistency: "local", leaderSilentMaxMs: 10 } as const;
    cluster.network.isolate(node.status().id);
    await watch.until(() => (node.status().leaderSilentMs ?? Infinity) > 10);
    const stale = { code: "RAFT_STALE_READ", outcome: "not-applied" };
    expect(await rejectionOf(node.read(() => 1, options))).toMatchObject(stale);
    await watch.until(() => node.status().leaderId === null);
    const unknown = { ...stale, leaderSilentMs: null };
    expect(await rejectionOf(node.read(() => 1, options))).toMatchObject(unknown);
    expect(await node.read(() => 1, { consistency: "local" })).toBe(1);
  });
});
