/** `POST /v1/cluster/leave`: this node, and no other, leaves its cluster for good and stops. */
import { bodyMaxBytes, type ApiReply, type Route } from "./api.ts";
import { leaveDoc } from "./docs/cluster.ts";
import { flagOf, jsonMembers } from "./negotiation.ts";

export interface LeaveRequest {
  /** Also if the cluster might stop because of it. */
  readonly force: boolean;
}

/** @param leave - answers once the others go on without this node; it stops by itself then */
export function leaveRoute(leave: (request: LeaveRequest) => Promise<ApiReply>): Route {
  return {
    method: "POST",
    path: "/v1/cluster/leave",
    summary:
      "this node leaves its cluster for good, and stops; ?force even if the cluster may stop",
    kind: "control",
    scope: "admin",
    operation: leaveDoc,
    bodyMaxBytes,
    handle: (request) => {
      jsonMembers(request, []);
      return leave({ force: flagOf(request.query, "force") });
    },
  };
}
