/**
 * Commands entering the log of a leader. Refused, it is certain that nothing was appended: the limits are checked
 * for all commands of a proposal before the first of them is taken.
 */
import { appendOwn } from "./appending.ts";
import type { Ready } from "./door.ts";
import { entryOverheadBytes } from "./log.ts";
import { invariant } from "./invariant.ts";
import { leaderOf } from "./state.ts";
import type { RaftState } from "./state.ts";

export function propose(s: RaftState, context: number, commands: readonly Uint8Array[]): void {
  const { role } = s;
  const { entryMaxBytes, uncommittedMaxBytes } = s.options;
  const refuse = (refusal: Parameters<typeof refuseProposal>[2]): void =>
    refuseProposal(s, context, refusal);
  if (role.kind !== "leader") return refuse({ reason: "notLeader", leaderId: leaderOf(s) });
  if (role.transfer !== null || !role.votes) {
    return refuse({ reason: "notLeader", leaderId: null }); // X1, G5
  }
  invariant(commands.length > 0, "a proposal has a command");
  let bytes = 0;
  for (const { length } of commands) {
    if (length > entryMaxBytes) return refuse({ reason: "tooLarge", maxBytes: entryMaxBytes });
    bytes += length + entryOverheadBytes;
  }
  if (role.unappliedBytes > 0 && role.unappliedBytes + bytes > uncommittedMaxBytes) {
    return refuse({ reason: "overloaded" });
  }
  const first = { index: s.log.lastIndex + 1, term: s.term };
  for (const data of commands) appendOwn(s, role, { kind: "command", data });
  s.outcomes.push({ type: "proposed", context, first });
}

function refuseProposal(
  s: RaftState,
  context: number,
  refusal: Extract<Ready["outcomes"][number], { type: "proposalRefused" }>["refusal"],
): void {
  s.outcomes.push({ type: "proposalRefused", context, refusal });
}
