import { TestCluster } from "../test-support/cluster.ts";
import { termsOf } from "../test-support/logs.ts";
import { ofType } from "../test-support/messages.ts";

/** Every log of at most five entries with terms up to 3, as the terms of its entries. */
function logs(): string[] {
  let longest = ["1"];
  const all = [...longest];
  for (let length = 2; length <= 5; length += 1) {
    longest = longest.flatMap((log) =>
      [1, 2, 3].filter((term) => term >= termsOf(log).at(-1)!).map((term) => `${log} ${term}`),
    );
    all.push(...longest);
  }
  return all;
}

/** Whether two servers can hold these (§5.3): where they have the same entry, all before is the same. */
function canCoexist(one: string, other: string): boolean {
  const [first, second] = [termsOf(one), termsOf(other)];
  const last = first.findLastIndex((term, at) => second[at] === term);
  return first.slice(0, last + 1).every((term, at) => second[at] === term);
}

interface Repair {
  readonly leader: string;
  readonly follower: string;
  readonly rejections: number;
  readonly becomes: string;
}

/** "a" has the leader's log, "b" votes for it with the same, "c" has the follower's. */
function repair(leader: string, follower: string): Repair {
  const term = 3;
  const a = { log: leader, term };
  const cluster = new TestCluster({ logs: { a, b: a, c: { log: follower, term } } });
  cluster.step("a", { type: "campaign" });
  const answers = ofType(cluster.delivered, "appendEntriesResponse");
  const rejections = answers.filter((m) => m.from === "c" && m.rejected).length;
  return { leader, follower, rejections, becomes: cluster.server("c").disk.log };
}

describe("a new leader and any follower that can exist (§5.3)", () => {
  const repairs = logs().flatMap((leader) =>
    logs()
      .filter((follower) => canCoexist(leader, follower))
      .map((follower) => repair(leader, follower)),
  );

  it("the follower's log becomes the leader's, with its no-op", () => {
    expect(repairs.length).toBeGreaterThan(400);
    expect(repairs.filter(({ leader, becomes }) => becomes !== `${leader} 4`)).toEqual([]);
  });

  it("with at most one rejection for each term in which they differ, however many entries", () => {
    const tooMany = repairs.filter(({ leader, follower, rejections }) => {
      const [first, second] = [termsOf(leader), termsOf(follower)];
      const agree = first.findLastIndex((term, at) => second[at] === term) + 1;
      const terms = new Set([...first.slice(agree), ...second.slice(agree)]);
      return rejections > terms.size;
    });
    expect(tooMany).toEqual([]);
  });
});

describe("a pre-candidate with a higher term and a shorter log cannot deadlock the cluster", () => {
  const histories = ["1", "1 2", "1 2 2", "1 3"];
  const pairs = histories.flatMap((a) => histories.map((b) => ({ a, b })));

  it.each(pairs)("two servers of three, [$a] and [$b], in any terms", ({ a, b }) => {
    for (const aTerm of [3, 5, 9]) {
      for (const bTerm of [3, 5, 9]) {
        const cluster = new TestCluster({
          logs: { a: { log: a, term: aTerm }, b: { log: b, term: bTerm } },
        });
        cluster.crash("c");
        cluster.tick(100);
        const leaders = ["a", "b"].filter((id) => cluster.status(id).role === "leader");
        expect([aTerm, bTerm, leaders.length]).toEqual([aTerm, bTerm, 1]);
        expect(cluster.server("a").disk.log).toBe(cluster.server("b").disk.log);
      }
    }
  });
});
