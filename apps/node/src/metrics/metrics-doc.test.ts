import { readFileSync, writeFileSync } from "node:fs";

import { metricSpecs, type MetricSpec } from "./specs.ts";

const file = new URL("../../../../docs/metrics.md", `file://${__filename}`);

function tableText(): string {
  const rows = Object.entries<MetricSpec>(metricSpecs).map(([name, spec]) => {
    const labels = (spec.labels ?? []).map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${spec.type} | ${labels} | ${spec.mode ?? "both"} | ${spec.help} |`;
  });
  const head = ["| metric | type | labels | mode | |", "| --- | --- | --- | --- | --- |"];
  return ["<!-- table -->", ...head, ...rows, "<!-- /table -->"].join("\n");
}

const tablePattern = /<!-- table -->[^]*<!-- \/table -->/;

describe("docs/metrics.md", () => {
  it("has every metric, as the table in the source says it", () => {
    const text = readFileSync(file, "utf8");
    const wanted = text.replace(tablePattern, () => tableText());
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, wanted);
    else expect(text).toBe(wanted);
  });
});
