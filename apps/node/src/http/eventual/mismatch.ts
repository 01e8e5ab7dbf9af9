/** What only Raft mode can do answers here too, so that nobody looks for a mistake in the path. */
import { bootstrapPath } from "../../bootstrap/wire.ts";
import { bodyMaxBytes, type Route, type RouteDoc } from "../api.ts";
import { describeBootstrapDoc, promoteMemberDoc, transferDoc } from "../docs/cluster.ts";
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

/** Calls of Raft mode that have no meaning in eventual mode. */
export function mismatchRoutes(): readonly Route[] {
  const route = (path: string, operation: RouteDoc, why: string): Route => {
    const common = { kind: "control", scope: "admin", bodyMaxBytes } as const;
    const handle = mismatching(why);
    return { ...common, method: "POST", path, summary: raftOnly, operation, handle };
  };
  return [
    route("/v1/cluster/leader/transfer", transferDoc, "there is no leader"),
    route("/v1/cluster/members/:id/promote", promoteMemberDoc, "there are no voters"),
    {
      method: "GET",
      path: bootstrapPath,
      summary: raftOnly,
      kind: "probe",
      scope: "read",
      operation: describeBootstrapDoc,
      bodyMaxBytes,
      handle: mismatching("there are no first members"),
    },
  ];
}

function mismatching(why: string): () => never {
  return () => {
    throw mismatch(why);
  };
}
