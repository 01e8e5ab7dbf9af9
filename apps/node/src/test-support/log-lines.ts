/** A log for tests that keeps its lines. */
import { Writable } from "node:stream";

import winston from "winston";

/** @param lines - gets every line, as `level: message` */
export function logTo(lines: string[], level: string = "info"): winston.Logger {
  const format = winston.format.printf((info) => {
    lines.push(`${info.level}: ${String(info.message)}`);
    return "";
  });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // The format of a transport, unlike that of a log, only sees lines of the level.
  const transports = [new winston.transports.Stream({ stream: nowhere, format })];
  return winston.createLogger({ level, transports });
}
