/** How hard a simulated world makes it for its candidates. */
import { defaultTiming, type Timing } from "../../bootstrap/types.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What a seed stands for. */
export interface Knobs {
  readonly nodes: number;
  readonly expects: readonly number[];
  readonly lossShare: number;
  readonly repeatShare: number;
  readonly latencyMaxMs: number;
  readonly lateShare: number;
  readonly viewLagMs: number;
  readonly hiddenShare: number;
  readonly crashShare: number;
  readonly wipeShare: number;
  readonly writeMaxMs: number;
  readonly seeded: boolean;
  readonly timing: Timing;
}

export function drawKnobs(time: SimulatedTime): Knobs {
  const nodes = 3 + time.below(5);
  const expect = 1 + time.below(Math.min(5, nodes));
  const mixed = time.chance(0.05);
  const faulty = time.chance(0.8);
  return {
    nodes,
    expects: Array.from({ length: nodes }, (_, at) => (mixed && at === 0 ? expect + 1 : expect)),
    lossShare: faulty ? time.below(30) / 100 : 0,
    repeatShare: faulty ? time.below(20) / 100 : 0,
    latencyMaxMs: 1 + time.below(100),
    lateShare: faulty && time.chance(0.5) ? 0.1 : 0,
    viewLagMs: 50 + time.below(1000),
    hiddenShare: time.chance(0.6) ? time.below(100) / 100 : 0,
    crashShare: faulty ? time.below(30) / 200 : 0,
    wipeShare: time.chance(0.3) ? 0.3 : 0,
    writeMaxMs: 1 + time.below(faulty ? 1000 : 50),
    seeded: time.chance(0.3),
    timing: { ...defaultTiming, settleMs: [0, 200, 1500][time.below(3)]! },
  };
}

/** Small, and hardly anybody sees the others: there, rules are needed more often. */
export function drawDim(time: SimulatedTime): Partial<Knobs> {
  const nodes = 3 + time.below(2);
  return {
    nodes,
    expects: Array.from({ length: nodes }, () => 2),
    hiddenShare: 0.5 + time.next() / 2,
    seeded: false,
    timing: { ...defaultTiming, settleMs: 0 },
  };
}
