import type { GossipMember } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";
import type { Standing } from "./decide.ts";
import { Standings } from "./standings.ts";

function member(id: string | null, standing: Standing, more: Partial<NodeTags> = {}): GossipMember {
  const node: NodeTags = {
    mode: "raft",
    http: "127.0.0.1:1",
    id,
    cluster: "c1",
    name: null,
    expect: null,
    dir: "0".repeat(32),
    state: "voter",
    ...more,
  };
  return { name: `${id ?? "none"}-${standing}`, address: "127.0.0.1:10001", standing, node };
}

function looks(...seen: readonly (readonly GossipMember[])[]): Record<string, Standing> {
  const standings = new Standings("c1");
  let last: ReadonlyMap<string, Standing> = new Map();
  for (const gossip of seen) last = standings.look(gossip, ["a", "b"]);
  return Object.fromEntries(last);
}

describe("what gossip says of the members of a cluster", () => {
  test.each<[string, readonly (readonly GossipMember[])[], Record<string, Standing>]>([
    [
      "is known by their ids",
      [[member("a", "alive"), member("b", "failed")]],
      { a: "alive", b: "failed" },
    ],
    ["is nothing, of whom it never knew", [[member("a", "alive")]], { a: "alive" }],
    [
      "is the best of what it says",
      [[member("a", "failed"), member("a", "alive"), member("a", "left")]],
      { a: "alive" },
    ],
    ["is kept when it has forgotten one", [[member("a", "failed")], []], { a: "failed" }],
    ["is the newest", [[member("a", "failed")], [member("a", "alive")]], { a: "alive" }],
    ["is not of another cluster", [[member("a", "failed", { cluster: "c2" })]], {}],
    ["is not of one that has none yet", [[member("a", "failed", { cluster: null })]], {}],
    ["is not of another mode", [[member("a", "failed", { mode: "eventual" })]], {}],
    ["is not of strangers", [[member("x", "failed"), member(null, "failed")]], {}],
    ["is not of agents", [[{ ...member("a", "failed"), node: null }]], {}],
  ])("%s", (_, seen, found) => {
    expect(looks(...seen)).toEqual(found);
  });

  test("is forgotten with the member", () => {
    const standings = new Standings("c1");
    standings.look([member("a", "failed")], ["a"]);
    standings.look([], []);
    expect(standings.look([], ["a"]).size).toBe(0);
  });
});
