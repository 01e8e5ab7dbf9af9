/** Idempotency-Key: one request, however often it is sent, to whomever, and whoever died meanwhile. */
import { withCluster, type Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster-node.ts";
import { spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { headerOf } from "./support/http.ts";
import { patienceMs, until, within } from "./support/until.ts";

interface Answer {
  readonly number: number;
  readonly replayed: boolean;
}

async function count(node: ClusterNode, key: string): Promise<Answer> {
  const reply = await node.post("/next", { headers: { "idempotency-key": key } });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  const replayed = headerOf(reply, "idempotent-replayed") === "true";
  return { number: Number(reply.text), replayed };
}

/** What every running node answers to this key, as soon as it answers. */
function countEverywhere(cluster: Cluster, key: string): Promise<Answer[]> {
  return Promise.all(
    cluster.running.map((node) => until("the node counts", () => count(node, key))),
  );
}

test("a key gives the same number once: at other nodes, after a death of the leader, after all restarted", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const key = "order-4711";
    const again = { number: 1, replayed: true };
    expect(await count(cluster.nodes[0]!, key)).toEqual({ number: 1, replayed: false });
    expect(await countEverywhere(cluster, key)).toEqual([again, again, again]);

    const leader = await cluster.leader();
    await leader.kill();
    expect(await countEverywhere(cluster, key)).toEqual([again, again]);

    leader.start();
    await cluster.ready();
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await cluster.start();
    expect(await countEverywhere(cluster, key)).toEqual([again, again, again]);
    expect(await cluster.values()).toEqual([1, 1, 1]);
    expect(await count(cluster.nodes[1]!, "order-4712")).toEqual({ number: 2, replayed: false });
  }));

test("the same key sent to all nodes at the same moment counts once", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    for (let round = 1; round <= 20; round += 1) {
      const answers = await countEverywhere(cluster, `round-${round}`);
      expect(answers.map(({ number }) => number)).toEqual([round, round, round]);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    }
    expect(await cluster.values()).toEqual([20, 20, 20]);
  }));

test("with keys and retries the counter is exactly the number of requests, whoever is killed", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, writers: 0, keyedWriters: 8 });
    const gaps: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      const killedAt = performance.now();
      const leader = await cluster.leader();
      const others = round % 2 === 0 ? [] : [(await cluster.followers())[0]!];
      await Promise.all([leader, ...others].map((node) => node.kill()));
      await cluster.back([leader, ...others]);
      const next = history.writeBegunAfter(performance.now());
      gaps.push((await within("a write succeeds", patienceMs, next)).endedAt - killedAt);
      await cluster.ready();
    }
    await load.stop();
    const values = await cluster.values();
    expect(history.violations(values)).toEqual([]);
    expect(history.unknownWrites).toBe(0);
    expect(values[0]).toBe(history.acknowledged("write").length);
    tell("with keys, kill and restart of one or two, until a new request succeeds", spread(gaps));
  }));
