/** Links that fall silent: a minority acknowledges nothing and reads nothing, a majority goes on. */
import { withCluster } from "./support/cluster.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { recorded } from "./support/load.ts";
import { patienceMs, until, within } from "./support/until.ts";

const gapMaxMs = 2000;
const healMaxMs = 3000;

test("a leader that is cut off acknowledges nothing and reads nothing; the others go on without it", () =>
  withCluster({ links: true }, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, readers: 4, timeoutMs: 400 });
    const gaps: number[] = [];
    const heals: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const alone = await cluster.leader();
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      const cutAt = performance.now();
      cluster.isolate(alone);
      const next = await within("a write succeeds", patienceMs, history.writeBegunAfter(cutAt));
      gaps.push(next.endedAt - cutAt);

      const call = { port: alone.port, timeoutMs: 8000 };
      const write = recorded(history, "write", { ...call, method: "POST", path: "/next" });
      const read = recorded(history, "read", { ...call, method: "GET", path: "/get" });
      expect((await write).kind).not.toBe("acknowledged");
      expect((await read).kind).not.toBe("acknowledged");
      expect((await alone.get("/readyz")).status).toBe(503);

      const healedAt = performance.now();
      cluster.links.heal();
      const key = { "idempotency-key": `heal-${round}` };
      const value = await until("it counts again", () => alone.next(key));
      const operation = { kind: "write", startedAt: healedAt, endedAt: performance.now() } as const;
      history.record({ ...operation, outcome: { kind: "acknowledged", value } });
      heals.push(operation.endedAt - healedAt);
    }
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("the leader is cut off, until the next write succeeds elsewhere", spread(gaps));
    tell("links are whole again, until the node that was cut off counts", spread(heals));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(gapMaxMs));
    expect(Math.max(...heals)).toBeLessThanOrEqual(promised(healMaxMs));
  }));

test("a follower that is cut off and comes back neither disturbs the leader nor reads old values", () =>
  withCluster({ links: true }, async (cluster) => {
    await cluster.start();
    const leader = await cluster.leader();
    const { term } = await leader.status();
    const history = new History();
    const load = cluster.load({ history, readers: 4, timeoutMs: 400 });
    const alone = (await cluster.followers())[0]!;
    await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
    cluster.isolate(alone);
    await until("it knows no leader", async () => {
      return (await alone.status()).leader.nodeID === "";
    });
    expect((await alone.get("/get")).status).toBe(503);
    cluster.links.heal();
    await alone.ready();
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    const seen = await Promise.all(cluster.nodes.map((node) => node.status()));
    expect(seen.map((status) => [status.term, status.leader.nodeID])).toEqual(
      Array(3).fill([term, leader.address]),
    );
  }));

test("a leader that one follower cannot reach stays leader, and that follower forwards again later", () =>
  withCluster({ links: true }, async (cluster) => {
    await cluster.start();
    const leader = await cluster.leader();
    const [far, near] = await cluster.followers();
    cluster.links.cut([leader.address], [far!.address]);
    await until("it knows no leader", async () => {
      return (await far!.status()).leader.nodeID === "";
    });
    expect(await near!.next()).toBe(1);
    expect((await leader.status()).state).toBe("Leader"); // the near one does not help to replace it
    cluster.links.heal();
    expect(await until("it counts again", () => far!.next())).toBe(2);
    expect(await cluster.values()).toEqual([2, 2, 2]);
  }));
