/** Which uses of one key are the same one, and which of them holds. */
import type { Deed, KeyedOperation, Position, WriterId } from "@counter/eventual";

/** One place where a keyed operation was accepted. */
export interface Dot {
  readonly writer: WriterId;
  readonly position: Position;
  readonly index: number;
  readonly hlc: number;
  readonly operation: KeyedOperation;
  /** It stands beside a reset. */
  readonly isSet: boolean;
  /** What it did to the counter as a whole instead. */
  readonly deed: Deed | null;
}

/** Dots of one key that count once: from the first one on all that begin before it is forgotten. */
export function groupsOf(dots: readonly Dot[]): Dot[][] {
  if (dots.length === 1) return [[dots[0]!]];
  const ordered = [...dots].sort((a, b) => a.operation.at - b.operation.at || byAge(a, b));
  const groups: Dot[][] = [];
  let until = -Infinity;
  for (const dot of ordered) {
    if (dot.operation.at < until) {
      groups.at(-1)!.push(dot);
      continue;
    }
    groups.push([dot]);
    until = dot.operation.until;
  }
  return groups;
}

/** The dot that holds for its group: its delta, or what it did to the counter as a whole. */
export function countingDot(group: readonly Dot[]): Dot {
  return group.reduce((least, dot) => (byAge(dot, least) < 0 ? dot : least));
}

function byAge(a: Dot, b: Dot): number {
  if (a.hlc !== b.hlc) return a.hlc - b.hlc;
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1;
  return a.position - b.position || a.index - b.index;
}
