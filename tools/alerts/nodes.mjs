// Nodes of one scenario: started, hindered, asked, ended.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { root } from "../packages.mjs";

/** So much of what a node has written is kept for a failure. */
const linesMax = 200;
/** Below the ports that systems hand out by themselves, and with those of gossip above them. */
const [portMin, portMax, gossipAbove] = [10_200, 17_900, 10_000];

const given = new Set();
/** Everything that was started. */
const started = new Set();

/** Ends what runs, at once: nothing that it knows is needed any more. */
export async function endAll() {
  await Promise.all([...started].map((node) => node.end("SIGKILL")));
  started.clear();
}

async function isFree(port) {
  for (const open of [
    () => createServer().listen({ port, host: "127.0.0.1", exclusive: true }),
    () => createServer().listen({ port: port + gossipAbove, host: "127.0.0.1", exclusive: true }),
    () => createSocket("udp4").bind({ port: port + gossipAbove, address: "127.0.0.1" }),
  ]) {
    const probe = open();
    try {
      await once(probe, "listening");
    } catch {
      return false;
    }
    await new Promise((closed) => probe.close(closed));
  }
  return true;
}

export async function freePorts(count) {
  const ports = [];
  while (ports.length < count) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

/** Resolves with what `ask` answers as soon as that is neither `null` nor `false`. */
export async function until(what, ask, withinMs = 60_000) {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await pause(200);
  }
}

export class AlertNode {
  lines = [];

  /**
   * @param launcher - a command that ends in becoming the one that its last arguments name
   * @param nodeFlags - of Node.js itself
   */
  constructor({ port, peers, dataDir, flags = [], launcher = [], nodeFlags = [] }) {
    this.port = port;
    this.dataDir = dataDir;
    this.base = `http://127.0.0.1:${port}`;
    const named = peers.length > 0 ? [`--peers=${peers.join()}`] : [];
    const own = [`--port=${port}`, ...named, `--data-dir=${dataDir}`, ...flags];
    const main = join(root, "apps/node/dist/main.js");
    this.command = [...launcher, process.execPath, ...nodeFlags, main, ...own];
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  get running() {
    return this.child !== undefined && this.child.exitCode === null && !this.child.signalCode;
  }

  start() {
    const [command, ...args] = this.command;
    started.add(this);
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.lines.push(...text.trimEnd().split("\n"));
        this.lines.splice(0, Math.max(0, this.lines.length - linesMax));
      });
    }
    this.ended = once(this.child, "close");
  }

  signal(name) {
    if (this.running) this.child.kill(name);
  }

  async end(signal = "SIGTERM") {
    if (!this.running) return;
    this.child.kill(signal);
    await this.ended;
  }

  /** `null` where nobody answers. */
  async ask(path, { method = "GET", json, headers = {}, timeoutMs = 8000 } = {}) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const typed = body === undefined ? headers : { "content-type": "application/json", ...headers };
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const reply = await fetch(`${this.base}${path}`, { method, body, headers: typed, signal });
      return { status: reply.status, text: await reply.text() };
    } catch {
      return null;
    }
  }

  post(path, options = {}) {
    return this.ask(path, { ...options, method: "POST" });
  }

  /** A write that must be acknowledged; tried until it is. */
  acknowledged(path, options) {
    return until(`${path} is acknowledged`, async () => {
      return (await this.post(path, options))?.status === 200;
    });
  }

  ready() {
    return until(`${this.address} is ready`, async () => {
      if (!this.running) throw new Error(`${this.address} has ended:\n${this.lines.join("\n")}`);
      return (await this.ask("/readyz", { timeoutMs: 2000 }))?.status === 200;
    });
  }

  /** A gauge or counter without labels, as it is now. */
  async metric(name) {
    const text = (await this.ask("/metrics"))?.text ?? "";
    const found = text.match(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m"));
    return found === null ? null : Number(found[1]);
  }
}

/** Several that know each other; not started yet. `each(place)` may add to the options of one. */
export async function cluster(count, folder, flags, each = () => ({})) {
  const ports = await freePorts(count);
  return ports.map((port, place) => {
    const peers = ports.filter((other) => other !== port);
    const dataDir = join(folder, `node-${port}`);
    return new AlertNode({ port, peers, dataDir, flags, ...each(place, dataDir) });
  });
}

export async function startAll(nodes) {
  for (const node of nodes) node.start();
  await Promise.all(nodes.map((node) => node.ready()));
}

export function leaderOf(nodes) {
  return until("a node leads", async () => {
    for (const node of nodes) {
      if (node.running && (await node.metric("counter_raft_is_leader")) === 1) return node;
    }
    return null;
  });
}

/** Writes, so many at a time, until it is stopped; whatever is answered. */
export function load(nodes, path, clients, options = {}) {
  let stopped = false;
  let sent = 0;
  const client = async () => {
    while (!stopped) {
      const node = nodes[sent++ % nodes.length];
      const answered = await node.ask(path, { method: "POST", ...options });
      if (answered === null || answered.status >= 400) await pause(100);
    }
  };
  const clientsEnded = Promise.all(Array.from({ length: clients }, client));
  return async () => {
    stopped = true;
    await clientsEnded;
  };
}
