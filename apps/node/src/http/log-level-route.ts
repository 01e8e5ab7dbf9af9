/** What this node logs can be changed while it runs: who looks for something need not restart it. */
import type { Logger } from "winston";

import { bodyMaxBytes, json, type ApiReply, type Route } from "./api.ts";
import { invalidMember, jsonMembers } from "./negotiation.ts";

const levels: readonly string[] = ["error", "warn", "info", "debug"];

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
      bodyMaxBytes,
      handle: view,
    },
    {
      method: "PUT",
      path,
      summary: 'what is logged from now on, {"level": "error", "warn", "info" or "debug"}',
      kind: "control",
      bodyMaxBytes,
      handle: (request) => {
        const { level } = jsonMembers(request, ["level"]);
        if (typeof level !== "string" || !levels.includes(level)) {
          throw invalidMember("level", `one of ${levels.join(", ")}`);
        }
        if (level !== log.level) {
          log.warn(`the log level is ${level} from now on; it was ${log.level}`);
          log.level = level;
        }
        return view();
      },
    },
  ];
}
