/** SIGSTOP and SIGCONT: whoever slept must not believe that no time has passed. */
import type { Cluster } from "./support/cluster.ts";
import { withCluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { recorded } from "./support/load.ts";
import { patienceMs, until, within } from "./support/until.ts";

const pausedMs = 3000;
const gapMaxMs = 2000;
/** Clients that wait long would all end up waiting for the sleeper, and tell nothing of the others. */
const timeoutMs = 400;

/**
 * Requests that reach a sleeping node: the kernel takes them, and the node finds them when it wakes
 * up, before it can know that others went on without it.
 */
function askWhileAsleep(node: ClusterNode, history: History): Promise<unknown> {
  const call = { port: node.port, timeoutMs: 10_000 };
  return Promise.all(
    Array.from({ length: 10 }, () => [
      recorded(history, "read", { ...call, method: "GET", path: "/get" }),
      recorded(history, "write", { ...call, method: "POST", path: "/next" }),
    ]).flat(),
  );
}

async function allFollow(cluster: Cluster, leader: ClusterNode): Promise<void> {
  await until("everybody follows the same leader", async () => {
    const seen = await Promise.all(cluster.nodes.map((node) => node.status()));
    return seen.every((status) => status.leader.nodeID === leader.address);
  });
}

test("a leader that sleeps for 3 s is replaced, and wakes up without a stale read or a second number", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, readers: 4, timeoutMs });
    const gaps: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const sleeper = await cluster.leader();
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      const pausedAt = performance.now();
      sleeper.process.signal("SIGSTOP");
      const next = await within("a write succeeds", patienceMs, history.writeBegunAfter(pausedAt));
      gaps.push(next.endedAt - pausedAt);
      const late = pausedAt + pausedMs;
      await within("writes go on", patienceMs, history.writeBegunAfter(late));
      const asked = askWhileAsleep(sleeper, history);
      await within("writes go on", patienceMs, history.writeBegunAfter(performance.now()));
      sleeper.process.signal("SIGCONT");
      await asked;
      const leader = await cluster.leader();
      expect(leader.address).not.toBe(sleeper.address);
      await allFollow(cluster, leader);
    }
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("SIGSTOP of the leader, until the next write succeeds", spread(gaps));
    tell("reads checked", `${history.acknowledged("read").length}`);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(gapMaxMs));
  }));

test("a follower that sleeps holds up nobody, and does not disturb the leader when it wakes up", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const leader = await cluster.leader();
    const { term } = await leader.status();
    const [sleeper, other] = await cluster.followers();
    const history = new History();
    const load = cluster.load({ history, readers: 2, timeoutMs });
    await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
    const pausedAt = performance.now();
    sleeper!.process.signal("SIGSTOP");
    const late = pausedAt + pausedMs;
    await within("writes go on", patienceMs, history.writeBegunAfter(late));
    const gap = history.longestGap(pausedAt, late);
    const asked = askWhileAsleep(sleeper!, history);
    sleeper!.process.signal("SIGCONT");
    await asked;
    await load.stop();
    const values = await cluster.values();
    expect(history.violations(values)).toEqual([]);
    await until("the sleeper has caught up", async () => {
      return (await sleeper!.value("local")) === values[0];
    });
    expect((await other!.status()).term).toBe(term);
    tell("SIGSTOP of a follower, longest time without a write", spread([gap]));
    expect(gap).toBeLessThan(promised(1000));
  }));

test("while a majority sleeps nothing is acknowledged, and everything goes on afterwards", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, readers: 2, timeoutMs });
    const sleepers = await cluster.followers();
    const leader = await cluster.leader();
    await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
    for (const node of sleepers) node.process.signal("SIGSTOP");
    await until("the leader steps down", async () => (await leader.status()).state !== "Leader");
    const alone = performance.now();
    const refused = await leader.get("/get");
    expect(refused.status).toBe(503);
    const between = history.acknowledged("write").filter(({ startedAt }) => startedAt > alone);
    expect(between).toEqual([]);
    const wokenAt = performance.now();
    const next = history.writeBegunAfter(wokenAt);
    for (const node of sleepers) node.process.signal("SIGCONT");
    const gap = (await within("a write succeeds", patienceMs, next)).endedAt - wokenAt;
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("a majority wakes up, until a write succeeds", spread([gap]));
    expect(gap).toBeLessThanOrEqual(promised(3000));
  }));
