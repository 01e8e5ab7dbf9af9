/** What only Raft mode can do answers here too, so that nobody looks for a mistake in the path. */
import { bootstrapPath } from "../../bootstrap/wire.ts";
import { bodyMaxBytes, type Route } from "../api.ts";
import { digestPath } from "../raft/digest-routes.ts";
import {
  describeBootstrapDoc,
  digestsDoc,
  makeDigestDoc,
  promoteMemberDoc,
  transferDoc,
} from "../docs/cluster.ts";
import { Problem } from "../problems.ts";

/** What `GET /` says of such a call. */
export const raftOnly: string = "in raft mode only";

/** @param why - the reason, for people; a whole clause */
export function mismatch(why: string): Problem {
  return new Problem(
    "mode-mismatch",
    `not available in eventual mode: ${why}; a cluster that is started with --mode=raft offers it`,
  );
}

const noLog = "there is no common log; compare vectorHash of /v1/status";

/** Calls of Raft mode that have no meaning in eventual mode. */
export function mismatchRoutes(): readonly Route[] {
  const refusing = (why: string): Pick<Route, "summary" | "bodyMaxBytes" | "handle"> => {
    const handle = (): never => {
      throw mismatch(why);
    };
    return { summary: raftOnly, bodyMaxBytes, handle };
  };
  const changing = { method: "POST", kind: "control", scope: "admin" } as const;
  return [
    {
      ...changing,
      ...refusing("there is no leader"),
      path: "/v1/cluster/leader/transfer",
      operation: transferDoc,
    },
    {
      ...changing,
      ...refusing("there are no voters"),
      path: "/v1/cluster/members/:id/promote",
      operation: promoteMemberDoc,
    },
    {
      ...changing,
      ...refusing(noLog),
      path: digestPath,
      operation: makeDigestDoc,
    },
    {
      ...refusing(noLog),
      method: "GET",
      path: digestPath,
      kind: "probe",
      scope: "read",
      operation: digestsDoc,
    },
    {
      ...refusing("nodes need no first configuration"),
      method: "GET",
      path: bootstrapPath,
      kind: "probe",
      scope: "read",
      operation: describeBootstrapDoc,
    },
  ];
}
