/** SIGHUP: what is logged, as the settings say by now. All others of them wait for a restart. */
import type { Logger } from "winston";

import { setLogLevel } from "../process/logging.ts";
import type { ConfigResult } from "./config.ts";

/** @param result - all settings, read again; if they cannot be taken, everything stays as it is */
export function takeLogLevel(log: Logger, result: ConfigResult): void {
  if (result.kind === "problems") {
    log.error("the settings cannot be taken: nothing was changed", { problems: result.problems });
  } else if (result.kind === "config") setLogLevel(log, result.config.logLevel);
}
