import type { NodeConfig } from "./node-config.ts";

/** Settings that do not go together, in a sentence that says what to do. */
export interface ConfigProblem {
  readonly problem: string;
}

export function isProblem(result: NodeConfig | ConfigProblem): result is ConfigProblem {
  return "problem" in result;
}
