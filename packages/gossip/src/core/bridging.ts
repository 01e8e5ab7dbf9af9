/**
 * Joins that overlap: whoever joins through several seeds at once has sent its table to all of them
 * before any of them answered, so none of them hears from it what the others know.
 *
 * X5 Whoever answered a join, and lacks a member that the table of another one brought meanwhile,
 *    is sent another table: a gossip interval later, and each further time twice as late. So two
 *    networks meet at once where a newcomer joins both; it tells on nothing of the first one (X3),
 *    and nobody else would until a regular exchange happens to cross. Where all tables say the same,
 *    as in one network, nothing is sent.
 */
import type { PushPullState } from "../messages.ts";
import type { Address, MemberName } from "../types.ts";
import { isLive, sameAddress } from "./claims.ts";
import { memberNamed } from "./state.ts";
import type { Exchange, GossipState, Meeting } from "./state.ts";

/** The last round is 2 to this power as late as the first. */
const roundsMax = 16;

type Sync = Extract<Exchange, { kind: "sync" }>;

/** A join with one address begins. */
export function beginMeeting(s: GossipState): void {
  if (s.leaving !== null) return;
  s.meeting ??= { brought: new Set(), tables: [], rounds: 0 };
}

export function takesPart(s: GossipState, name: MemberName): boolean {
  const known = memberNamed(s, name);
  return known !== undefined && known !== s.self && isLive(known.standing);
}

/** A row of an answer was merged. */
export function countRow(s: GossipState, open: Sync, row: PushPullState, tookPart: boolean): void {
  const { meeting } = s;
  if (open.named === null || meeting === null || !isLive(row.state)) return;
  const { brought } = meeting;
  const isNew = !tookPart && takesPart(s, row.name);
  if (isNew && brought.size < s.options.limits.membersMax) brought.add(row.name);
  if (brought.has(row.name)) open.named += 1;
}

/** A join with one address is over. */
export function endMeeting(s: GossipState, open: Sync, answered: boolean): void {
  if (open.named === null || s.meeting === null) return;
  if (answered) remember(s, s.meeting, { from: open.to, named: open.named });
  planBridge(s);
}

function remember(s: GossipState, { tables }: Meeting, table: Meeting["tables"][number]): void {
  const at = tables.findIndex(({ from }) => sameAddress(from, table.from));
  if (at >= 0) tables[at] = table;
  else if (tables.length < s.options.limits.addressesMax) tables.push(table);
}

function planBridge(s: GossipState): void {
  const { meeting, due } = s;
  if (meeting === null) return;
  if (meeting.tables.some((table) => lacksSomebody(meeting, table))) {
    const ms = s.options.timing.gossipIntervalMs * 2 ** meeting.rounds;
    due.bridge = Math.min(due.bridge, s.now + ms);
  } else if (!isJoining(s)) s.meeting = null;
}

function lacksSomebody({ brought }: Meeting, table: Meeting["tables"][number]): boolean {
  return table.named < brought.size;
}

function isJoining(s: GossipState): boolean {
  if (s.joining.size > 0) return true;
  for (const open of s.exchanges.values()) {
    if (open.kind === "sync" && open.named !== null) return true;
  }
  return false;
}

/** @param send - sends our table; returns whether there was room for another exchange */
export function sendAgain(s: GossipState, send: (to: Address) => boolean): void {
  const { meeting, due } = s;
  due.bridge = Infinity;
  if (meeting === null) return;
  let sent = 0;
  for (const table of meeting.tables) {
    if (!lacksSomebody(meeting, table)) continue;
    if (!send(table.from)) break; // the rest when there is room
    table.named = meeting.brought.size;
    sent += 1;
  }
  if (sent > 0) meeting.rounds = Math.min(meeting.rounds + 1, roundsMax);
  planBridge(s);
}
