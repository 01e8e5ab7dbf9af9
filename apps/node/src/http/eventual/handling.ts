/** Requests in eventual mode: every node answers for itself, and errors carry tokens as answers do. */
import { AckTimeoutError, NotYetConsistentError } from "@counter/eventual";

import { Problem } from "../problems.ts";
import type { Handling } from "../service.ts";

export const eventualHandling: Handling = {
  handle: async (route, request) => route.handle(request),
  explain: (problem) => {
    const known = knownOf(problem.cause);
    if (known === null) return problem;
    return new Problem(problem.code, problem.message, {
      extensions: { ...problem.extensions, ...known.extensions },
      headers: { ...problem.headers, "counter-version": known.token },
      cause: problem.cause,
    });
  },
};

interface Known {
  readonly token: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** What there is to tell although the request was not answered as hoped. */
function knownOf(cause: unknown): Known | null {
  if (cause instanceof NotYetConsistentError) return { token: cause.token, extensions: {} };
  if (!(cause instanceof AckTimeoutError)) return null;
  const { written, requested } = cause;
  const durability = { requested, achieved: written.acked };
  return { token: written.token, extensions: { value: written.value.toString(), durability } };
}
