/** Backup and restore on a running cluster. */
import { withCluster } from "./support/cluster.ts";
import { History } from "./support/history.ts";
import { within } from "./support/until.ts";

test("after a restore all nodes show the old value at once, and no number is handed out again", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const [first, second, third] = cluster.nodes;
    for (let number = 1; number <= 5; number += 1) expect(await first!.next()).toBe(number);
    const follower = (await cluster.followers())[0]!;
    const backup = await follower.post("/backup", { headers: { accept: "application/json" } });
    expect(backup.status).toBe(200);
    expect(JSON.parse(backup.text)).toMatchObject({ counters: 1 });
    for (let number = 6; number <= 9; number += 1) expect(await second!.next()).toBe(number);

    const restored = await follower.post("/restore");
    expect([restored.status, restored.text]).toEqual([200, "FSM state restored from backup"]);
    expect(await cluster.values()).toEqual([5, 5, 5]);
    expect(await third!.next()).toBe(10);
    expect(await cluster.values()).toEqual([10, 10, 10]);

    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await cluster.start();
    expect(await cluster.values()).toEqual([10, 10, 10]);
    expect((await follower.post("/restore")).status).toBe(200); // the file is still there
    expect(await cluster.values()).toEqual([5, 5, 5]);
    expect(await first!.next()).toBe(11);
  }));

test("backups under load are whole, and restoring them under load doubles no number", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    const history = new History();
    const load = cluster.load({ history });
    for (const node of cluster.nodes) {
      await within("writes go on", 60_000, history.writeBegunAfter(performance.now()));
      expect((await node.post("/backup")).status).toBe(200);
      expect((await node.post("/restore")).status).toBe(200);
    }
    await within("writes go on", 60_000, history.writeBegunAfter(performance.now()));
    await load.stop();
    const numbers = history.acknowledged("write").map(({ outcome }) => outcome.value);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(new Set(await cluster.values()).size).toBe(1);
    expect(await cluster.nodes[0]!.next()).toBeGreaterThan(Math.max(...numbers));
  }));

test("a node without a backup says so, and nothing is changed", () =>
  withCluster({}, async (cluster) => {
    await cluster.start();
    expect(await cluster.nodes[0]!.next()).toBe(1);
    for (const node of cluster.nodes) expect((await node.post("/restore")).status).toBe(404);
    expect(await cluster.values()).toEqual([1, 1, 1]);
  }));
