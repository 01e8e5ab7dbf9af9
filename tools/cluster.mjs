// Runs a whole cluster on this machine: builds, starts every node, shows all their lines in one
// terminal, and stops them all with Ctrl-C. `npm start -- --help` says more.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { ensureBuilt } from "./ensure-built.mjs";

const root = resolve(import.meta.dirname, "..");
const pollMs = 25;
const stopPatienceMs = 8000;
/** Exit codes of nodes that cannot be started again as they are: see its directory, was removed. */
const finalCodes = [3, 4];
const paint = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const palette = [36, 35, 33, 32, 34, 31, 96];
const colour = (code, text) => (paint ? `\u001b[${code}m${text}\u001b[0m` : text);
const say = (text) => console.log(colour(1, text));

const usage = `Usage: npm start -- [--mode raft] [--nodes 3] [--port 8080] [--data-dir ./data] [--log-level info]

Starts a cluster on this machine: one node a port, from --port upwards. Every node keeps its data
in <data-dir>/node-<port>, so the counter survives a restart. Ctrl-C stops all of them.

--mode=eventual starts nodes that each count on alone when they cannot reach the others, and agree
when they can again. A data directory belongs to the mode that it was first started in.`;
const modes = ["raft", "eventual"];

function readOptions() {
  const { values } = parseArgs({
    options: {
      mode: { type: "string", default: "raft" },
      nodes: { type: "string", default: "3" },
      port: { type: "string", default: "8080" },
      "data-dir": { type: "string", default: "data" },
      "log-level": { type: "string", default: "info" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const nodes = wholeNumber("--nodes", values.nodes, 1, 7);
  const port = wholeNumber("--port", values.port, 1, 65536 - nodes);
  const ports = Array.from({ length: nodes }, (_, place) => port + place);
  const { mode, help } = values;
  if (!modes.includes(mode)) throw new Error(`--mode: "${mode}" is none of ${modes.join(", ")}`);
  return { ports, mode, help, dataDir: values["data-dir"], logLevel: values["log-level"] };
}

function wholeNumber(name, text, min, max) {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name}: "${text}" is not a whole number from ${min} to ${max}`);
}

/** Where a node gossips, over TCP and UDP, unless it is told otherwise. */
const gossipPortOf = (port) => (port + 10_000 <= 65_535 ? port + 10_000 : port - 10_000);

/** Better told before anything is started than by one node of three. */
async function requireFree(port) {
  await requireBindable(port, "port", (at) => createServer().listen(at));
  const gossip = gossipPortOf(port);
  await requireBindable(gossip, "gossip port", (at) => createServer().listen(at));
  await requireBindable(gossip, "gossip port", ({ host: address, ...at }) =>
    createSocket("udp4").bind({ address, ...at }),
  );
}

async function requireBindable(port, what, open) {
  const probe = open({ port, host: "127.0.0.1", exclusive: true });
  try {
    await once(probe, "listening");
  } catch (error) {
    const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code})`;
    const advice = "stop what runs there, or choose others with --port";
    throw new Error(`${what} ${port} ${why}: ${advice}`, { cause: error });
  }
  await new Promise((closed) => probe.close(closed));
}

function dataDirOf(port, { dataDir }) {
  return join(dataDir, `node-${port}`);
}

function startNode(port, place, { ports, mode, dataDir, logLevel }) {
  const args = [
    join(root, "apps/node/dist/main.js"),
    `--mode=${mode}`,
    `--port=${port}`,
    `--data-dir=${dataDirOf(port, { dataDir })}`,
    `--log-level=${logLevel}`,
    ...ports.filter((other) => other !== port).map((other) => `--peers=${other}`),
  ];
  const env = paint ? { ...process.env, FORCE_COLOR: "1" } : process.env;
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const prefix = colour(palette[place % palette.length], `${port} |`);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => console.log(`${prefix} ${line}`));
  }
  const ended = new Promise((done) => {
    child.once("error", (error) => done({ port, how: error.message, code: 1 }));
    child.once("close", (code, signal) => {
      done({ port, how: signal ?? `exit code ${code}`, code: code ?? 1 });
    });
  });
  return { port, child, ended };
}

/** Resolves once the cluster answers, with what there is to say about it; `null` if it is stopped. */
async function untilReady({ ports, mode }, signal) {
  const found = mode === "raft" ? leaderSeen : allSynced;
  while (!signal.aborted) {
    const facts = await found(ports, signal);
    if (facts !== null) return facts;
    await pause(pollMs);
  }
  return null;
}

/** One node suffices: it is ready when a majority has answered it. */
async function leaderSeen(ports, signal) {
  for (const port of ports) {
    const leader = (await statusOfReady(port, signal))?.leader.httpAddress ?? "";
    if (leader !== "") return `the leader is ${leader}`;
  }
  return null;
}

async function allSynced(ports, signal) {
  for (const port of ports) if ((await statusOfReady(port, signal)) === null) return null;
  return "each of them counts";
}

async function statusOfReady(port, signal) {
  try {
    const base = `http://127.0.0.1:${port}`;
    const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(1000)]) };
    if (!(await fetch(`${base}/readyz`, options)).ok) return null;
    return await (await fetch(`${base}/status`, options)).json();
  } catch {
    return null; // not up yet: asked again
  }
}

const tries = {
  raft: [
    ["-X POST", "/next", "hand out the next number"],
    ["", "/get", "read the counter"],
    ["", "/status", "who leads, how far is everybody"],
  ],
  eventual: [
    ["-X POST", "/increment", "add one"],
    ["", "/get", "read the counter, as this node knows it"],
    ["", "/status", "who is up, and how far"],
  ],
};

function announce({ ports, mode }, facts) {
  const seconds = (performance.now() / 1000).toFixed(2);
  const base = `http://127.0.0.1:${ports[0]}`;
  say(`\nready in ${seconds} s: ${ports.length} nodes, ${facts}`);
  console.log(`  ${ports.map((port) => `http://127.0.0.1:${port}`).join("  ")}\n`);
  console.log("Try, at any of them:");
  const lines = tries[mode].map(([method, path, what]) => {
    return [["curl", method, `${base}${path}`].filter(Boolean).join(" "), what];
  });
  const width = Math.max(...lines.map(([command]) => command.length));
  for (const [command, what] of lines) console.log(`  ${command.padEnd(width)}  # ${what}`);
  say("Ctrl-C stops all nodes.\n");
}

async function stopAll(nodes) {
  for (const { child } of nodes) child.kill("SIGTERM");
  const force = setTimeout(() => {
    for (const { child, port } of nodes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      say(`node ${port} does not stop; killing it`);
      child.kill("SIGKILL");
    }
  }, stopPatienceMs);
  const ends = await Promise.all(nodes.map(({ ended }) => ended));
  clearTimeout(force);
  return ends;
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  for (const port of options.ports) await requireFree(port);
  say("building …");
  await ensureBuilt();
  say(`starting ${options.ports.length} nodes …`);

  const nodes = options.ports.map((port, place) => startNode(port, place, options));
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => stopping.abort(signal));
  }
  const asked = new Promise((done) => stopping.signal.addEventListener("abort", done));
  const endedBefore = new Set(); // told then; no reason for complaint when the others are stopped
  for (const { ended } of nodes) {
    void ended.then(({ port, how, code }) => {
      if (stopping.signal.aborted) return;
      endedBefore.add(port);
      console.log(colour(31, `node ${port} has ended: ${how}`));
      if (finalCodes.includes(code))
        return console.log("its last line above says what to change first");
      const peers = options.ports.filter((other) => other !== port).join(",");
      const flags = `--mode=${options.mode} --port=${port} --peers=${peers} --data-dir=${dataDirOf(port, options)}`;
      console.log(`bring it back with: node apps/node/dist/main.js ${flags}`);
    });
  }
  const allEnded = Promise.all(nodes.map(({ ended }) => ended));
  void untilReady(options, stopping.signal).then((facts) => {
    if (facts !== null) announce(options, facts);
  });

  const how = await Promise.race([asked.then(() => "asked"), allEnded.then(() => "allEnded")]);
  stopping.abort();
  // Which one it was explains the end of a terminal, or of whoever started this, that nobody typed.
  if (how === "asked") say(`\n${stopping.signal.reason}: stopping all nodes …`);
  const ends = await stopAll(nodes);
  const failed = ends.filter(({ port, code }) => code !== 0 && !endedBefore.has(port));
  if (how === "allEnded") console.error("all nodes have ended by themselves");
  else if (failed.length === 0) say("all nodes have stopped");
  return how === "asked" && failed.length === 0 ? 0 : 1;
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => undefined); // the terminal is gone; the nodes must still be stopped
}
try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
