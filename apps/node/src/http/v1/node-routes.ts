/** What operators do with one node: taking it out of traffic, and in again. */
import type { Watching } from "../../watch-hub/watching.ts";
import { bodyMaxBytes, json, type Route, type RouteDoc } from "../api.ts";
import { emptyObject, jsonReply, jsonType } from "../docs/parts.ts";
import { jsonMembers } from "../negotiation.ts";
import { requireKnown } from "../query.ts";
import { drainSchema } from "./schemas.ts";

export interface Drainable {
  /** From now on this node takes no writes of clients; resolves once it leads no more. */
  drain(): Promise<void>;
  undrain(): void;
}

const noBody = { schema: emptyObject, mediaTypes: [jsonType], required: false } as const;

const drainDoc: RouteDoc = {
  id: "drainNode",
  tag: "node",
  description:
    "`/readyz` is 503, and writes of clients are refused with `draining`, until `undrain` or a restart. A leader hands over first. What other nodes send is still answered, and the node still votes.",
  body: noBody,
  responses: { 200: jsonReply("it takes no writes of clients", drainSchema) },
  problems: ["starting", "validation-failed"],
};

const undrainDoc: RouteDoc = {
  ...drainDoc,
  id: "undrainNode",
  description: "Takes back `drain`; nothing if there was none.",
  responses: { 200: jsonReply("it takes writes again", drainSchema) },
};

/** @param watching - whose watchers go elsewhere with the writers */
export function nodeRoutes(node: () => Drainable, watching: Watching): readonly Route[] {
  const drain: Route["handle"] = async (request) => {
    requireKnown(request.query, []);
    jsonMembers(request, []);
    await node().drain();
    watching.close("this node is being drained; go on at another one");
    return json({ draining: true });
  };
  const undrain: Route["handle"] = (request) => {
    requireKnown(request.query, []);
    jsonMembers(request, []);
    node().undrain();
    watching.open();
    return json({ draining: false });
  };
  const route = { method: "POST", kind: "control", scope: "admin", bodyMaxBytes } as const;
  return [
    {
      ...route,
      path: "/v1/node/drain",
      summary: "this node takes no more writes of clients, and hands leadership over",
      operation: drainDoc,
      handle: drain,
    },
    {
      ...route,
      path: "/v1/node/undrain",
      summary: "this node takes writes again",
      operation: undrainDoc,
      handle: undrain,
    },
  ];
}
