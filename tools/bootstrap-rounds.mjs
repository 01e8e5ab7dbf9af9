// Forms a cluster by discovery again and again: fresh nodes, started at random moments, each told of
// one other only. Every round must end with exactly one cluster that counts.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { ensureBuilt } from "./ensure-built.mjs";

const root = resolve(import.meta.dirname, "..");
const pollMs = 50;
const gossipAbove = 10_000;
/** Of one round, from the start of the last node. */
const patienceMs = 60_000;

const usage = `Usage: npm run bootstrap-rounds -- [--rounds 5] [--nodes 3] [--expect <nodes>] [--delay-ms 3000] [--kill]

Starts --nodes nodes with --bootstrap-expect, each after a random time up to --delay-ms, waits until
all are ready, lets each hand out a number, and looks whether they are one cluster. --kill ends one
of them with SIGKILL at a random moment meanwhile, and starts it again. One line a round.

Exit code 0: one cluster in every round.`;

function wholeNumber(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name}: "${text}" is not a whole number from ${min} to ${max}`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      nodes: { type: "string", default: "3" },
      expect: { type: "string" },
      "delay-ms": { type: "string", default: "3000" },
      kill: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const nodes = wholeNumber("--nodes", values.nodes, 1, 9);
  return {
    help: values.help,
    kill: values.kill,
    rounds: wholeNumber("--rounds", values.rounds, 1, 10_000),
    nodes,
    expect: wholeNumber("--expect", values.expect ?? String(nodes), 1, nodes),
    delayMs: wholeNumber("--delay-ms", values["delay-ms"], 0, 60_000),
  };
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => done(true)));
  });
}

function isFreeForDatagrams(port) {
  return new Promise((done) => {
    const probe = createSocket("udp4");
    probe.once("error", () => probe.close(() => done(false)));
    probe.bind({ port, address: "127.0.0.1", exclusive: true }, () =>
      probe.close(() => done(true)),
    );
  });
}

async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = 18_000 + Math.floor(Math.random() * 2000);
    const gossip = port + gossipAbove;
    const free = (await isFree(port)) && (await isFree(gossip));
    if (free && (await isFreeForDatagrams(gossip))) ports.add(port);
  }
  return [...ports];
}

class Node {
  constructor(port, seed, { folder, expect }) {
    this.port = port;
    this.flags = [
      `--port=${port}`,
      `--join=${seed}`,
      `--bootstrap-expect=${expect}`,
      `--data-dir=${join(folder, String(port))}`,
    ];
    this.lines = [];
  }

  start() {
    const args = [join(root, "apps/node/dist/main.js"), ...this.flags];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => this.lines.push(String(bytes)));
    }
    this.child = child;
    this.ended = new Promise((end) => child.once("close", end));
  }

  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  async ask(path, method = "GET") {
    const signal = AbortSignal.timeout(2000);
    const reply = await fetch(`http://127.0.0.1:${this.port}${path}`, { method, signal });
    if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
    return reply.text();
  }

  /** The first answer that is not an error. */
  async until(path, method, deadline) {
    for (;;) {
      try {
        return await this.ask(path, method);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await pause(pollMs);
      }
    }
  }
}

async function startAll(nodes, { delayMs, kill }) {
  const delays = nodes.map(() => Math.floor(Math.random() * (delayMs + 1)));
  await Promise.all(
    nodes.map(async (node, place) => {
      await pause(delays[place]);
      node.start();
    }),
  );
  if (kill) {
    const victim = nodes[Math.floor(Math.random() * nodes.length)];
    await pause(2000 + Math.floor(Math.random() * 3000));
    await victim.kill();
    victim.start();
  }
  return delays;
}

/** @returns how many clusters there are, who began, and how long it took from the last start */
async function judge(nodes) {
  const begun = performance.now();
  const deadline = begun + patienceMs;
  await Promise.all(nodes.map((node) => node.until("/readyz", "GET", deadline)));
  const tookMs = Math.round(performance.now() - begun);
  const numbers = [];
  for (const node of nodes) numbers.push(Number(await node.until("/next", "POST", deadline)));
  const states = await Promise.all(
    nodes.map((node) => node.until("/v1/cluster/bootstrap", "GET", deadline)),
  );
  const clusters = new Set(states.map((text) => JSON.parse(text).clusterId));
  const differ = new Set(numbers).size === nodes.length;
  return { clusters: clusters.size, counts: differ, tookMs };
}

async function round(options) {
  const folder = await mkdtemp(join(tmpdir(), "bootstrap-rounds-"));
  const ports = await freePorts(options.nodes);
  const nodes = ports.map((port, place) => {
    const seed = ports[(place + 1) % ports.length];
    return new Node(port, seed, { folder, expect: options.expect });
  });
  try {
    const delays = await startAll(nodes, options);
    return { delays, ...(await judge(nodes)) };
  } catch (error) {
    for (const node of nodes) console.error(`--- ${node.port}\n${node.lines.join("")}`);
    return { delays: [], clusters: 0, counts: false, tookMs: NaN, why: error.message };
  } finally {
    await Promise.all(nodes.filter(({ child }) => child).map((node) => node.kill()));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  await ensureBuilt();
  console.log("round  clusters  counts  ready after the last start  starts");
  const took = [];
  let failed = 0;
  for (let number = 1; number <= options.rounds; number += 1) {
    const { delays, clusters, counts, tookMs, why } = await round(options);
    const fine = clusters === 1 && counts;
    if (fine) took.push(tookMs);
    else failed += 1;
    const starts = delays.map((ms) => `${ms}`).join(" ");
    const cells = [String(number).padStart(5), String(clusters).padStart(8)];
    cells.push((counts ? "yes" : "NO").padStart(6), `${tookMs} ms`.padStart(26));
    console.log(`${cells.join("  ")}  ${why ?? starts}`);
  }
  took.sort((a, b) => a - b);
  const median = took[took.length >> 1] ?? NaN;
  console.log(
    `${options.rounds - failed} of ${options.rounds} rounds with one cluster; ready after ${median} ms (median), ${took.at(-1) ?? NaN} ms (worst)`,
  );
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
