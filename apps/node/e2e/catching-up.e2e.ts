/** Nodes that are so far behind that the entries they need are no longer in anybody's log. */
import { withCluster, type Cluster } from "./support/cluster.ts";
import { tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { until } from "./support/until.ts";

/** A snapshot is made after so many entries, and half of them are kept in the log behind it. */
const snapshotEntries = 8192;
const slowestMs = 240_000;

/**
 * Writes until the leader has made a snapshot. Clients with pauses of their own come one by one:
 * those that come together would share an entry.
 */
async function growLog(cluster: Cluster, history: History): Promise<void> {
  const load = cluster.load({ history, writers: 256, thinkMaxMs: 60, timeoutMs: 8000 });
  const leader = await cluster.leader();
  const enough = async (): Promise<boolean> =>
    (await leader.status()).appliedIndex > snapshotEntries + 256;
  await until("there are enough entries", enough, slowestMs);
  await load.stop();
  await leader.process.logged(/snapshot saved at/);
}

test("a node that was stopped early and one that never came both catch up by a snapshot", () =>
  withCluster({ nodes: 5 }, async (cluster) => {
    const [stranger, ...present] = cluster.nodes;
    for (const node of present) node.start();
    await cluster.ready();
    const history = new History();
    const old = (await cluster.followers())[0]!;
    const key = { "idempotency-key": "before-the-snapshot" };
    expect(await old.next(key)).toBe(1); // it has a log of its own that will be replaced
    await old.terminate();

    const begun = performance.now();
    await growLog(cluster, history);
    const grown = performance.now();
    const value = await (await cluster.leader()).value();
    expect(value).toBeGreaterThanOrEqual(history.acknowledged("write").length + 1);

    for (const late of [old, stranger!]) {
      const started = performance.now();
      const run = late.start();
      await run.logged(/snapshot installed at/);
      await until("it has caught up on its own", async () => (await late.value("local")) === value);
      const tookMs = Math.round(performance.now() - started);
      tell("a node far behind, from its start until it has everything", `${tookMs} ms`);
    }
    await cluster.ready();
    expect(new Set(await cluster.values())).toEqual(new Set([value]));
    expect(await stranger!.next()).toBe(value + 1);
    const seconds = ((grown - begun) / 1000).toFixed(1);
    tell("log grown", `${snapshotEntries} entries in ${seconds} s`);

    // What was installed is on the disk, and is what a restart begins with.
    await stranger!.kill();
    stranger!.start();
    await cluster.ready();
    expect(await stranger!.value("local")).toBe(value + 1);
    expect(await stranger!.next(key)).toBe(1); // keys are part of a snapshot
  }));
