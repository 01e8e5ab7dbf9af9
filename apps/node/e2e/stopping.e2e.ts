/** SIGTERM: drain, hand over, leave in good order. */
import { withCluster } from "./support/cluster.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { exchange } from "./support/http.ts";
import { patienceMs, within } from "./support/until.ts";

const stopMaxMs = 5000;
const gapMaxMs = 1000;

test("a rolling restart under load: each node leaves with 0 in time, nothing is lost or doubled", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, writers: 4, keyedWriters: 4, readers: 2 });
    const leaver = await cluster.leader(); // first, so that at least one of them leads
    const order = [leaver, ...cluster.nodes.filter((node) => node !== leaver)];
    const took: number[] = [];
    const gaps: number[] = [];
    for (const node of order) {
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      const begun = performance.now();
      const { code, signal, tookMs } = await node.terminate();
      expect([code, signal]).toEqual([0, null]);
      took.push(tookMs);
      const gone = performance.now();
      const next = await within("writes go on", patienceMs, history.writeBegunAfter(gone));
      gaps.push(history.longestGap(begun, next.endedAt));
      node.start();
      await cluster.ready();
    }
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("SIGTERM under load, until the process has ended", spread(took));
    const { refused, unknownWrites } = history;
    tell(
      "rolling restart",
      `${refused} answers of 503, ${unknownWrites} writes of unknown outcome`,
    );
    tell("SIGTERM under load, longest time without a write", spread(gaps));
    expect(Math.max(...took)).toBeLessThan(stopMaxMs);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(gapMaxMs));
  }));

test("with clients that use keys, a rolling restart leaves no doubt about any request", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, writers: 0, keyedWriters: 8 });
    for (const node of cluster.nodes) {
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      expect((await node.terminate()).code).toBe(0);
      node.start();
      await cluster.ready();
    }
    await load.stop();
    const values = await cluster.values();
    expect(history.violations(values)).toEqual([]);
    expect(history.unknownWrites).toBe(0);
    expect(values[0]).toBe(history.acknowledged("write").length);
  }));

test("all three asked at once leave with 0, also while nobody leads, and come back with everything", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history });
    await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
    const ends = await Promise.all(cluster.nodes.map((node) => node.terminate()));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(Math.max(...ends.map(({ tookMs }) => tookMs))).toBeLessThan(stopMaxMs);
    await load.stop();
    await cluster.start();
    expect(history.violations(await cluster.values())).toEqual([]);
  }));

test("SIGTERM before there is a cluster ends a node at once, and a second signal changes nothing", () =>
  withCluster({}, async (cluster) => {
    const lone = cluster.nodes[0]!;
    lone.start();
    await lone.answers();
    lone.process.signal("SIGINT");
    lone.process.signal("SIGTERM");
    expect(await lone.process.end(stopMaxMs)).toEqual({ code: 0, signal: null });
    const call = { port: lone.port, method: "GET", path: "/livez" };
    await expect(exchange(call)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  }));
