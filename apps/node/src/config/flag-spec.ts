/** What is said of a flag. */
import type { Mode } from "./node-config.ts";

export interface FlagSpec {
  readonly group: string;
  /** The only mode in which it means something; without it, both. */
  readonly mode?: Mode;
  /** What to do in the other mode instead. */
  readonly instead?: string;
  readonly describe: string;
  /** The default as `--help` shows it. */
  readonly default?: string;
  /** May be given several times, or once with commas. */
  readonly list?: true;
  /** `on` or `off`; `--name` alone means on, and `--no-name` off. */
  readonly toggle?: true;
}
