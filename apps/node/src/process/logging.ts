/** Log lines: for people (`pretty`) or for machines (`json`), always with node, mode and term. */
import winston, { type Logger } from "winston";

import type { NodeConfig } from "../config/node-config.ts";
import { messageOf } from "./error-text.ts";
import { redaction } from "../security/redaction.ts";
import { LogRepeats } from "./log-repeats.ts";

/** What every line says besides its message; the term changes while the node runs. */
export interface LogContext {
  term: number | null;
  /** Lines that were not written, as there were too many like them. */
  linesDropped?: number;
}

type Info = winston.Logform.TransformableInfo;

const colours: Readonly<Record<string, string>> = {
  error: "\u001b[31m",
  warn: "\u001b[33m",
  info: "\u001b[32m",
  debug: "\u001b[2m",
};
const plain = "\u001b[0m";
const own = new Set(["level", "message", "timestamp", "node", "mode", "term"]);

export function createLog(
  config: Pick<NodeConfig, "label" | "mode" | "logLevel" | "logFormat">,
  context: LogContext,
  options: { readonly colours: boolean },
): Logger {
  const describeErrors = winston.format((info) => {
    for (const [name, value] of Object.entries(info)) {
      if (value instanceof Error) info[name] = errorText(value, log.level === "debug");
    }
    info["term"] = context.term;
    return info;
  });
  const repeats = new LogRepeats((text, level, more) => {
    log.log(level, `… ${more} more of these: ${text}`);
  });
  const dropRepeats = winston.format((info) => {
    // Who chooses debug wants everything; requests alone would all be alike.
    if (info.level === "debug" || !log.isLevelEnabled(info.level)) return info;
    if (repeats.admits(info.level, String(info.message))) return info;
    context.linesDropped = (context.linesDropped ?? 0) + 1;
    return false;
  });
  const format =
    config.logFormat === "json"
      ? winston.format.json()
      : winston.format.printf((info) => prettyLine(info, options.colours));
  const log = winston.createLogger({
    level: config.logLevel,
    defaultMeta: { node: config.label, mode: config.mode },
    format: winston.format.combine(
      dropRepeats(),
      describeErrors(),
      redaction(),
      winston.format.timestamp(),
      format,
    ),
    transports: [new winston.transports.Console()],
  });
  return log;
}

function prettyLine(info: Info, coloured: boolean): string {
  const time = String(info["timestamp"]).slice(11, 23);
  const level = info.level.padEnd(5);
  const shown = coloured ? `${colours[info.level] ?? ""}${level}${plain}` : level;
  const term = typeof info["term"] === "number" ? ` t${info["term"]}` : "";
  const facts = Object.entries(info)
    .filter(([name, value]) => !own.has(name) && value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${time} ${shown} ${String(info["node"])}${term}  ${String(info.message)}${facts}`;
}

/** The message and what caused it; the stack only when somebody looks for a bug. */
function errorText(error: Error, withStack: boolean): string {
  if (withStack && error.stack !== undefined) return error.stack;
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}

/** Says so, unless it is that already. */
export function setLogLevel(log: Logger, level: NodeConfig["logLevel"]): void {
  const before = log.level;
  if (level === before) return;
  if (level !== "error") log.level = level; // on either side of the line is a level that shows it
  log.warn(`the log level is ${level} from now on; it was ${before}`);
  log.level = level;
}
