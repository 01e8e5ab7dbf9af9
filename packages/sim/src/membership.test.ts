import { RaftCore } from "@counter/raft";
import type { Input, RaftCoreFactory } from "@counter/raft";
import { runSeeds } from "./batch.ts";
import { buildWorld } from "./build-world.ts";
import { drawKnobs } from "./knobs.ts";
import { membershipCorners } from "./membership-corners.ts";
import { hasMajorityUp, isExpendable, leavesMajority } from "./membership-fairness.ts";
import { membershipKinds } from "./membership-knobs.ts";
import { Random } from "./random.ts";
import type { SimServer } from "./server.ts";
import { runSeed } from "./simulation.ts";
import { configuration } from "./test-support/configurations.ts";

/** The first seeds of which the membership changes. */
function changing(count: number): readonly number[] {
  const seeds: number[] = [];
  for (let seed = 1; seeds.length < count; seed += 1) {
    if (drawKnobs(seed).membership.kinds.length > 0) seeds.push(seed);
  }
  return seeds;
}

describe("a simulation in which the membership changes", () => {
  it("finds nothing wrong in forty seeds, and reaches the corners", async () => {
    const { failures, coverage } = await runSeeds(changing(40));
    expect(failures).toEqual([]);
    const rare = ["removedCampaignedInVain", "configurationTruncated", "grownFromOne"];
    const missing = Object.keys(membershipCorners).filter(
      (corner) => !(Object.entries(coverage).find(([name]) => name === corner)![1] > 0),
    );
    expect(missing.filter((corner) => !rare.includes(corner))).toEqual([]);
  }, 90_000);

  it("notices a cluster that is well and changes its leader all the same", () => {
    const factory: RaftCoreFactory = (options, persisted) => {
      const core = new RaftCore(options, persisted);
      let ticks = 0;
      const step = (input: Input): void => {
        core.step(input);
        ticks += input.type === "tick" ? 1 : 0;
        if (ticks % 24 === 0) core.step({ type: "stepDown" });
      };
      return {
        step,
        hasReady: () => core.hasReady(),
        ready: () => core.ready(),
        status: () => core.status(),
        snapshotMeta: () => core.snapshotMeta(),
      };
    };
    const found = changing(10).map((seed) => runSeed(seed, { factory }).violation?.invariant);
    expect(found).toContain("undisturbed");
  }, 60_000);

  it("is on in two seeds out of five, and every kind of change occurs", () => {
    const seeds = Array.from({ length: 400 }, (_, i) => drawKnobs(i + 1).membership);
    const on = seeds.filter(({ kinds }) => kinds.length > 0);
    expect(on.length).toBeGreaterThan(120);
    expect(on.length).toBeLessThan(200);
    expect(new Set(on.flatMap(({ kinds }) => kinds)).size).toBe(membershipKinds.length);
  });

  it("leaves everything else as it was when a kind is switched off", () => {
    const [seed] = changing(1);
    const all = drawKnobs(seed!);
    const without = drawKnobs(seed!, { without: ["replace", "addServer"] });
    expect(without.membership.kinds).toEqual(
      all.membership.kinds.filter((kind) => kind !== "replace" && kind !== "addServer"),
    );
    const { membership, ...rest } = without;
    expect(all).toMatchObject({ ...rest, faults: { ...rest.faults, enabled: all.faults.enabled } });
    expect(membership.spares).toBe(all.membership.spares);
  });
});

describe("a fair run", () => {
  function three(): readonly SimServer[] {
    const knobs = { ...drawKnobs(changing(1)[0]!), voters: 3, learners: 0 };
    return buildWorld({ knobs, random: new Random(1) }).servers;
  }

  it("loses the disks of a minority only, in every configuration that some log holds", () => {
    const servers = three();
    const [a, b, , spare] = servers;
    expect([a!, spare!].map((server) => isExpendable(servers, server))).toEqual([true, true]);
    a!.isDamaged = true;
    expect(isExpendable(servers, a!)).toBe(false);
    expect(isExpendable(servers, b!)).toBe(false);
    expect(isExpendable(servers, spare!)).toBe(true);
  });

  it("asks for no configuration that could never decide", () => {
    const servers = three();
    servers[0]!.isDamaged = true;
    const decides = (text: string): boolean => leavesMajority(servers, configuration(text));
    expect(decides("n1 n2 n3")).toBe(true);
    expect(decides("n1 n2")).toBe(false);
    expect(decides("n2 n3 <- n1 n2")).toBe(false);
    expect(decides("n2 [n1+]")).toBe(false); // it might be promoted
  });

  it("forces a change only where a majority is up", () => {
    const servers = three();
    for (const server of servers.slice(0, 2)) server.start();
    expect(hasMajorityUp(servers, configuration("n1 n2 n3"))).toBe(true);
    expect(hasMajorityUp(servers, configuration("n1 n3"))).toBe(false);
    servers[1]!.pause();
    expect(hasMajorityUp(servers, configuration("n1 n2 n3"))).toBe(false);
  });
});
