/** `kill -9` under load: what was acknowledged is there, once, and the others go on. */
import { withCluster } from "./support/cluster.ts";
import { promised, spread, tell } from "./support/figures.ts";
import { History } from "./support/history.ts";
import { headerOf } from "./support/http.ts";
import { patienceMs, until, within } from "./support/until.ts";

const rounds = 10;
/** First successful write after the death of a leader, and after the return of a majority. */
const leaderGapMaxMs = 2000;
const majorityGapMaxMs = 3000;

test(`${rounds} times kill -9 of the leader: no number twice, none lost, no 503, at most 2 s without a write`, () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history, writers: 8, readers: 2 });
    const gaps: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const leader = await cluster.leader();
      const killedAt = performance.now();
      const dead = leader.kill();
      const first = history.writeBegunAfter(killedAt);
      gaps.push((await within("a write succeeds", patienceMs, first)).endedAt - killedAt);
      await dead;
      leader.start();
      await cluster.ready();
    }
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("kill -9 of the leader, until the next write succeeds", spread(gaps));
    const writes = history.acknowledged("write").length;
    const { refused, unknownWrites } = history;
    tell("writes meanwhile", `${writes} acknowledged, ${unknownWrites} unknown, ${refused} of 503`);
    // Who asks while a leader is elected waits; only what the dead leader held is in doubt.
    expect(refused).toBe(0);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(leaderGapMaxMs));
  }));

test("kill -9 of a follower stops nobody, and it catches up from its disk", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history });
    const gaps: number[] = [];
    for (const follower of await cluster.followers()) {
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      const killedAt = performance.now();
      await follower.kill();
      const later = performance.now() + 300;
      await within("writes go on", patienceMs, history.writeBegunAfter(later));
      gaps.push(history.longestGap(killedAt, later));
      follower.start();
      await cluster.ready();
    }
    await load.stop();
    const values = await cluster.values();
    expect(history.violations(values)).toEqual([]);
    await until("all have the same on their own", async () => {
      const local = await Promise.all(cluster.nodes.map((node) => node.value("local")));
      return local.every((value) => value === values[0]);
    });
    tell("kill -9 of a follower, longest time without a write", spread(gaps));
    expect(Math.max(...gaps)).toBeLessThan(promised(1000));
  }));

test("after kill -9 of a majority nothing is acknowledged until a majority is back", () =>
  withCluster({ flags: ["--apply-timeout=1s"] }, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history });
    const leader = await cluster.leader();
    const [follower, survivor] = await cluster.followers();
    await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
    await Promise.all([leader.kill(), follower!.kill()]);
    const deadAt = performance.now();

    // The survivor first believes in its leader, then knows that there is none.
    const refusal = await until("the survivor says why it cannot count", async () => {
      const reply = await survivor!.post("/next");
      return reply.status === 503 && reply.text.includes("no leader is known") ? reply : null;
    });
    expect(headerOf(refusal, "counter-outcome")).toBe("not-applied");
    const begun = performance.now();
    const next = history.writeBegunAfter(deadAt);
    const backAt = await cluster.back([leader, follower!]);
    const first = await within("a write succeeds", patienceMs, next);
    expect(first.endedAt).toBeGreaterThan(begun);
    await cluster.ready();
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    const gap = first.endedAt - backAt;
    tell("majority is back, until a write succeeds", spread([gap]));
    tell("the same, with the start of the processes", spread([first.endedAt - begun]));
    expect(gap).toBeLessThanOrEqual(promised(majorityGapMaxMs));
  }));

test("after kill -9 of all at once everything acknowledged is read from the disks", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history });
    const gaps: number[] = [];
    const withStart: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await within("writes begin", patienceMs, history.writeBegunAfter(performance.now()));
      await Promise.all(cluster.nodes.map((node) => node.kill()));
      const begun = performance.now();
      const next = history.writeBegunAfter(begun);
      const backAt = await cluster.back(cluster.nodes);
      const { endedAt } = await within("a write succeeds", patienceMs, next);
      gaps.push(endedAt - backAt);
      withStart.push(endedAt - begun);
      await cluster.ready();
    }
    await load.stop();
    expect(history.violations(await cluster.values())).toEqual([]);
    tell("all are back, until a write succeeds", spread(gaps));
    tell("the same, with the start of the processes", spread(withStart));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(promised(majorityGapMaxMs));
  }));
