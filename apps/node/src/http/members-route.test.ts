import { memberOf, tagsOf } from "../test-support/gossip.ts";
import type { GossipMember, GossipSummary } from "../gossip/gossip-member.ts";
import { membersOf, membersRoute, membersShownMax } from "./members-route.ts";

const own = tagsOf({ id: "a", dir: "a".repeat(32) });
const replicas = [
  { id: "a", address: "h:1", role: "voter" },
  { id: "b", address: "h:2", role: "voter" },
];
const named = (name: string, member: Partial<GossipMember> = {}): GossipMember =>
  memberOf({ name, node: tagsOf({ id: name }), ...member });

/** Rows as `id role name standing`. */
const rows = (gossip: readonly GossipMember[]): readonly string[] =>
  membersOf(replicas, gossip, own).map((row) => {
    const seen = row["gossip"] as Pick<GossipMember, "name" | "standing"> | null;
    return `${String(row["id"])} ${String(row["role"])} ${seen?.name ?? "-"} ${seen?.standing ?? "-"}`;
  });

describe("who is there", () => {
  it("is everybody of replication, with what gossip says of each", () => {
    expect(rows([named("b", { standing: "failed" }), named("a")])).toEqual([
      "a voter a alive",
      "b voter b failed",
    ]);
  });

  it("is a voter, too, if gossip does not know it", () => {
    expect(rows([named("a")])).toEqual(["a voter a alive", "b voter - -"]);
  });

  it("is the one that answers, of two with the same id", () => {
    const before = { ...named("old", { standing: "failed" }), node: tagsOf({ id: "b" }) };
    const now = { ...named("new"), node: tagsOf({ id: "b" }) };
    expect(rows([before, now])).toEqual(["a voter - -", "b voter new alive", "b null old failed"]);
  });

  it("is, after all of replication, who gossips besides: ours first, then nodes, then others", () => {
    const other = named("other", { node: tagsOf({ id: "b", cluster: "c2" }) });
    const agent = named("agent", { node: null });
    expect(rows([agent, other, named("c")]).slice(2)).toEqual([
      "c null c alive",
      "b null other alive",
      "null null agent alive",
    ]);
  });

  it("is joined by id alone while a node of eventual mode has not settled on a cluster", () => {
    const node = tagsOf({ mode: "eventual", id: "a", cluster: null });
    const settled = tagsOf({ mode: "eventual", id: "z" });
    const [first] = membersOf(replicas, [memberOf({ node })], settled);
    expect(first?.["gossip"]).toMatchObject({ standing: "alive" });
  });

  it("is a list with an end", async () => {
    const gossip = Array.from({ length: membersShownMax + 2 }, (_, place) => named(`n${place}`));
    const summary: GossipSummary = {
      ...{ name: "a", address: "h:1", alive: 1, suspect: 0, failed: 0, left: 0 },
    };
    const source = { members: () => gossip, summary: () => summary, tags: () => own };
    const route = membersRoute(() => replicas, source, { mode: "raft", clusterId: () => "c1" });
    const request = { method: "GET", path: "/v1/members", query: new URLSearchParams() };
    const reply = await route.handle({ ...request, headers: {}, body: new Uint8Array(0) });
    const body = JSON.parse(String(reply.body)) as { members: unknown[]; more: number };
    expect([body.members.length, body.more]).toEqual([membersShownMax, 4]);
  });
});
