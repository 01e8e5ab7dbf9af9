/** What `POST /v1/cluster/leave` does in eventual mode. */
import type { EventualNode, EventualNodeStatus } from "@counter/eventual";

import { json, type ApiReply } from "../api.ts";
import type { LeaveRequest } from "../leave-route.ts";
import { Problem } from "../problems.ts";

/**
 * The node takes no more writes, hands everything over to a majority, and is then a member no more.
 * Once that has begun it cannot be taken back; `?force` begins it although too few answer, and it
 * ends when they do.
 *
 * @param onBegin - called when nothing speaks against it
 * @throws Problem, or what `EventualNode.leave` throws
 */
export async function leaveCluster(
  node: Pick<EventualNode, "leave" | "status">,
  request: LeaveRequest & { readonly timeoutMs: number },
  onBegin: () => void,
): Promise<ApiReply> {
  const status = node.status();
  const { present, answering } = countOf(status);
  if (present === 1) {
    const why = `${status.node} is the only member, and what it has counted would be nowhere: let another node take part first, or stop this one`;
    throw new Problem("last-member", why);
  }
  if (answering * 2 <= present && !request.force) {
    const why = `${answering} of ${present} members answer, this one included: nobody could take over what it has`;
    throw new Problem("no-majority", why);
  }
  onBegin();
  await node.leave({ timeoutMs: request.timeoutMs });
  return json({ left: status.node });
}

function countOf({ node, members, peers }: EventualNodeStatus): {
  readonly present: number;
  readonly answering: number;
} {
  const present = members.filter(({ id, status }) => id === node || status !== "removed");
  const up = new Set(peers.filter((peer) => peer.up).map((peer) => peer.node));
  const answering = present.filter(({ id }) => id === node || up.has(id));
  return { present: present.length, answering: answering.length };
}
