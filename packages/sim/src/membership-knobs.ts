/** How the membership changes while a run goes on, drawn from the seed apart from everything else. */
import { Random } from "./random.ts";

/** What is asked of leaders, by name; `--without` switches one off. */
export const membershipKinds = [
  "addServer",
  "removeServer",
  "replace",
  "jointChange",
  "demote",
  "setAddress",
  "changeOnFall",
  "changeBurst",
  "staleChange",
] as const;

export type MembershipKind = (typeof membershipKinds)[number];

export interface MembershipKnobs {
  /** None: the membership stays as it is. */
  readonly kinds: readonly MembershipKind[];
  /** Servers with empty disks that are no members at first. */
  readonly spares: number;
  /** Mean time between two changes that are asked for, in ticks. */
  readonly everyTicks: number;
  /** Probability that a change is forced, where that leaves the run a fair one. */
  readonly force: number;
}

const none: MembershipKnobs = { kinds: [], spares: 0, everyTicks: 1, force: 0 };

export function drawMembership(seed: number, without: ReadonlySet<string>): MembershipKnobs {
  const random = new Random(seed, "membership");
  const isOn = random.chance(0.4);
  const share = random.pick([0.3, 0.6, 1]);
  const drawn = membershipKinds.filter((kind) => new Random(seed, kind).chance(share));
  const kinds = drawn.filter((kind) => !without.has(kind));
  const knobs: MembershipKnobs = {
    kinds,
    spares: random.pick([1, 2, 2, 3]),
    everyTicks: random.pick([4, 8, 15, 30]),
    force: random.pick([0, 0.3, 0.9]),
  };
  return isOn && drawn.length > 0 ? knobs : none;
}

export function isMembershipKind(kind: string): kind is MembershipKind {
  return membershipKinds.some((known) => known === kind);
}
