/** What a command was given. yargs has parsed and checked it; here it gets its types. */
import { UsageError } from "./exit-codes.ts";

export class Args {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** @throws UsageError where it is missing or empty */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new UsageError(`${name} is missing`);
    return value;
  }

  optional(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value)) throw new UsageError(`--${name} is given more than once`);
    if (typeof value === "string" || typeof value === "number") return String(value);
    throw new UsageError(`--${name} needs a value`);
  }

  /** One of a few words; yargs has refused all others. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.optional(name);
    return choices.find((each) => each === text);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Whether it was said at all, either way. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name] ?? [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  /** Decimal digits of any length. @throws UsageError for anything else */
  integer(name: string): bigint {
    const text = this.text(name);
    if (/^[-+]?\d{1,400}$/.test(text)) return BigInt(text.replace(/^\+/, ""));
    throw new UsageError(`${name} must be a whole number, not ${text}`);
  }

  optionalInteger(name: string): bigint | undefined {
    return this.optional(name) === undefined ? undefined : this.integer(name);
  }

  /** A count or a time within a range. */
  number(name: string, range: { readonly least: number; readonly most: number }): number {
    const value = Number(this.text(name));
    if (value >= range.least && value <= range.most) return value;
    throw new UsageError(`--${name} must be from ${range.least} to ${range.most}`);
  }

  /** @throws UsageError for what is no port with room for that of gossip above it */
  port(text: string): number {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port >= 1 && port <= 55_535) return port;
    throw new UsageError(`${text} is no port from 1 to 55535`);
  }
}
