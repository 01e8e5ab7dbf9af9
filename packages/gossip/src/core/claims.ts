/**
 * Which of two claims about a member wins. This is the whole of it: an incarnation beats every
 * smaller one, since only the member itself raises it; within one, whoever knows worse news wins.
 *
 * What is known of a member is the largest claim about its standing together with the largest about
 * its detail. Merging takes the larger of each, so it is commutative, associative and idempotent: in
 * whatever order, and however often, claims arrive, members who heard the same know the same.
 */
import type { Incarnation, MemberDetail, Standing } from "../types.ts";

/** Somebody's opinion of a member. */
export interface StandingClaim {
  readonly standing: Standing;
  readonly incarnation: Incarnation;
}

/** What a member said of itself. */
export interface DetailClaim {
  readonly incarnation: Incarnation;
  readonly detail: MemberDetail;
}

const ranks: Readonly<Record<Standing, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

/** Above 0 where `a` wins, below 0 where `b` does, 0 where they say the same. */
export function compareStandings(a: StandingClaim, b: StandingClaim): number {
  return a.incarnation - b.incarnation || ranks[a.standing] - ranks[b.standing];
}

/**
 * The same for details. Two details of one incarnation come from a member that lost its memory; the
 * order among them means nothing, but everybody must choose alike.
 */
export function compareDetails(a: DetailClaim, b: DetailClaim): number {
  return a.incarnation - b.incarnation || compareContents(a.detail, b.detail);
}

/** Whether the member still takes part, as far as is known. */
export function isLive(standing: Standing): boolean {
  return standing === "alive" || standing === "suspect";
}

export function sameAddress(a: MemberDetail["address"], b: MemberDetail["address"]): boolean {
  return a.port === b.port && a.host === b.host;
}

export function sameContents(a: MemberDetail, b: MemberDetail): boolean {
  return a === b || compareContents(a, b) === 0;
}

function compareContents(a: MemberDetail, b: MemberDetail): number {
  if (a === b) return 0;
  return (
    compareTexts(a.address.host, b.address.host) ||
    a.address.port - b.address.port ||
    compareBytes(a.meta, b.meta) ||
    compareVersions(a.versions, b.versions)
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

function compareVersions(a: MemberDetail["versions"], b: MemberDetail["versions"]): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return (
    a.protocolMin - b.protocolMin ||
    a.protocolMax - b.protocolMax ||
    a.protocol - b.protocol ||
    a.delegateMin - b.delegateMin ||
    a.delegateMax - b.delegateMax ||
    a.delegate - b.delegate
  );
}
