/** What operators do with the cluster. Errors are JSON here, whatever the client accepts. */
import { formatAddress, parseAddress } from "../../config/addresses.ts";
import type { RaftEngine } from "../../engine/engine.ts";
import { bodyMaxBytes, json, type Route } from "../api.ts";
import { transferDoc } from "../docs/cluster.ts";
import { invalidMember, jsonMembers } from "../negotiation.ts";

export function clusterRoutes(engine: () => RaftEngine): readonly Route[] {
  const transfer: Route["handle"] = async (request) => {
    const { to = null } = jsonMembers(request, ["to"]);
    if (to !== null && typeof to !== "string") throw invalidMember("to", "the id of a member");
    const leader = await engine().transferLeadership(to === null ? null : memberId(to));
    return json({ leader });
  };

  return [
    {
      method: "POST",
      path: "/v1/cluster/leader/transfer",
      summary: 'hands leadership over, {"to": "host:port"} or to whoever is furthest',
      kind: "control",
      scope: "admin",
      operation: transferDoc,
      bodyMaxBytes,
      handle: transfer,
    },
  ];
}

/** Ids of first members are addresses, which people may spell as they do in `--peers`. */
function memberId(text: string): string {
  try {
    return formatAddress(parseAddress(text));
  } catch {
    return text; // not an address: an id of another kind, or one that the engine refuses
  }
}
