/** What this node logs can be changed while it runs: who looks for something need not restart it. */
import type { Logger } from "winston";
import { z } from "zod";

import { setLogLevel } from "../process/logging.ts";
import { bodyMaxBytes, json, type ApiReply, type Route } from "./api.ts";
import { jsonReply, jsonType } from "./docs/parts.ts";
import { invalidMember, jsonMembers } from "./negotiation.ts";

const levels = ["error", "warn", "info", "debug"] as const;
const levelSchema = z.strictObject({ level: z.enum(levels) });
const responses = { 200: jsonReply("what is logged", levelSchema) };

/** `GET` and `PUT /v1/node/log-level`; a restart brings `--log-level` back. */
export function logLevelRoutes(log: Logger): readonly Route[] {
  const path = "/v1/node/log-level";
  const view = (): ApiReply => json({ level: log.level });
  return [
    {
      method: "GET",
      path,
      summary: "what is logged",
      kind: "probe",
      scope: "admin",
      operation: { id: "getLogLevel", tag: "node", responses, problems: [] },
      bodyMaxBytes,
      handle: view,
    },
    {
      method: "PUT",
      path,
      summary: 'what is logged from now on, {"level": "error", "warn", "info" or "debug"}',
      kind: "control",
      scope: "admin",
      operation: {
        id: "setLogLevel",
        tag: "node",
        body: { schema: levelSchema, mediaTypes: [jsonType], required: true },
        responses,
        problems: ["validation-failed"],
      },
      bodyMaxBytes,
      handle: (request) => {
        const { level } = jsonMembers(request, ["level"]);
        const wanted = levels.find((known) => known === level);
        if (wanted === undefined) throw invalidMember("level", `one of ${levels.join(", ")}`);
        setLogLevel(log, wanted);
        return view();
      },
    },
  ];
}
