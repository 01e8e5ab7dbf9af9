import type { Mode } from "../config/node-config.ts";

/** What the node knows about itself that its engine does not. */
export interface NodeFacts {
  readonly label: string;
  readonly address: string;
  readonly mode: Mode;
  readonly version: string;
  /** `null` until it is known. */
  readonly clusterId: () => string | null;
  /** Milliseconds from process start until the node was first ready; `null` before. */
  readonly startedInMs: () => number | null;
}
