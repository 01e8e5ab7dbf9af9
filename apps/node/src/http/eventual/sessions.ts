/** There are no sessions in eventual mode: nobody could tell in which order they are used. */
import { Problem } from "../problems.ts";
import { sessionHeader, type SessionCalls } from "../v1/sessions.ts";

function mismatch(): Problem {
  const detail = "not available in eventual mode: there are no sessions; send Idempotency-Key";
  return new Problem("mode-mismatch", detail);
}

export const noSessions: SessionCalls = {
  open: () => Promise.reject(mismatch()),
  close: () => Promise.reject(mismatch()),
  stepOf: (request) => {
    if (sessionHeader(request) === null) return null;
    throw mismatch();
  },
};
