/** One line a request, for who has chosen `--log-level=debug`. */
import type { Logger } from "winston";

import type { Answered } from "./answering.ts";
import { traceOf } from "./trace.ts";

/** @returns to be told of every request; does next to nothing at any other level */
export function accessLog(log: Logger): (answered: Answered) => void {
  return ({ method, request, reply, tookMs }) => {
    if (log.level !== "debug") return;
    const { traceId, spanId } = traceOf(request.headers);
    log.debug(`${method} ${request.path.slice(0, 256)} ${reply.status}`, {
      ms: Math.round(tookMs * 1000) / 1000,
      trace_id: traceId,
      span_id: spanId,
    });
  };
}
