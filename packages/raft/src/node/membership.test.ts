import type { RaftNode } from "../index.ts";
import { changesOf, showConfiguration } from "../test-support/changes.ts";
import { HostCluster, rejectionOf, startAlone, startHost, stopAll } from "../test-support/host.ts";
import type { Host } from "../test-support/host.ts";
import { pendingChangesMax } from "./membership-changes.ts";

afterEach(stopAll);

async function ledCluster(): Promise<{ cluster: HostCluster; leader: Host }> {
  const cluster = await HostCluster.start();
  const leader = await cluster.leader();
  await leader.node.propose(Uint8Array.of(0)); // from now on it takes changes (G2)
  return { cluster, leader };
}

function inForce(node: RaftNode<number>): string {
  return showConfiguration(node.status().configuration);
}

describe("changing the membership of a running cluster (§6)", () => {
  it("answers with the configuration that came of it, and where it stands", async () => {
    const { cluster, leader } = await ledCluster();
    const joiner = await cluster.startJoiner("d");
    const changed = await leader.node.changeMembership(changesOf("+[d]"));
    expect(showConfiguration(changed.configuration)).toBe("{a b c} [d]");
    expect(leader.node.status().configurationIndex).toBe(changed.index);
    await joiner.watch.until(() => joiner.machine.bytes.length === 1);
    expect(joiner.machine.bytes).toEqual([0]);
  });

  it("is done when the joint configuration has been left", async () => {
    const { cluster, leader } = await ledCluster();
    const { id } = leader.node.status();
    for (const joiner of ["d", "e"]) await cluster.startJoiner(joiner);
    const others = ["a", "b", "c"].filter((other) => other !== id);
    const changes = changesOf(`${others.map((other) => `-${other}`).join(" ")} +d +e`);
    const { configuration } = await leader.node.changeMembership(changes, { force: true });
    expect(showConfiguration(configuration)).toBe(`{${[id, "d", "e"].sort().join(" ")}}`);
    expect((await leader.node.propose(Uint8Array.of(1))).result).toBe(2);
  });

  it("promotes a learner that has caught up, and tells of it", async () => {
    const { cluster, leader } = await ledCluster();
    await cluster.startJoiner("d");
    const events = leader.node.events({ signal: AbortSignal.timeout(10_000) });
    await leader.node.changeMembership(changesOf("+[d+]"));
    for await (const event of events) {
      if (event.type === "membership" && event.configuration.voters.includes("d")) break;
    }
    expect(inForce(leader.node)).toBe("{a b c d}");
  });

  it("tells a server that it was removed", async () => {
    const { cluster, leader } = await ledCluster();
    const [gone] = cluster.others(leader);
    const { id } = gone!.node.status();
    const events = gone!.node.events({ signal: AbortSignal.timeout(10_000) });
    await leader.node.changeMembership(changesOf(`-${id}`));
    const seen: string[] = [];
    for await (const event of events) {
      seen.push(event.type);
      if (event.type === "removed") break;
    }
    expect(seen).toContain("removed");
    expect(gone!.node.status().removed).toBe(true);
  });

  it("grows from one to three and shrinks to one under load, and loses nothing", async () => {
    const cluster = await HostCluster.start();
    const first = await cluster.leader();
    let proposed = 0;
    let going = true;
    const load = async (): Promise<void> => {
      while (going) {
        const leading = [...cluster.hosts.values()].find(({ node }) => {
          return node.status().role === "leader";
        });
        const answer = leading?.node.propose(Uint8Array.of(1)).catch(() => null);
        if ((await (answer ?? cluster.leader().then(() => null))) !== null) proposed += 1;
      }
    };
    const loads = [load(), load(), load()];
    for (const id of ["d", "e"]) await cluster.startJoiner(id);
    await first.node.changeMembership(changesOf("+[d+] +[e+]"), { timeoutMs: 20_000 });
    await first.watch.until(() => inForce(first.node) === "{a b c d e}");
    const rest = ["a", "b", "c", "d", "e"].filter((id) => id !== first.node.status().id);
    for (const id of rest) await first.node.changeMembership(changesOf(`-${id}`));
    going = false;
    await Promise.all(loads);
    expect(inForce(first.node)).toBe(`{${first.node.status().id}}`);
    expect(first.machine.bytes.length).toBeGreaterThanOrEqual(proposed);
    expect(proposed).toBeGreaterThan(0);
  }, 30_000);
});

describe("changes that are refused", () => {
  it("waits for the one before it: two at once are carried out one after the other", async () => {
    const { cluster, leader } = await ledCluster();
    for (const id of ["d", "e"]) await cluster.startJoiner(id);
    const both = ["+[d]", "+[e]"].map((text) => leader.node.changeMembership(changesOf(text)));
    await Promise.all(both);
    expect(inForce(leader.node)).toBe("{a b c} [d e]");
  });

  it("but not with a configuration index that is not the one in force any more", async () => {
    const { leader } = await ledCluster();
    const refused = leader.node.changeMembership(changesOf("+[d]"), { expectedIndex: 99 });
    const error = { code: "RAFT_CONFIGURATION_MOVED", configurationIndex: 1 };
    expect(await rejectionOf(refused)).toMatchObject({ ...error, outcome: "not-applied" });
  });

  it.each([
    { changes: "-x", code: "RAFT_INVALID_CHANGE", why: "x is not a member" },
    { changes: "+x +y +z +u", code: "RAFT_UNSAFE_CHANGE", why: "they do not answer" },
  ])("$changes ends with $code", async ({ changes, code, why }) => {
    const { node } = await startAlone();
    const error = await rejectionOf(node.changeMembership(changesOf(changes)));
    expect(error).toMatchObject({ code, outcome: "not-applied" });
    expect(String(error)).toContain(why);
  });

  it("by a follower, which says who leads", async () => {
    const { cluster, leader } = await ledCluster();
    const [follower] = cluster.others(leader);
    const refused = follower!.node.changeMembership(changesOf("+[d]"));
    const { id } = leader.node.status();
    expect(await rejectionOf(refused)).toMatchObject({ code: "RAFT_NOT_LEADER", leaderId: id });
  });

  it("ends as unknown when time is up after it was appended", async () => {
    const { cluster, leader } = await ledCluster();
    cluster.network.isolate(leader.node.status().id);
    const wait = leader.node.changeMembership(changesOf("+[d]"), { timeoutMs: 20 });
    expect(await rejectionOf(wait)).toMatchObject({ code: "RAFT_OUTCOME_UNKNOWN" });
  });

  it("ends when the caller does not want to wait, and when the node stops", async () => {
    const { cluster, leader } = await ledCluster();
    cluster.network.isolate(leader.node.status().id);
    const abort = new AbortController();
    const { node } = leader;
    const { signal } = abort;
    const abandoned = rejectionOf(node.changeMembership(changesOf("+[d]"), { signal }));
    const waiting = rejectionOf(node.changeMembership(changesOf("+[e]")));
    // Appended, and the answer is not out yet: even then nobody may call it "not applied".
    await leader.watch.until(() => node.status().configuration.learners.length === 1);
    abort.abort();
    expect(await abandoned).toMatchObject({ code: "RAFT_OUTCOME_UNKNOWN" });
    const stopping = node.stop();
    expect(String(await waiting)).toMatch(/^(StoppedError|NotLeaderError)/);
    await stopping;
    expect(await rejectionOf(node.changeMembership([]))).toMatchObject({ code: "RAFT_STOPPED" });
  });

  it("above the limit of changes that wait at once", async () => {
    const { node } = await startAlone();
    const asked = [...Array(pendingChangesMax).keys()].map((at) =>
      rejectionOf(node.changeMembership(changesOf(`-x${at}`))),
    );
    const error = await rejectionOf(node.changeMembership(changesOf("-x")));
    expect(error).toMatchObject({ code: "RAFT_OVERLOADED" });
    await Promise.all(asked);
  });
});

describe("a server that joins", () => {
  it("knows nobody, does not campaign, and waits", async () => {
    const { node, watch } = await startHost("d", "join");
    let ticks = 0;
    await watch.until(() => {
      ticks += 1;
      return ticks > 100;
    });
    expect(node.status()).toMatchObject({ role: "follower", term: 0, lastIndex: 0 });
  });
});
