/** The rules of the client, and the check of counterctl, while nodes are killed. */
import { CounterClient, type CounterHandle } from "@counter/client";

import { withCluster, type Cluster } from "../../node/e2e/support/cluster.ts";
import type { ClusterNode } from "../../node/e2e/support/cluster-node.ts";
import { withEventual } from "../../node/e2e/support/eventual.ts";
import { LossyProxy } from "../src/check/lossy-proxy.ts";
import { begin, type Terminal } from "./counterctl.ts";

const workers = 8;
const each = 25;

interface Counting {
  readonly orders: CounterHandle;
  readonly end: () => Promise<void>;
}

function byKeys(client: CounterClient): Counting {
  return { orders: client.counter("orders"), end: () => Promise.resolve() };
}

/** One session for all workers, so that their writes overtake each other. */
function bySession(client: CounterClient): Counting {
  const session = client.openSession();
  const end = async (): Promise<void> => {
    expect(session.id).not.toBeNull();
    await session.close();
  };
  return { orders: session.counter("orders"), end };
}

/** Adds through proxies that lose a fifth of all messages, while nodes are killed and come back. */
async function countThrough(
  cluster: Cluster,
  victim: () => Promise<ClusterNode>,
  counting: (client: CounterClient) => Counting = byKeys,
): Promise<void> {
  const losing = { lost: 0.2, random: Math.random };
  const urls = cluster.nodes.map(({ address }) => `http://${address}`);
  const proxies = await Promise.all(urls.map((url) => LossyProxy.start(url, losing)));
  try {
    const client = new CounterClient({
      endpoints: proxies.map(({ url }) => url),
      timeoutMs: 240_000,
      attemptTimeoutMs: 5000,
      retry: { attemptsMax: 10_000 },
    });
    const { orders, end } = counting(client);
    let done = 0;
    const adding = Array.from({ length: workers }, async () => {
      for (let turn = 0; turn < each; turn += 1) {
        await orders.add(3n);
        done += 1;
        if (done === workers || done === workers * 10) {
          const killed = await victim();
          await killed.kill();
          killed.start();
        }
      }
    });
    await Promise.all(adding);
    await end();
    await cluster.ready();
    const straight = new CounterClient({ endpoints: urls, timeoutMs: 60_000 });
    const level = cluster.nodes.length > 0 ? (await straight.cluster.info())["mode"] : null;
    const fresh = level === "eventual" ? { consistency: "all", waitSeconds: 20 } : {};
    const { value } = await straight.counter("orders").get(fresh);
    expect(value).toBe(BigInt(3 * workers * each));
    const lost = proxies.reduce((sum, { losses }) => sum + losses.requests + losses.replies, 0);
    expect(lost).toBeGreaterThan(0);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

describe("a client whose replies are lost, while nodes are killed", () => {
  it("counts every write once in strong mode, though the leader is killed", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      await countThrough(cluster, () => cluster.leader());
    }));

  it("counts every write once in a session, though the leader is killed", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      await countThrough(cluster, () => cluster.leader(), bySession);
    }));

  it("counts every write once in eventual mode", () =>
    withEventual({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      let turn = 0;
      await countThrough(cluster, () => Promise.resolve(cluster.nodes[(turn += 1) % 3]!));
    }));
});

describe("counterctl check exactly-once, while nodes are killed", () => {
  const check = (cluster: Cluster): ReturnType<typeof begin> => {
    const on: Terminal = { endpoints: cluster.nodes.map(({ address }) => address) };
    const limits = ["--seconds", "10", "--patience", "100", "-o", "json"];
    return begin(on, "check", "exactly-once", ...limits);
  };

  it("finds nothing wrong in strong mode", () =>
    withCluster({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      const checking = check(cluster);
      const leader = await cluster.leader();
      await leader.kill();
      leader.start();
      const { code, out, error } = await checking.ended;
      expect(`${code} ${error}`).toMatch(/^0 /);
      const report = JSON.parse(out) as Readonly<Record<string, unknown>>;
      expect(report).toMatchObject({ ok: true, duplicates: 0, unsettled: 0, mode: "strong" });
      expect(report["value"]).toBe(report["expected"]);
    }));

  it("finds nothing wrong in eventual mode", () =>
    withEventual({ nodes: 3 }, async (cluster) => {
      await cluster.start();
      const checking = check(cluster);
      await cluster.nodes[1]!.kill();
      cluster.nodes[1]!.start();
      const { code, out, error } = await checking.ended;
      expect(`${code} ${error}`).toMatch(/^0 /);
      expect(JSON.parse(out)).toMatchObject({ ok: true, unsettled: 0, mode: "eventual" });
    }));
});
