import fc from "fast-check";

import type { GossipMember } from "../gossip/gossip-member.ts";
import type { NodeTags } from "../gossip/node-tags.ts";
import { askAgainMs, askedAtATimeMax, hintsOf, type Hints, type OwnStanding } from "./hints.ts";

const ids = { own: "0".repeat(32), other: "1".repeat(32), third: "2".repeat(32) };
const here = "10.0.0.1:8080";
const there = "10.0.0.2:8080";

const own: OwnStanding = {
  node: ids.own,
  address: here,
  clusterId: "ours",
  clusterName: null,
  provisional: false,
  members: [memberOf(ids.own, here)],
  named: [],
  peers: [],
  peersMax: 64,
};

const tags: NodeTags = {
  mode: "eventual",
  http: there,
  id: ids.other,
  cluster: "ours",
  name: null,
  expect: null,
  dir: ids.other,
  state: "up",
};

function memberOf(
  id: string,
  address: string,
  status: "up" | "removed" = "up",
): OwnStanding["members"][number] {
  return { id, address, label: "x", status, version: 1 };
}

function peerOf(
  address: string,
  { up, node = null }: { readonly up: boolean; readonly node?: string | null },
): OwnStanding["peers"][number] {
  return { address, node, up, silentTicks: null, acked: 0, lagRecords: 0, boot: null };
}

function seen(
  change: Partial<NodeTags> | null,
  standing: GossipMember["standing"] = "alive",
): GossipMember {
  const node = change === null ? null : { ...tags, ...change };
  return { name: node?.id ?? "serf", address: "10.0.0.2:18080", standing, node };
}

const never = { askedAt: new Map<string, number>(), nowMs: 0 };

function asked(member: GossipMember, change: Partial<OwnStanding> = {}): Hints {
  return hintsOf([member], { ...own, ...change }, never);
}

describe("whom gossip gives a reason to ask", () => {
  it.each<readonly [string, Partial<NodeTags>, Partial<OwnStanding>]>([
    ["of our cluster", {}, {}],
    ["that has not settled on a cluster", { cluster: null, state: "joining" }, {}],
    [
      "of a settled cluster, while ours is not",
      { cluster: "theirs" },
      { provisional: true, peers: [peerOf("10.0.0.3:1", { up: false })] },
    ],
    [
      "unsettled as we are",
      { cluster: null },
      { provisional: true, peers: [peerOf("10.0.0.3:1", { up: false })] },
    ],
    ["with the name that we have", { name: "one" }, { clusterName: "one" }],
    ["that is a peer and down", {}, { peers: [peerOf(there, { up: false })] }],
    [
      "that is a member at another address",
      { http: "10.0.0.9:1" },
      { members: [memberOf(ids.other, there)], peers: [peerOf(there, { up: false })] },
    ],
    [
      "that takes the place of a removed one",
      {},
      { members: [memberOf(ids.third, there, "removed")] },
    ],
    [
      "that was taken in at an address which was deregistered before",
      {},
      {
        members: [memberOf(ids.other, there)],
        named: [{ address: there, version: 2, wanted: false }],
      },
    ],
  ])("a node %s", (_, change, standing) => {
    const { ask, foreign } = asked(seen(change), standing);
    expect(ask).toEqual([change.http ?? there]);
    expect(foreign).toEqual([]);
  });

  it.each<readonly [string, GossipMember, Partial<OwnStanding>]>([
    ["H1: who is suspect", seen({}, "suspect"), {}],
    ["H1: who has failed", seen({}, "failed"), {}],
    ["H1: who has left", seen({}, "left"), {}],
    ["H1: a member of Serf that is no node", seen(null), {}],
    ["H1: a node of raft mode", seen({ mode: "raft" }), {}],
    ["H1: a node that does not say which it is", seen({ id: null }), {}],
    ["H1: another name", seen({ name: "two" }), { clusterName: "one" }],
    ["H1: a name, where we have none", seen({ name: "two" }), {}],
    ["H1: no name, where we have one", seen({}), { clusterName: "one" }],
    ["H2: this node", seen({ id: ids.own }), {}],
    ["H2: whoever claims the address of this node", seen({ http: here }), {}],
    ["H3: a removed node", seen({}), { members: [memberOf(ids.other, there, "removed")] }],
    [
      "H3: a removed node at a new address",
      seen({ http: "10.0.0.9:1" }),
      { members: [memberOf(ids.other, there, "removed")] },
    ],
    [
      "H3: a deregistered address",
      seen({}),
      { named: [{ address: there, version: 2, wanted: false }] },
    ],
    ["H5: a peer that is up", seen({}), { peers: [peerOf(there, { up: true })] }],
    [
      "H5: a peer that is up under another name of its address",
      seen({}),
      { peers: [peerOf("b:8080", { up: true, node: ids.other })] },
    ],
    ["H7: anybody, where this node is new and was told of nobody", seen({}), { provisional: true }],
    ["H5: one more than there may be", seen({}), { peersMax: 0 }],
  ])("not %s", (_, member, standing) => {
    expect(asked(member, standing)).toEqual({ ask: [], foreign: [] });
  });

  it("H4: not a settled cluster of another id, which is told", () => {
    expect(asked(seen({ cluster: "theirs" }))).toEqual({
      ask: [],
      foreign: [{ cluster: "theirs", address: there }],
    });
  });

  it("H5: a peer that is down needs no further place", () => {
    const peers = [peerOf(there, { up: false })];
    expect(asked(seen({}), { peers, peersMax: 1 }).ask).toEqual([there]);
  });

  it("H6: a few at a time, and the same one again only after a while", () => {
    const crowd = Array.from({ length: askedAtATimeMax + 1 }, (_, at) => {
      return seen({ id: `${at}`.repeat(32), http: `10.0.1.${at}:8080` });
    });
    const first = hintsOf(crowd, { ...own, node: "f".repeat(32) }, never).ask;
    expect(first).toHaveLength(askedAtATimeMax);
    const askedAt = new Map(first.map((address) => [address, 0]));
    const standing = { ...own, node: "f".repeat(32) };
    const second = hintsOf(crowd, standing, { askedAt, nowMs: askAgainMs - 1 }).ask;
    expect([...first, ...second].sort()).toEqual(crowd.map(({ node }) => node?.http).sort());
    const third = hintsOf(crowd, standing, { askedAt, nowMs: askAgainMs }).ask;
    expect(third[0]).toEqual(second[0]); // it has waited longest
  });
});

describe("whatever is said in gossip", () => {
  const addresses = ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.4:8080"];
  const anyId = fc.constantFrom(...Object.values(ids), "3".repeat(32));
  const anyAddress = fc.constantFrom(...addresses);
  const anyCluster = fc.constantFrom("ours", "theirs", "third");
  const anyName = fc.constantFrom(null, "one");
  const anyTags: fc.Arbitrary<NodeTags> = fc.record({
    mode: fc.constantFrom("raft" as const, "eventual" as const),
    http: anyAddress,
    id: fc.option(anyId),
    cluster: fc.option(anyCluster),
    name: anyName,
    expect: fc.constant(null),
    dir: anyId,
    state: fc.constantFrom("up" as const, "joining" as const),
  });
  const anyView = fc.array(
    fc.record({
      name: fc.string(),
      address: anyAddress,
      standing: fc.constantFrom(
        "alive" as const,
        "suspect" as const,
        "failed" as const,
        "left" as const,
      ),
      node: fc.option(anyTags),
    }),
    { maxLength: 12 },
  );
  const anyOwn: fc.Arbitrary<OwnStanding> = fc.record({
    node: fc.constant(ids.own),
    address: fc.constant(here),
    clusterId: anyCluster,
    clusterName: anyName,
    provisional: fc.boolean(),
    members: fc.array(
      fc
        .tuple(anyId, anyAddress, fc.constantFrom("up" as const, "removed" as const))
        .map(([id, address, status]) => memberOf(id, address, status)),
      { maxLength: 4 },
    ),
    named: fc.array(
      fc.record({ address: anyAddress, version: fc.constant(1), wanted: fc.boolean() }),
      { maxLength: 4 },
    ),
    peers: fc.array(
      fc
        .tuple(anyAddress, fc.boolean(), fc.option(anyId))
        .map(([address, up, node]) => peerOf(address, { up, node })),
      { maxLength: 4 },
    ),
    peersMax: fc.integer({ min: 0, max: 6 }),
  });

  it("nobody is asked without a living witness who may be of our cluster", () => {
    fc.assert(
      fc.property(anyView, anyOwn, (view, standing) => {
        const { ask } = hintsOf(view, standing, never);
        expect(ask.length).toBeLessThanOrEqual(askedAtATimeMax);
        expect(new Set(ask).size).toBe(ask.length);
        expect(ask).not.toContain(here);
        for (const address of ask) {
          const witnesses = view.filter(({ standing: is, node }) => {
            return is === "alive" && node?.http === address && node.mode === "eventual";
          });
          const isRight = witnesses.some(({ node }) => {
            if (node === null || node.id === ids.own || node.name !== standing.clusterName) {
              return false;
            }
            const isOurs = node.cluster === null || node.cluster === standing.clusterId;
            const isRemoved = standing.members.some(({ id, status }) => {
              return id === node.id && status === "removed";
            });
            return !isRemoved && (isOurs || standing.provisional);
          });
          expect(isRight).toBe(true);
        }
      }),
    );
  });

  it("there are never more peers than there may be", () => {
    fc.assert(
      fc.property(anyView, anyOwn, (view, standing) => {
        const { ask } = hintsOf(view, standing, never);
        const known = new Set(standing.peers.map(({ address }) => address));
        const added = ask.filter((address) => !known.has(address)).length;
        expect(added).toBeLessThanOrEqual(Math.max(0, standing.peersMax - known.size));
      }),
    );
  });

  it("the order in which it is said changes nothing of who may be asked", () => {
    fc.assert(
      fc.property(anyView, anyOwn, (view, standing) => {
        const wide = { ...standing, peersMax: 64 };
        const there = hintsOf(view, wide, never);
        const back = hintsOf([...view].reverse(), wide, never);
        expect([...back.ask].sort()).toEqual([...there.ask].sort());
        const clusters = ({ foreign }: Hints): string[] =>
          foreign.map(({ cluster }) => cluster).sort();
        expect(clusters(back)).toEqual(clusters(there));
      }),
    );
  });
});
