/**
 * Everything that may go wrong, at once and at random: messages lost, doubled and late in any order,
 * servers that die, disks that wait, snapshots. The cluster checks on the way that a term has one
 * leader and that nobody applies two different entries at one index; in the end, healed, it must
 * find a leader and agree. The simulator does this at scale; here it guards every change.
 */
import { RaftCore } from "../index.ts";
import type { Input, NodeId, Ready } from "../index.ts";
import { TestCluster } from "../test-support/cluster.ts";
import { stored } from "../test-support/logs.ts";
import { testOptions } from "../test-support/server.ts";
import { nextRandom } from "./random.ts";

interface Dice {
  random: number;
}

function oneOf<Item>(dice: Dice, items: readonly Item[]): Item {
  return items[nextRandom(dice, items.length)]!;
}

function shuffled<Item>(dice: Dice, items: readonly Item[]): Item[] {
  const left = [...items];
  return items.map(() => left.splice(nextRandom(dice, left.length), 1)[0]!);
}

/** One random event. Proposed bytes count up, so that a state shows what got lost or doubled. */
function disturb(cluster: TestCluster, dice: Dice, proposed: number[]): void {
  const id = oneOf(dice, cluster.ids);
  const server = cluster.server(id);
  switch (nextRandom(dice, 12)) {
    case 0:
    case 1:
    case 2:
      return cluster.tick(1 + nextRandom(dice, 6));
    case 3:
      return cluster.tick(1 + nextRandom(dice, 12), id);
    case 4:
    case 5: {
      proposed.push(proposed.length % 256);
      return cluster.propose(id, proposed.at(-1)!);
    }
    case 6: {
      const late = cluster.takeHeld().filter(() => nextRandom(dice, 3) > 0);
      const doubled = late.filter(() => nextRandom(dice, 4) === 0);
      return cluster.deliver(shuffled(dice, [...late, ...doubled]));
    }
    case 7:
      server.diskHeld = true;
      return;
    case 8:
      server.releaseDisk();
      return cluster.settle();
    case 9:
      server.diskHeld = false;
      return cluster.restart(id);
    case 10:
      if (server.status.appliedIndex > server.status.persistedIndex) return;
      if (server.status.appliedIndex > 0) server.saveSnapshot(nextRandom(dice, 4));
      return cluster.settle();
    default:
      if (nextRandom(dice, 2) === 0) return cluster.heal();
      return cluster.isolate(id);
  }
}

function heal(cluster: TestCluster): void {
  cluster.lose = () => false;
  cluster.heal();
  for (const id of cluster.ids) cluster.server(id).releaseDisk();
  cluster.releaseHeld();
}

function runOf(seed: number): { readonly cluster: TestCluster; readonly proposed: number[] } {
  const dice = { random: seed };
  const cluster = new TestCluster({
    ids: seed % 2 === 0 ? ["a", "b", "c"] : ["a", "b", "c", "d", "e"],
    messageMaxEntries: 1 + nextRandom(dice, 3),
    inflightMaxMessages: 1 + nextRandom(dice, 3),
    inflightMaxWrites: 1 + nextRandom(dice, 3),
    snapshotChunkMaxBytes: 1 + nextRandom(dice, 4),
    committedMaxBytes: 1 + nextRandom(dice, 100),
  });
  cluster.lose = () => nextRandom(dice, 12) === 0;
  cluster.hold = () => nextRandom(dice, 5) === 0;
  const proposed: number[] = [];
  for (let step = 0; step < 120; step += 1) disturb(cluster, dice, proposed);
  return { cluster, proposed };
}

describe("disorder", () => {
  it.each([...Array(40).keys()])("run %i ends with one leader and one state", (seed) => {
    const { cluster, proposed } = runOf(seed);
    heal(cluster);
    cluster.tick(100);
    const leaders = cluster.ids.filter((id) => cluster.status(id).role === "leader");
    expect(leaders).toHaveLength(1);
    cluster.propose(leaders[0]!, 255);
    cluster.tick(30);
    const { state } = cluster.server(leaders[0]!);
    expect(state.at(-1)).toBe(255);
    for (const id of cluster.ids) expect(cluster.server(id).state).toEqual(state);
    // Each command at most once, each one that was proposed and nothing else.
    const commands = state.slice(0, -1);
    expect(new Set(commands).size).toBe(commands.length);
    expect(commands.every((byte) => proposed.includes(byte))).toBe(true);
  });
});

describe("a run is its options, its seed and its inputs", () => {
  it("the same inputs give the same outputs, to the byte", () => {
    const ids: NodeId[] = ["a", "b", "c"];
    const record = (
      seed: number,
    ): { readonly inputs: Input[]; readonly readies: [number, Ready][] } => {
      const inputs: Input[] = [];
      const readies: [number, Ready][] = [];
      const core = new RaftCore({ ...testOptions, seed, id: "a" }, stored({ log: "1" }, ids));
      const step = (input: Input): void => {
        inputs.push(input);
        core.step(input);
        while (core.hasReady()) {
          const ready = core.ready();
          readies.push([inputs.length, ready]);
          if (ready.write !== null) step({ type: "persisted", write: ready.write.id });
        }
      };
      for (let tick = 0; tick < 100; tick += 1) step({ type: "tick" });
      for (const context of [1, 2]) step({ type: "read", context });
      return { inputs, readies };
    };
    expect(record(5)).toEqual(record(5));
    expect(record(5).readies).not.toEqual(record(6).readies);
  });

  it("a core that has nothing to do says so, and gives an empty Ready", () => {
    const core = new RaftCore({ ...testOptions, id: "a" }, stored({ log: "1" }, ["a", "b", "c"]));
    expect(core.ready().contacts).toHaveLength(3); // once, to begin with
    expect(core.hasReady()).toBe(false);
    expect(core.ready()).toEqual({
      write: null,
      messages: [],
      restore: null,
      committed: [],
      outcomes: [],
      snapshotReads: [],
      compactThrough: null,
      contacts: null,
      notes: [],
    });
  });

  it("what came out once does not come out again", () => {
    const core = new RaftCore({ ...testOptions, id: "a" }, stored({ log: "1" }, ["a", "b", "c"]));
    core.step({ type: "campaign" });
    const { messages } = core.ready();
    expect(messages).toHaveLength(2);
    expect(core.hasReady()).toBe(false);
    expect(core.ready().messages).toEqual([]);
    core.step({ type: "tick" });
    expect(messages).toHaveLength(2); // it belongs to whoever took it
  });
});
