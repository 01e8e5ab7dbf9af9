import { TestCluster } from "../test-support/cluster.ts";
import { sized } from "../test-support/logs.ts";
import { ofType } from "../test-support/messages.ts";

describe("every message has a size limit that still admits one entry", () => {
  const tiny = { messageMaxBytes: 1, inflightMaxBytes: 1, snapshotChunkMaxBytes: 1 };

  /** Three commands of 1000 bytes, the first byte of each its number. */
  function proposeThree(cluster: TestCluster): void {
    for (const fill of [1, 2, 3]) {
      const commands = [sized(1000, fill)];
      cluster.step("a", { type: "propose", context: fill, commands });
    }
  }

  it("also in the first replication, and to a follower that has missed it all", () => {
    const cluster = new TestCluster(tiny);
    cluster.elect("a");
    cluster.isolate("c");
    proposeThree(cluster);
    cluster.heal();
    cluster.tick(4, "a");
    for (const id of cluster.ids) expect(cluster.server(id).state).toEqual([1, 2, 3]);
    const carried = ofType(cluster.delivered, "appendEntries").map(({ entries }) => entries.length);
    expect(Math.max(...carried)).toBe(1);
  });

  it("and a snapshot travels byte by byte", () => {
    const cluster = new TestCluster(tiny);
    cluster.elect("a");
    cluster.isolate("c");
    proposeThree(cluster);
    cluster.server("a").saveSnapshot();
    cluster.heal();
    cluster.tick(4, "a");
    expect(cluster.server("c").state).toEqual([1, 2, 3]);
    const chunks = ofType(cluster.delivered, "installSnapshot").map(({ chunk }) => chunk);
    expect(chunks.map(({ data }) => data.length)).toEqual([1, 1, 1]);
  });
});
