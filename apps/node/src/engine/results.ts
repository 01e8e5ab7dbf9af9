/** What single operations come to, of what a command answers. */
import type { OperationDone, OperationResult, SingleResult } from "@counter/state-machine";

import { OperationRefusedError } from "./engine.ts";

/** Groups and repetitions are not answered to who asked for one operation. */
export function single(result: OperationResult): SingleResult {
  if (result.status === "answer" && result.results.length === 1) return result.results[0]!;
  if (result.status === "ok" || result.status === "refused") return result;
  throw new TypeError("one operation has one result");
}

export function doneOf(result: OperationResult): OperationDone {
  const answer = single(result);
  if (answer.status === "refused") throw new OperationRefusedError(answer);
  return answer;
}

export function sessionOf(result: OperationResult): number {
  if (result.status === "session") return result.session;
  doneOf(result);
  throw new TypeError("a session is begun or refused");
}
