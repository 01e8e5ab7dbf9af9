/**
 * One run of gossip from one seed: a cluster starts, everything goes wrong for a while, the faults
 * end, and then it has to know itself again, and to find a crash, a goodbye and a cut link as it
 * should. The invariants are those of `watching.ts`.
 */
import { defaultLimits } from "@counter/gossip";
import type { GossipLimits } from "@counter/gossip";
import { Random } from "../random.ts";
import { checkCalm } from "./calm.ts";
import { GossipFaults } from "./faults.ts";
import { GossipViolation, GossipWatch } from "./watching.ts";
import type { GossipInvariantName } from "./watching.ts";
import { GossipWorld } from "./world.ts";
import type { CoreFactory } from "./world.ts";

export interface GossipRunOptions {
  readonly factory?: CoreFactory;
  /** Whether everything is written down. */
  readonly trace?: boolean;
}

export interface GossipRunResult {
  readonly seed: number;
  readonly violation: { readonly invariant: GossipInvariantName; readonly detail: string } | null;
  /** Of everything that was told. */
  readonly hash: string;
  /** Everything that happened, if it was wanted: `seconds  who  what`. */
  readonly trace: readonly string[];
}

/** Small ones hide nothing; a rumour with the largest metadata still fits. */
function drawLimits(random: Random): GossipLimits {
  return {
    ...defaultLimits,
    rumorsMaxBytes: random.chance(0.5) ? 1024 : defaultLimits.rumorsMaxBytes,
    packetMaxBytes: random.chance(0.5) ? 900 : defaultLimits.packetMaxBytes,
    relaysMax: 16,
    exchangesMax: 16,
  };
}

/** Runs a seed. Only what breaks an invariant is a result; a bug of the simulator itself throws. */
export function runGossipSeed(seed: number, options: GossipRunOptions = {}): GossipRunResult {
  const random = new Random(seed, "gossip-run");
  const limits = drawLimits(random.fork("limits"));
  const { factory, trace = false } = options;
  const weather = { latencyMaxMs: random.pick([2, 20, 100]) };
  const world = new GossipWorld({ seed, limits, weather, trace, ...(factory ? { factory } : {}) });
  const watch = new GossipWatch(limits);
  world.watcher = {
    onEffect: (effect, at) => watch.onEffect(effect, at),
    onEvent: (event, at) => watch.onEvent(event, at),
  };
  const faults = new GossipFaults(world, random.fork("faults"));
  let violation: GossipRunResult["violation"] = null;
  try {
    faults.start(random.between(6, 10), random.chance(0.5));
    faults.wreak(random.between(40, 150) * 1000);
    faults.heal();
    checkCalm(world, faults, random.fork("calm"));
  } catch (error) {
    if (!(error instanceof GossipViolation)) throw error;
    const { invariant, message } = error;
    violation = { invariant, detail: message };
  }
  return { seed, violation, hash: world.hash, trace: world.trace.lines };
}
