// How long does one turn of the event loop take while a service does what is large? A process of each
// mode, over HTTP: all counters are restored and saved, and a counter that many remembered keys added
// to is reset and deleted.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./server-process.mjs";

const main = join(import.meta.dirname, "../../apps/node/dist/main.js");
const probe = join(import.meta.dirname, "turn-probe.mjs");
const ports = { raft: 17093, eventual: 17094 };
const backupType = "application/vnd.counter.backup";
const opsAtOnce = 1000;

/** @returns for each step how long it took, and its longest turn */
export async function benchTurns({ mode, counters, keys }) {
  const directory = mkdtempSync(join(tmpdir(), "counter-turns-"));
  const service = new Service(mode, directory, { counters, keys });
  const rows = [];
  const step = async (name, run) => rows.push({ name, ...(await service.measured(run)) });
  try {
    await service.ready();
    const { clusterId } = await service.json("GET", "/v1/cluster");
    const document = backupOf(counters, clusterId);
    const restore = () =>
      service.call("PUT", `/v1/snapshot?confirm=${clusterId}`, document, backupType);
    await step("restore", restore);
    await step("save", () => service.call("GET", "/v1/snapshot"));
    await step("restore over as many", restore);
    await step("keyed additions", () => addKeyed(service, keys));
    await step("reset of their counter", () =>
      service.json("POST", "/v1/counters/keyed/reset", {}),
    );
    await step("deletion of it", () => service.json("DELETE", "/v1/counters/keyed"));
    await step("creation of it", () => service.json("POST", "/v1/counters", { name: "keyed" }));
    return rows;
  } finally {
    await service.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Service {
  #child;
  #url;
  #orders = 0;

  constructor(mode, directory, { counters, keys }) {
    const port = ports[mode];
    this.#url = `http://127.0.0.1:${port}`;
    const flags = [
      ...[`--mode=${mode}`, `--port=${port}`, `--data-dir=${directory}`, "--log-level=error"],
      ...[`--max-counters=${counters + 10}`, `--idempotency-max=${keys + 10}`],
    ];
    const execArgv = ["--import", probe];
    this.#child = fork(main, flags, { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  }

  ready() {
    return until(async () => {
      const found = await fetch(`${this.#url}/readyz`).catch(() => null);
      return found?.ok === true || null;
    });
  }

  async measured(run) {
    await this.#ask("measure");
    const startedMs = performance.now();
    await run();
    const tookMs = performance.now() - startedMs;
    return { tookMs, ...(await this.#ask("measured")) };
  }

  async json(method, path, body) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return JSON.parse(await this.call(method, path, text, "application/json"));
  }

  async call(method, path, body, type) {
    const headers = body === undefined ? {} : { "content-type": type };
    const response = await fetch(this.#url + path, { method, body, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? "null" : text;
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill("SIGTERM");
    await ended;
  }

  #ask(order) {
    const number = (this.#orders += 1);
    return new Promise((resolve) => {
      const onAnswer = (answer) => {
        if (answer.number !== number) return;
        this.#child.off("message", onAnswer);
        resolve(answer.result);
      };
      this.#child.on("message", onAnswer);
      this.#child.send({ order, number });
    });
  }
}

/** Every other one has handed out numbers, which a restore must not forget. */
function issued(at) {
  return at % 2 === 0 ? { issued: String(at) } : {};
}

/** So many counters with a label each, as `GET /v1/snapshot` gives them. */
function backupOf(counters, clusterId) {
  const lines = Array.from({ length: counters }, (_, at) => {
    const labels = [["team", `team-${at % 100}`]];
    return JSON.stringify({ name: `counter-${at}`, value: String(at), ...issued(at), labels });
  });
  const list = `[\n${lines.join(",\n")}\n]\n`;
  const sha256 = createHash("sha256").update(list).digest("hex");
  const header = { format: "counter-backup", version: 2, clusterId, index: 1, sha256 };
  return `${JSON.stringify(header)}\n${list}`;
}

async function addKeyed(service, keys) {
  for (let first = 0; first < keys; first += opsAtOnce) {
    const count = Math.min(opsAtOnce, keys - first);
    const ops = Array.from({ length: count }, (_, at) => {
      return { counter: "keyed", op: "add", delta: "1", key: `key-${first + at}` };
    });
    await service.json("POST", "/v1/batch", { ops, atomic: false });
  }
}

export function printTurns(rows) {
  console.log("  longest turns in ms: on the core · without the wait for a core · all; collector");
  for (const { name, tookMs, cpuMs, ownMs, wallMs, collectionMs } of rows) {
    const [cpu, own, wall, gc] = [cpuMs, ownMs, wallMs, collectionMs].map((ms) => ms.toFixed(0));
    console.log(
      `  ${name.padEnd(24)}`,
      `${(tookMs / 1000).toFixed(2)} s`.padStart(9),
      `   ${cpu} · ${own} · ${wall}; ${gc}`,
    );
  }
}
