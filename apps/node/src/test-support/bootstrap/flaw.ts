import type { Rules } from "../../bootstrap/rules.ts";

/** A core that breaks a rule; `resumes`: one that goes on with a proposal after a restart (F8). */
export interface Flaw {
  readonly rules?: Partial<Rules>;
  readonly resumes?: true;
}
