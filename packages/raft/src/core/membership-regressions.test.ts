/** What was wrong once with changes of membership, and must not come back. */
import { changesOf, inForce, led } from "../test-support/changes.ts";

describe("E7: a server that alone holds the entry that removes it", () => {
  it.each([
    { changes: "-a", result: "{b}", because: "nobody else may be elected: its log is the longest" },
    { changes: "+[a]", result: "{b} [a]", because: "the same for one that is demoted" },
  ])("campaigns, does not count itself, and brings it to the others: $because", (row) => {
    const cluster = led({ ids: ["a", "b"] });
    cluster.isolate("a");
    expect(cluster.change("a", changesOf(row.changes))).toBe("proposed");
    cluster.tick(60, "a", "b");
    expect(cluster.status("a").role).not.toBe("leader");
    cluster.heal();
    cluster.tick(100);
    expect(inForce(cluster, "b")).toBe(row.result);
    expect(cluster.status("b").role).toBe("leader");
    cluster.propose("b", 7);
    expect(cluster.server("b").state).toEqual([7]);
  });

  it("does not campaign any more once that entry is committed", () => {
    const cluster = led({ ids: ["a", "b", "c"] });
    cluster.change("a", changesOf("-c"));
    cluster.tick(4, "a");
    cluster.isolate("c");
    const { delivered } = cluster;
    const before = delivered.length;
    cluster.tick(60, "c");
    expect(cluster.status("c").role).toBe("follower");
    expect(delivered).toHaveLength(before);
  });
});

describe("G8: who is removed together with the leader", () => {
  it("is still told by it: a server under test may send a request to its contacts only", () => {
    const cluster = led({ joiners: ["d"] });
    cluster.change("a", changesOf("-a -b -c +d"), { force: true });
    cluster.tick(30);
    expect(inForce(cluster, "d")).toBe("{d}");
    expect(["a", "b", "c"].map((id) => cluster.status(id).removed)).toEqual([true, true, true]);
    expect((cluster.server("a").contacts ?? []).map(({ id }) => id)).toEqual(["d"]);
  });
});

describe("whether a server is removed", () => {
  it("is heard from a snapshot as well", () => {
    const cluster = led();
    cluster.propose("a", 1, 2, 3);
    cluster.lose = (m) => m.to === "c";
    cluster.change("a", changesOf("-c"));
    cluster.server("a").saveSnapshot();
    cluster.lose = () => false;
    cluster.tick(4, "a");
    expect(cluster.status("c")).toMatchObject({ removed: true });
    expect(cluster.server("c").notes.map(({ type }) => type)).toContain("snapshotInstalled");
  });

  it("is still known after a restart", () => {
    const cluster = led();
    cluster.change("a", changesOf("-c"));
    cluster.tick(4, "a");
    cluster.propose("a", 1);
    cluster.tick(4, "a");
    expect(cluster.status("c").removed).toBe(true);
    cluster.restart("c");
    expect(cluster.status("c").removed).toBe(true);
    expect(cluster.status("a").removed).toBe(false);
  });
});
