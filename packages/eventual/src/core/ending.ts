/** How this node's time ends while its process still runs: it was removed, or another process is it. */
import type { EventualState } from "./state.ts";
import { ownHead } from "./syncing.ts";

export function stopFor(s: EventualState, why: "removed" | "duplicate-identity"): void {
  if (s.mustStop) return;
  s.mustStop = true;
  s.notes.push({ type: "mustStop", why });
}

/** Others know that we were removed; if we asked for it, this is the answer. */
export function onRemoved(s: EventualState): void {
  const { leaving, phase } = s;
  if (s.mustStop) return;
  const own = ownHead(s)?.position ?? 0;
  if (phase.kind === "writing" && leaving?.record != null && own >= leaving.record) {
    const { context } = leaving;
    const { writer } = phase;
    const nothing = { value: 0n, previous: 0n, labels: null, replayed: false } as const;
    s.outcomes.push({ type: "written", context, ...nothing, writer, position: own });
  }
  stopFor(s, "removed");
}
