/** The questions about a node that are the same in every mode. */
import type { Gate } from "./gate.ts";
import type { Check } from "./health-routes.ts";

/** A loop that is late by more answers too slowly to be called alive. */
const loopLagMaxMs = 5000;

export interface CommonChecks {
  readonly loop: Check;
  readonly storage: Check;
  readonly started: Check;
  readonly draining: Check;
}

export function commonChecks(node: {
  readonly gate: Pick<Gate<unknown>, "started" | "starting" | "leaving" | "drained">;
  readonly loopLagMs: () => number;
  /** Whether it has stopped after an error that is final. */
  readonly failed: () => boolean;
}): CommonChecks {
  const check = (name: string, problem: () => string | null): Check => ({ name, problem });
  return {
    loop: check("loop", () => {
      const lagMs = Math.round(node.loopLagMs());
      return lagMs < loopLagMaxMs ? null : `the event loop is ${lagMs} ms late`;
    }),
    storage: check("storage", () =>
      node.failed() ? "the node has stopped after a fatal error" : null,
    ),
    started: check("started", () => (node.gate.started ? null : node.gate.starting())),
    draining: check("draining", () => {
      if (node.gate.leaving) return "the node is stopping";
      return node.gate.drained ? "the node is drained; POST /v1/node/undrain" : null;
    }),
  };
}
