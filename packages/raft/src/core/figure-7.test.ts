import { TestCluster } from "../test-support/cluster.ts";
import { ofType } from "../test-support/messages.ts";

/** Figure 7 of the paper: what followers may look like when the leader of term 8 begins. */
const leader = { log: "1 1 1 4 4 5 5 6 6 6", term: 7 };
const followers = {
  a: { log: "1 1 1 4 4 5 5 6 6", rejections: 1, because: "one entry is missing" },
  b: { log: "1 1 1 4", rejections: 1, because: "many are missing" },
  c: { log: "1 1 1 4 4 5 5 6 6 6 6", rejections: 0, because: "one is too many" },
  d: { log: "1 1 1 4 4 5 5 6 6 6 7 7", rejections: 0, because: "a term nobody else saw" },
  e: { log: "1 1 1 4 4 4 4", rejections: 1, because: "some are missing, some too many" },
  f: { log: "1 1 1 2 2 2 3 3 3 3 3", rejections: 1, because: "two terms nobody else saw" },
};
const names = ["a", "b", "c", "d", "e", "f"] as const;
const afterwards = `${leader.log} 8`;

function figure7(): TestCluster {
  const logs = Object.fromEntries(
    names.map((name) => [name, { log: followers[name].log, term: 7 }]),
  );
  const cluster = new TestCluster({ ids: ["l", ...names], logs: { ...logs, l: leader } });
  cluster.step("l", { type: "campaign" });
  return cluster;
}

describe("Figure 7: a new leader repairs every follower (§5.3)", () => {
  it("it is elected by those whose logs are not newer (§5.4.1)", () => {
    const cluster = figure7();
    expect(cluster.server("l").rank).toBe("leader 8");
    const granted = ofType(cluster.delivered, "requestVoteResponse").filter(
      (m) => m.granted && !m.preVote,
    );
    expect(granted.map((m) => m.from).sort()).toEqual(["a", "b", "e", "f"]);
  });

  it.each(names.map((name) => ({ name, ...followers[name] })))(
    "($name) $because: $rejections rejection(s)",
    ({ name, rejections }) => {
      const cluster = figure7();
      expect(cluster.server(name).disk.log).toBe(afterwards);
      const refused = ofType(cluster.delivered, "appendEntriesResponse").filter(
        (m) => m.from === name && m.rejected,
      );
      expect(refused).toHaveLength(rejections);
    },
  );

  it.each([1, 2, 3])("with %i entries a message as well, still one rejection each", (most) => {
    const logs = Object.fromEntries(names.map((name) => [name, { ...followers[name], term: 7 }]));
    const cluster = new TestCluster({
      ids: ["l", ...names],
      logs: { ...logs, l: leader },
      messageMaxEntries: most,
    });
    cluster.step("l", { type: "campaign" });
    for (const name of names) {
      expect(cluster.server(name).disk.log).toBe(afterwards);
      const refused = ofType(cluster.delivered, "appendEntriesResponse").filter(
        (m) => m.from === name && m.rejected,
      );
      expect(refused.length).toBeLessThanOrEqual(1);
    }
  });

  it("everybody commits the same entries in the end", () => {
    const cluster = figure7();
    for (const id of cluster.ids) {
      expect(cluster.status(id)).toMatchObject({ commitIndex: 11, lastIndex: 11, lastTerm: 8 });
    }
  });
});
