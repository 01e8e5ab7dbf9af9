import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";
import { z } from "zod";

import { metricSpecs, type MetricSpec } from "./specs.ts";

const root = join(__dirname, "../../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const ruleSchema = z.union([
  z.strictObject({
    alert: z.string(),
    expr: z.string(),
    for: z.string().optional(),
    labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
    annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
  }),
  z.strictObject({ record: z.string(), expr: z.string() }),
]);
const rulesSchema = z.object({
  groups: z.array(z.object({ name: z.string(), rules: z.array(ruleSchema) })),
});
const dashboardSchema = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).optional() }),
  ),
});

const rules = rulesSchema
  .parse(parse(read("ops/prometheus/alerts.yml")))
  .groups.flatMap((group) => group.rules);
const alerts = rules.flatMap((rule) => ("alert" in rule ? [rule] : []));
const panels = dashboardSchema
  .parse(JSON.parse(read("ops/grafana/counter.json")))
  .panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

/** What prom-client adds, of which some are used. */
const ofTheProcess = /^(process|nodejs)_[a-z0-9_]+$/;

function unknownIn(expr: string): string[] {
  const specs: Readonly<Record<string, MetricSpec>> = metricSpecs;
  const recorded = new Set(rules.flatMap((rule) => ("record" in rule ? [rule.record] : [])));
  const names = expr
    .replaceAll(/"[^"]*"|\$\w+/g, "")
    .match(/[a-z_]+:[a-z0-9_:]+|[a-z]+_[a-z0-9_]+/g);
  return (names ?? []).filter((name) => {
    if (recorded.has(name) || ofTheProcess.test(name) || functions.has(name)) return false;
    if (specs[name] !== undefined) return specs[name].type === "histogram"; // needs a suffix
    const base = specs[name.replace(/_(bucket|sum|count)$/, "")];
    return base?.type !== "histogram";
  });
}

/** Words of the query language that look like metrics. */
const functions = new Set([
  ...["avg_over_time", "last_over_time", "max_over_time"],
  ...["histogram_quantile", "predict_linear"],
]);

describe("what watches a cluster", () => {
  it.each(rules.map((rule) => ["alert" in rule ? rule.alert : rule.record, rule.expr]))(
    "%s is made of metrics that exist",
    (_name, expr) => expect(unknownIn(expr)).toEqual([]),
  );

  it.each(panels.map(({ title, expr }) => [title, expr]))(
    "the panel %s is made of metrics that exist: %s",
    (_title, expr) => expect(unknownIn(expr)).toEqual([]),
  );

  it("notices a metric that does not exist", () => {
    expect(unknownIn("rate(counter_nothing_total[5m])")).toEqual(["counter_nothing_total"]);
    expect(unknownIn("counter_wal_fsync_duration_seconds")).toHaveLength(1);
  });

  it("shows every metric of the table somewhere", () => {
    const all = [...rules.map(({ expr }) => expr), ...panels.map(({ expr }) => expr)].join("\n");
    const unseen = Object.keys(metricSpecs).filter((name) => !all.includes(name));
    expect(unseen).toEqual([]);
  });

  it.each(alerts.map((alert) => [alert.alert, alert.annotations.runbook]))(
    "%s has a section in its runbook",
    (name, runbook) => {
      const [path, anchor] = runbook.split("#");
      expect(anchor).toBe(name.toLowerCase());
      expect(read(path!)).toContain(`\n## ${name}\n`);
    },
  );

  it("has no section about an alert that does not exist", () => {
    const sections = [...read("docs/runbooks/alerts.md").matchAll(/^## (\w+)$/gm)];
    expect(sections.map(([, name]) => name).sort()).toEqual(
      alerts.map(({ alert }) => alert).sort(),
    );
  });
});
