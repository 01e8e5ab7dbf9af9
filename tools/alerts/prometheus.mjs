// A real Prometheus with the rules that are shipped, but in a hurry.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { root } from "../packages.mjs";
import { freePorts, until } from "./nodes.mjs";

/** What is changed in the copy of the rules, so that nobody waits for hours; told before the run. */
export const hurry = [
  { what: "every `for:` is 5 s", from: /^( +)for: .*$/gm, to: "$1for: 5s" },
  {
    what: "CounterNotAnswering looks back 20 s, not 5 minutes",
    from: /avg_over_time\(up\[5m\]\)/g,
    to: "avg_over_time(up[20s])",
  },
  {
    what: "CounterNotConverging after 10 s, not 5 minutes",
    from: /counter_convergence_lag_seconds\) > 300/g,
    to: "counter_convergence_lag_seconds) > 10",
  },
  {
    what: "CounterSnapshotTooOld above 1 MiB and 20 s, not 1 GiB and an hour",
    from: /1024 \* 1024 \* 1024 and (.*) > 3600/g,
    to: "1024 * 1024 and $1 > 20",
  },
];

const config = `
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: counter
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
`;

export function isInstalled() {
  return spawnSync("prometheus", ["--version"]).status === 0;
}

export class Prometheus {
  /** By the name of the scenario: addresses. */
  #targets = new Map();

  static async start(folder) {
    const [port] = await freePorts(1);
    let rules = await readFile(join(root, "ops/prometheus/alerts.yml"), "utf8");
    for (const { what, from, to } of hurry) {
      if (rules.search(from) < 0) throw new Error(`the rules have changed: ${what}`);
      rules = rules.replaceAll(from, to);
    }
    await writeFile(join(folder, "alerts.yml"), rules);
    await writeFile(join(folder, "targets.json"), "[]");
    await writeFile(join(folder, "prometheus.yml"), config);
    const prometheus = new Prometheus(folder, port);
    await until("Prometheus is ready", () => prometheus.#isReady());
    return prometheus;
  }

  constructor(folder, port) {
    this.folder = folder;
    this.base = `http://127.0.0.1:${port}`;
    this.child = spawn(
      "prometheus",
      [
        ...["--config.file=prometheus.yml", "--storage.tsdb.path=series"],
        ...[`--web.listen-address=127.0.0.1:${port}`, "--log.level=error"],
      ],
      { cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
    );
    this.ended = once(this.child, "close");
  }

  async #isReady() {
    if (this.child.exitCode !== null) throw new Error("Prometheus does not start");
    return (await fetch(`${this.base}/-/ready`).catch(() => null))?.ok ?? false;
  }

  /** Scrapes these as the job of this name from now on. */
  async watch(job, addresses) {
    this.#targets.set(job, addresses);
    const groups = [...this.#targets].map(([name, targets]) => ({
      targets,
      labels: { job: name },
    }));
    const file = join(this.folder, "targets.json");
    await writeFile(`${file}.new`, JSON.stringify(groups));
    await rename(`${file}.new`, file); // half a file would be read
  }

  /** Names of the alerts that fire for a job. */
  async firing(job) {
    const { data } = await (await fetch(`${this.base}/api/v1/alerts`)).json();
    const firing = data.alerts.filter(
      ({ labels, state }) => state === "firing" && labels.job === job,
    );
    return new Set(firing.map(({ labels }) => labels.alertname));
  }

  async query(expression) {
    const url = `${this.base}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = await (await fetch(url)).json();
    return data.result;
  }

  async end() {
    this.child.kill("SIGTERM");
    await this.ended;
  }
}
