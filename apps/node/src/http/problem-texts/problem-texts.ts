/**
 * What each problem means and what to do about it: for the pages below `/problems`, and for the
 * document of the API. Whether anything was applied is in the table of problems.
 */
import type { ProblemCode } from "../problem-kinds.ts";
import { members, nodes } from "./cluster.ts";
import { backups, counters } from "./counters.ts";
import type { ProblemText } from "./problem-text.ts";
import { access, keys, requests } from "./requests.ts";
import { sessions } from "./sessions.ts";

/** One text for each code; the compiler sees to it. */
export const problemTexts: Readonly<Record<ProblemCode, ProblemText>> = {
  ...requests,
  ...access,
  ...keys,
  ...sessions,
  ...counters,
  ...backups,
  ...members,
  ...nodes,
};
