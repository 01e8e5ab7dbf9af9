/** How a process ends: with the delay that load balancers need, and at once if it is asked twice. */
import { withCluster } from "./support/cluster.ts";
import { until } from "./support/until.ts";

/** Longer than what counts as one signal that was passed on several times. */
const laterMs = 1500;

test("with --drain-delay /readyz says no first, while everything is answered, and then it stops", () =>
  withCluster({ nodes: 1, flags: ["--drain-delay=3s"] }, async (cluster) => {
    await cluster.start();
    const [node] = cluster.nodes;
    const asked = performance.now();
    node!.process.signal("SIGTERM");
    await until("/readyz says no", async () => (await node!.get("/readyz")).status === 503);
    expect((await node!.get("/readyz")).text).toContain("[-]draining failed");
    expect((await node!.get("/livez")).status).toBe(200);
    expect(await node!.next()).toBe(1);
    expect((await node!.process.end()).code).toBe(0);
    expect(performance.now() - asked).toBeGreaterThan(2900);
  }));

test.each([
  { signal: "SIGTERM", code: 143 },
  { signal: "SIGINT", code: 130 },
] as const)("a second $signal ends it at once, with $code", ({ signal, code }) =>
  withCluster({ nodes: 1, flags: ["--drain-delay=10m"] }, async (cluster) => {
    await cluster.start();
    const [node] = cluster.nodes;
    node!.process.signal(signal);
    const asked = performance.now();
    await until("/readyz says no", async () => (await node!.get("/readyz")).status === 503);
    await until("a moment has gone by", () => Promise.resolve(performance.now() - asked > laterMs));
    expect(node!.running).toBe(true);
    node!.process.signal(signal);
    expect(await node!.process.end()).toMatchObject({ code });
  }),
);
