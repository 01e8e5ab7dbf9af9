import { Output, plain, tableLines, type Format } from "./output.ts";

function printed(format: Format, colour: boolean, use: (out: Output) => void): string {
  const lines: string[] = [];
  const out = (line: string): void => void lines.push(line);
  use(new Output({ out, error: out, tty: false }, { format, colour }));
  return lines.join("\n");
}

describe("what is printed", () => {
  const value = { name: "a", value: 2n ** 70n, list: [1n, null] };

  it("is JSON or YAML with every digit for programs, and else what people read", () => {
    const people = (out: Output): void => out.show(value, () => out.line("people"));
    const digits = "1180591620717411303424";
    expect(JSON.parse(printed("json", false, people))).toEqual({
      ...{ name: "a", value: digits, list: ["1", null] },
    });
    expect(printed("yaml", false, people)).toContain(`value: "${digits}"`);
    expect(printed("table", false, people)).toBe("people");
  });

  it("is one document a line where there are many", () => {
    const items = (out: Output): void =>
      [1n, 2n].forEach((each) => out.item(each, () => undefined));
    expect(printed("json", false, items)).toBe('"1"\n"2"');
    expect(printed("yaml", false, items).match(/---/g)).toHaveLength(2);
  });

  it("has columns as wide as their widest cell", () => {
    const rows = [
      ["long name", 5n, true],
      [null, 12, false],
    ];
    expect(tableLines(["name", "n", "ok"], rows)).toEqual([
      "NAME       N   OK",
      "long name  5   yes",
      "-          12  no",
    ]);
  });

  it("has colours only where they are wanted", () => {
    const red = (out: Output): void => out.line(out.style("red", "x"));
    expect(printed("table", false, red)).toBe("x");
    expect(printed("table", true, red)).not.toBe("x");
  });

  it("leaves functions out", () => {
    expect(plain({ a: 1, f: () => 1 })).toEqual({ a: 1 });
  });
});
