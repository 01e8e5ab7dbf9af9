/** Whether all nodes hold the same: the digest of each at the same index of the log. */
import type { RaftEngine } from "../../engine/engine.ts";
import { bodyMaxBytes, json, type Route } from "../api.ts";
import { digestsDoc, makeDigestDoc } from "../docs/cluster.ts";
import { jsonMembers } from "../negotiation.ts";

export const digestPath = "/v1/cluster/digest";

/** @param own - `host:port` of this node */
export function digestRoutes(engine: () => RaftEngine, own: string): readonly Route[] {
  return [
    {
      method: "POST",
      path: digestPath,
      summary: "has every node make a digest of its state, at the same index of the log",
      kind: "control",
      scope: "admin",
      operation: makeDigestDoc,
      bodyMaxBytes,
      handle: async (request) => {
        jsonMembers(request, []);
        return json({ node: own, ...(await engine().makeDigest()) });
      },
    },
    {
      method: "GET",
      path: digestPath,
      summary: "the digests that this node has made, the newest last",
      kind: "probe",
      scope: "read",
      operation: digestsDoc,
      bodyMaxBytes,
      handle: () => json({ node: own, digests: engine().digests() }),
    },
  ];
}
