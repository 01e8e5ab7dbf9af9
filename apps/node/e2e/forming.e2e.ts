/** How a cluster comes into being: in any order, at the same instant, without one of its members. */
import { withCluster } from "./support/cluster.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { headerOf } from "./support/http.ts";
import { until } from "./support/until.ts";

const orders = [
  [0, 1, 2],
  [1, 2, 0],
  [2, 1, 0],
];

test.each(orders)("nodes started in the order %i, %i, %i form one cluster", (...order) =>
  withCluster({}, async (cluster) => {
    for (const place of order) {
      const node = cluster.nodes[place]!;
      node.start();
      await node.answers(); // before it has a leader: no start depends on another one
    }
    await cluster.ready();
    const leaders = await Promise.all(cluster.nodes.map((node) => node.status()));
    expect(new Set(leaders.map(({ leader }) => leader.nodeID)).size).toBe(1);
    const numbers: number[] = [];
    for (const node of cluster.nodes) numbers.push(await node.next());
    expect(numbers).toEqual([1, 2, 3]);
    expect(await cluster.values()).toEqual([3, 3, 3]);
  }),
);

test("three nodes started cold at the same instant form one cluster, again and again", async () => {
  const ready: number[] = [];
  const inProcess: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await withCluster({}, async (cluster) => {
      const begun = performance.now();
      await cluster.start();
      ready.push(performance.now() - begun);
      const seen = await Promise.all(cluster.nodes.map((node) => node.status()));
      inProcess.push(...seen.map(({ startedInMs }) => startedInMs ?? NaN));
      expect(new Set(seen.map(({ leader }) => leader.nodeID)).size).toBe(1);
      expect(await cluster.nodes[0]!.next()).toBe(1);
    });
  }
  tell("cold start of three, until all are ready", spread(ready));
  tell("the same, as each node tells it (startedInMs)", spread(inProcess));
  expect(Math.max(...ready)).toBeLessThan(promised(6000));
});

test("two of three are enough when one peer never comes", () =>
  withCluster({}, async (cluster) => {
    const [first, second] = cluster.nodes;
    first!.start();
    second!.start();
    await cluster.ready();
    expect(await first!.next()).toBe(1);
    expect(await second!.next()).toBe(2);
    expect(await cluster.values()).toEqual([2, 2]);
    const { lines } = first!.process;
    const complaints = lines.filter((line) => line.includes("cannot be reached"));
    expect(complaints.length).toBeLessThanOrEqual(2); // each absent peer once, not once a dial
  }));

test("a lone node of three says 503, when to come back, and for whom it waits", () =>
  withCluster({ flags: ["--apply-timeout=300ms"] }, async (cluster) => {
    const [lone, second, third] = cluster.nodes;
    lone!.start();
    await lone!.answers();
    const reply = await until("it knows whom it misses", async () => {
      const answer = await lone!.post("/next", { headers: { accept: "application/json" } });
      return answer.text.includes(third!.address) ? answer : null;
    });
    expect(reply.status).toBe(503);
    expect(headerOf(reply, "retry-after")).toMatch(/^\d+$/);
    expect(headerOf(reply, "counter-outcome")).toBe("not-applied");
    const waitingFor = expect.arrayContaining([second!.address, third!.address]) as unknown;
    expect(JSON.parse(reply.text)).toMatchObject({ code: "no-leader", waitingFor });
    for (const path of ["/get", "/readyz"]) {
      const refused = await lone!.get(path);
      expect([refused.status, headerOf(refused, "retry-after")]).toEqual([503, "1"]);
      expect(refused.text).toContain(`waiting for`);
    }
    expect((await lone!.get("/livez")).status).toBe(200);
    expect((await lone!.get("/get?consistency=local")).text).toBe('{"counter":0}\n');

    second!.start();
    await cluster.ready();
    expect(await lone!.next()).toBe(1);
  }));
