// Brings every alert about with real nodes and a real Prometheus. `npm run alerts -- --help` says more.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { hurry, isInstalled, Prometheus } from "./alerts/prometheus.mjs";
import { scenarios } from "./alerts/scenarios.mjs";
import { endAll, until } from "./alerts/nodes.mjs";
import { ensureBuilt } from "./ensure-built.mjs";
import { root } from "./packages.mjs";

const names = scenarios.map(({ name }) => name);
/** Longest wait for an alert to fire, and for it to be over. */
const patienceMs = 180_000;

const usage = `Usage: npm run alerts -- [--only ${names.slice(0, 2).join()}]

Starts nodes and a Prometheus with the alerts of ops/prometheus/alerts.yml, brings about what each of
them is for, and waits until it fires and, where it does not look back over a time, until it is over.
Needs \`prometheus\` on the PATH (Debian: apt-get install prometheus); ten minutes.

Scenarios: ${names.join(", ")}.

Exit code 0: every alert has fired.`;

function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(0)} s`;
}

/** What a scenario is given: how to have its nodes watched, and what must come of what it does. */
function contextOf({ name, prometheus, folder, fired }) {
  const seen = (count) =>
    until(`Prometheus sees ${count} nodes`, async () => {
      const found = await prometheus.query(`count(counter_build_info{job="${name}"})`);
      return Number(found[0]?.value[1] ?? 0) === count;
    });
  return {
    folder,
    seen,
    /** @param running - how many of them can be seen already */
    watch: async (nodes, running = nodes.length) => {
      await prometheus.watch(
        name,
        nodes.map(({ address }) => address),
      );
      await seen(running);
    },
    fires: async (doing, ...alerts) => {
      const { what, meanwhile } = typeof doing === "string" ? { what: doing } : doing;
      const begun = performance.now();
      console.log(`  ${what}`);
      const waiting = new Set(alerts);
      await until(
        `${alerts.join(", ")} fire`,
        async () => {
          await meanwhile?.();
          const now = await prometheus.firing(name);
          for (const alert of waiting) {
            if (!now.has(alert)) continue;
            waiting.delete(alert);
            fired.add(alert);
            console.log(`    ${alert} fires after ${seconds(begun)}`);
          }
          return waiting.size === 0;
        },
        patienceMs,
      );
    },
    over: async (...alerts) => {
      const begun = performance.now();
      await until(
        `${alerts.join(", ")} are over`,
        async () => {
          const now = await prometheus.firing(name);
          return alerts.every((alert) => !now.has(alert));
        },
        patienceMs,
      );
      console.log(`    over after ${seconds(begun)}: ${alerts.join(", ")}`);
    },
  };
}

async function runOne(scenario, prometheus, folder, fired) {
  const { name, run, missing } = scenario;
  console.log(`\n${name}`);
  const why = missing?.() ?? null;
  if (why !== null) {
    console.log(`  left out: ${why}`);
    return true;
  }
  try {
    await run(contextOf({ name, prometheus, folder: join(folder, name), fired }));
    return true;
  } catch (error) {
    console.log(`  FAILED: ${error.message}`);
    console.log(`  what fires: ${[...(await prometheus.firing(name))].join(", ") || "nothing"}`);
    return false;
  } finally {
    await endAll();
    await prometheus.watch(name, []);
  }
}

async function main() {
  const { values } = parseArgs({
    options: { only: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const only = values.only?.split(",") ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`--only: none of ${names.join(", ")}: ${unknown.join()}`);
  if (!isInstalled()) throw new Error("prometheus is not installed: apt-get install prometheus");
  await ensureBuilt();
  const folder = await mkdtemp(join(tmpdir(), "counter-alerts-"));
  const prometheus = await Prometheus.start(folder);
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      void Promise.all([endAll(), prometheus.end()]).then(() => process.exit(130));
    });
  }
  console.log("The rules are those of ops/prometheus/alerts.yml, but:");
  for (const { what } of hurry) console.log(`  ${what}`);
  const fired = new Set();
  let failed = 0;
  try {
    for (const scenario of scenarios) {
      if (!only.includes(scenario.name)) continue;
      if (!(await runOne(scenario, prometheus, folder, fired))) failed += 1;
    }
  } finally {
    await prometheus.end();
    await rm(folder, { recursive: true, force: true });
  }
  return failed === 0 && (await tellOfOthers(fired, values.only === undefined)) ? 0 : 1;
}

/** Whether each alert of the rules has fired. */
async function tellOfOthers(fired, wanted) {
  const rules = await readFile(join(root, "ops/prometheus/alerts.yml"), "utf8");
  const all = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const silent = all.filter((name) => !fired.has(name));
  console.log(`\n${all.length - silent.length} of ${all.length} alerts have fired`);
  if (wanted && silent.length > 0) console.log(`not: ${silent.join(", ")}`);
  return !wanted || silent.length === 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
