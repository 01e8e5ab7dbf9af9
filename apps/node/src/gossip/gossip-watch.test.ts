import { logTo } from "../test-support/log-lines.ts";
import { memberOf, tagsOf } from "../test-support/gossip.ts";
import { GossipWatch, toldMax } from "./gossip-watch.ts";
import type { NodeTags } from "./node-tags.ts";

let lines: string[];
let own: NodeTags;
let watch: GossipWatch;
beforeEach(() => {
  lines = [];
  own = tagsOf({ dir: "f".repeat(32) });
  watch = new GossipWatch(logTo(lines), () => own);
});

const see = (...standings: readonly ("alive" | "suspect" | "failed" | "left")[]): void => {
  for (const standing of standings) watch.onMember(memberOf({ standing }));
};

describe("what people read of the gossip", () => {
  it("is each thing that happens to a member of our cluster, once", () => {
    see("alive", "alive", "suspect", "alive", "failed", "failed", "alive", "left", "alive");
    expect(lines).toEqual([
      "info: gossip: n1-00000000 is there",
      "warn: gossip: n1-00000000 has failed: nobody reaches it",
      "info: gossip: n1-00000000 is back",
      "info: gossip: n1-00000000 has left",
      "info: gossip: n1-00000000 is back",
    ]);
  });

  it.each([
    { who: "ourselves", node: () => own },
    { who: "an agent of Serf", node: () => null },
    { who: "another cluster", node: () => tagsOf({ cluster: "c2" }) },
    { who: "another mode", node: () => tagsOf({ mode: "eventual" }) },
    { who: "a node without a cluster", node: () => tagsOf({ cluster: null, id: null }) },
  ])("is nothing of $who", ({ node }) => {
    watch.onMember(memberOf({ node: node() }));
    expect(lines).toEqual([]);
  });

  it("waits until we know our cluster", () => {
    own = tagsOf({ dir: own.dir, cluster: null });
    see("alive");
    own = tagsOf({ dir: own.dir });
    see("alive");
    expect(lines).toEqual(["info: gossip: n1-00000000 is there"]);
  });

  it("is of so many members and no more, however many names strangers make up", () => {
    for (let place = 0; place <= toldMax; place += 1)
      watch.onMember(memberOf({ name: `n${place}` }));
    expect(lines).toHaveLength(toldMax);
    watch.observer.onNote?.({ type: "forgotten", node: "n0" });
    watch.onMember(memberOf({ name: "another" }));
    expect(lines).toHaveLength(toldMax + 1);
  });

  it("is what is refused of a machine, once", () => {
    const from = { host: "127.0.0.1", port: 7946 };
    for (let count = 0; count < 1000; count += 1) {
      watch.observer.onRefused?.({ reason: "encryption", detail: "no key opens it" }, from);
    }
    expect(lines).toEqual(["warn: gossip of 127.0.0.1 is refused: encryption"]);
  });

  it("is no more than so many warnings, from however many machines the refused ones say they come", () => {
    for (let place = 0; place <= toldMax; place += 1) {
      const from = { host: `10.0.${place >> 8}.${place & 255}`, port: 7946 };
      watch.observer.onRefused?.({ reason: "label", detail: "another label" }, from);
    }
    expect(lines).toHaveLength(toldMax);
  });

  it("is that somebody else has the name of a member", () => {
    const member = { name: "n1", address: { host: "10.0.0.1", port: 1 }, meta: new Uint8Array(0) };
    const known = { versions: null, standing: "alive", incarnation: 1, rttMs: null } as const;
    const seen = { ...member, ...known };
    watch.onConflict({ member: seen, otherAddress: { host: "10.0.0.2", port: 2 } });
    expect(lines).toEqual([
      "warn: gossip: n1 is at 10.0.0.1:1, and somebody at 10.0.0.2:2 uses its name",
    ]);
  });
});
