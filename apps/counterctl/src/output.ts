/** What is printed: a table for people, JSON or YAML for programs. */
import { styleText } from "node:util";
import { stringify } from "yaml";

export const formats = ["table", "json", "yaml"] as const;
export type Format = (typeof formats)[number];

/** Where lines go; tests and embedders have their own. */
export interface Streams {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
  /** Whether somebody looks at it: colours are for them. */
  readonly tty: boolean;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A cell; `null` is shown as `-`. */
export type Cell = string | number | bigint | boolean | null | undefined;

export class Output {
  readonly format: Format;
  readonly #streams: Streams;
  readonly #colour: boolean;

  constructor(streams: Streams, options: { readonly format: Format; readonly colour: boolean }) {
    this.#streams = streams;
    this.format = options.format;
    this.#colour = options.colour;
  }

  /** Prints a value for programs, or calls `people` where people read. */
  show(value: unknown, people: () => void): void {
    switch (this.format) {
      case "json":
        this.#streams.out(JSON.stringify(plain(value), null, 2));
        break;
      case "yaml":
        this.#streams.out(stringify(plain(value)).trimEnd());
        break;
      case "table":
        people();
    }
  }

  /** One of many values: programs get one JSON document a line, or YAML documents. */
  item(value: unknown, people: () => void): void {
    switch (this.format) {
      case "json":
        this.#streams.out(JSON.stringify(plain(value)));
        break;
      case "yaml":
        this.#streams.out(`---\n${stringify(plain(value)).trimEnd()}`);
        break;
      case "table":
        people();
    }
  }

  line(text: string): void {
    this.#streams.out(text);
  }

  note(text: string): void {
    this.#streams.error(text);
  }

  style(style: Style, text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text;
  }

  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
    for (const line of tableLines(head, rows)) this.line(line);
  }

  /** Names and values below each other. */
  facts(facts: Readonly<Record<string, Cell>>): void {
    const rows = Object.entries(facts);
    const width = Math.max(0, ...rows.map(([name]) => name.length));
    for (const [name, value] of rows) {
      this.line(`${this.style("dim", name.padEnd(width))}  ${cellText(value)}`);
    }
  }
}

/** Columns as wide as their widest cell, the head in capitals. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const texts = [head.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(cellText))];
  const widths = head.map((_, column) => {
    return Math.max(...texts.map((row) => (row[column] ?? "").length));
  });
  return texts.map((row) => {
    return row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  });
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === "") return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return String(cell);
}

/** Numbers of any size as the service writes them. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => typeof member !== "function");
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}
