/** The designs side by side, as a table in Markdown. */
import type { Contestant } from "./contest.ts";
import type { Scenario } from "./scenarios.ts";
import { incrementsOfContest } from "./size.ts";

/** What came of the runs of one design in one scenario. */
export interface Cell {
  readonly runs: number;
  /** Smallest and largest error of any node in any run, in increments. */
  readonly least: number;
  readonly most: number;
  /** Runs in which every node was exact. */
  readonly exact: number;
  /** Runs in which all nodes agreed, rightly or wrongly. */
  readonly agreed: number;
}

/** Runs seeds 1 … `runs`. */
export function cellOf(contestant: Contestant, scenario: Scenario, runs: number): Cell {
  let [least, most, exact, agreed] = [0, 0, 0, 0];
  for (let seed = 1; seed <= runs; seed += 1) {
    const { errors } = contestant.run(scenario, seed);
    const [low, high] = [Math.min(...errors), Math.max(...errors)];
    least = Math.min(least, low);
    most = Math.max(most, high);
    if (low === high) agreed += 1;
    if (low === 0 && high === 0) exact += 1;
  }
  return { runs, least, most, exact, agreed };
}

/** Lines of Markdown: a row a scenario, a column a design; `error range / exact runs`. */
export function* designTable(
  contestants: readonly Contestant[],
  scenarios: readonly Scenario[],
  runs: number,
): Generator<string> {
  const heads = contestants.map(({ name, what }) => `${name} ${what}`);
  yield `| scenario | ${heads.join(" | ")} |`;
  yield `|---|${"---|".repeat(heads.length)}`;
  for (const scenario of scenarios) {
    const cells = contestants.map((each) => cellText(cellOf(each, scenario, runs)));
    yield `| ${scenario.name} | ${cells.join(" | ")} |`;
  }
}

function cellText({ runs, least, most, exact, agreed }: Cell): string {
  const range = least === 0 && most === 0 ? "0" : `${percent(least)} … ${percent(most)}`;
  const wrong = agreed - exact;
  return `${range} / ${exact}${wrong > runs / 2 ? " (equal and wrong)" : ""}`;
}

function percent(errors: number): string {
  if (errors === 0) return "0";
  const share = (100 * errors) / incrementsOfContest;
  const text = Math.abs(share) < 10 ? share.toFixed(1) : share.toFixed(0);
  return `${text.replace("-", "−")}${share > 0 ? "" : ""} %`.replace(/^(?=\d)/, "+");
}
