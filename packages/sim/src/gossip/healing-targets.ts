/** G6 and G7: how soon members who do not see each other do. G11: and that runs repeat. */
import type { GossipTiming } from "@counter/gossip";
import { seconds } from "./measuring.ts";
import type { TargetRow } from "./measuring.ts";
import { GossipWorld, addressOf } from "./world.ts";
import type { CoreFactory } from "./world.ts";

/** Counts, at every member, whom it holds for alive; cheaper than asking all of them all the time. */
export class Sight {
  readonly #alive: Set<string>[] = [];
  readonly #members: number;
  #pairs = 0;

  constructor(world: GossipWorld, members: number) {
    this.#members = members;
    for (let index = 0; index < members; index += 1) this.#alive.push(new Set());
    world.watcher = {
      onEvent: ({ type, member }, at) => {
        const seen = this.#alive[at.index]!;
        const before = seen.size;
        if (type === "join" || type === "alive") seen.add(member.name);
        else if (type !== "update" && type !== "conflict") seen.delete(member.name);
        this.#pairs += seen.size - before;
      },
    };
  }

  /** How many times somebody holds somebody else for alive. */
  get pairs(): number {
    return this.#pairs;
  }

  /** Everybody holds everybody else for alive. */
  get complete(): boolean {
    return this.#pairs === this.#members * (this.#members - 1);
  }
}

/** How long members take to see each other that are started at once with one seed. */
export function joinMs(members: number, factory?: CoreFactory): number {
  const world = new GossipWorld({ seed: 6, ...(factory ? { factory } : {}) });
  const sight = new Sight(world, members);
  for (let index = 0; index < members; index += 1) {
    const member = world.start(index);
    member.deliver({ type: "seeds", addresses: [addressOf(0)] });
    member.deliver({ type: "join", context: 1, addresses: [addressOf(0)] });
  }
  const complete = world.run(120_000, () => sight.complete);
  return complete ? world.nowMs : Infinity;
}

export interface PartitionOptions {
  readonly members: number;
  readonly minutes: number;
  readonly timing?: Partial<GossipTiming>;
  readonly factory?: CoreFactory;
}

/** How long two halves take to be one again after the network is. */
export function healMs({ members, minutes, timing, factory }: PartitionOptions): number {
  const world = new GossipWorld({
    seed: 7,
    ...(timing ? { timing } : {}),
    ...(factory ? { factory } : {}),
  });
  const sight = new Sight(world, members);
  // The watcher is not there yet for what members know from the beginning.
  for (let index = 0; index < members; index += 1) {
    world.start(index).deliver({ type: "join", context: 1, addresses: [addressOf(0)] });
  }
  if (!world.run(120_000, () => sight.complete)) return Infinity;
  world.network.weather.cut = (from, to) => from % 2 !== to % 2;
  world.run(world.nowMs + minutes * 60_000);
  world.network.weather.cut = () => false;
  const began = world.nowMs;
  return world.run(began + 600_000, () => sight.complete) ? world.nowMs - began : Infinity;
}

export function joinTargets(sizes: readonly number[]): TargetRow[] {
  return sizes.map((members) => {
    const tookMs = joinMs(members);
    const limit = members <= 300 ? 10 : 20;
    return {
      ...{ id: "G6", what: `${members} started at once through one seed see each other` },
      ...{ target: `≤ ${limit} s`, measured: seconds(tookMs), ok: tookMs <= limit * 1000 },
    };
  });
}

export function healTargets(options: PartitionOptions): TargetRow[] {
  const tookMs = healMs(options);
  const { members, minutes } = options;
  return [
    {
      ...{ id: "G7", what: `${members} members in two halves for ${minutes} minutes: healed in` },
      ...{ target: "≤ 60 s", measured: seconds(tookMs), ok: tookMs <= 60_000 },
    },
  ];
}

/** A run with a bit of everything, as a hash of all that was told. */
export function hashOfRun(seed: number): string {
  const world = new GossipWorld({ seed, weather: { lossRate: 0.2 } });
  world.startAcquainted(30);
  world.run(5000);
  world.members[3]!.crash();
  world.members[4]!.block(20_000);
  world.members[5]!.deliver({ type: "leave", context: 1 });
  world.members[6]!.deliver({ type: "updateMeta", context: 2, meta: Uint8Array.of(1) });
  world.run(60_000);
  return world.hash;
}

export function repeatTargets(): TargetRow[] {
  const [once, twice, other] = [hashOfRun(11), hashOfRun(11), hashOfRun(12)];
  return [
    {
      ...{ id: "G11", what: "the same seed twice, and another one: hashes of the event log" },
      ...{ target: "equal, different", measured: `${once}, ${twice}, ${other}` },
      ok: once === twice && once !== other,
    },
  ];
}
