// What do snapshots cost those who go on working? Three processes on real disks and sockets, under
// load: all take a snapshot, then one that was away is brought up to date by one.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ids = ["n1", "n2", "n3"];

class Server {
  #child;
  #waiting = new Map();
  #orders = 0;
  #port;
  #exited;
  port;

  constructor(setup) {
    this.id = setup.id;
    this.#child = fork(join(import.meta.dirname, "snapshot-node.mjs"), [JSON.stringify(setup)], {
      execArgv: ["--max-old-space-size=4096"],
    });
    this.port = new Promise((resolve) => (this.#port = resolve));
    this.#child.on("message", (answer) => this.#onAnswer(answer));
    this.#exited = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  ask(order, rest = {}) {
    return new Promise((resolve, reject) => {
      const number = (this.#orders += 1);
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ order, number, ...rest });
    });
  }

  async stop() {
    await this.ask("stop");
    await this.#exited;
  }

  /** No harm if it has stopped. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #onAnswer({ port, number, result, error, fatal }) {
    if (fatal !== undefined) throw new Error(`${this.id}: ${fatal}`);
    if (port !== undefined) return this.#port(port);
    const { resolve, reject } = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) resolve(result);
    else reject(new Error(`${this.id}: ${error}`));
  }
}

/**
 * @param options - `machine`: `kv` or `counter`; `size`: megabytes, or thousands of keys;
 *   `clients`: writers at once; `seconds`: length of the phases that have none of their own;
 *   `raft`: overrides of the core's options
 * @returns one row a phase
 */
export async function benchSnapshots({ machine, size, clients, seconds, raft = {} }) {
  const root = mkdtempSync(join(tmpdir(), "counter-snapshot-"));
  const servers = ids.map((id) => new Server({ id, directory: join(root, id), machine, size }));
  try {
    const ports = await Promise.all(servers.map(({ port }) => port));
    const members = ids.map((id, at) => ({ id, address: `127.0.0.1:${ports[at]}` }));
    await Promise.all(servers.map((server) => server.ask("start", { members, raft })));
    const leader = await until(() => leaderOf(servers));
    const followers = servers.filter((server) => server !== leader);
    await leader.ask("load", { clients });
    await pause(2000); // the compiler of JavaScript has to see the code first
    const rows = await phases({ servers, leader, followers, seconds });
    await leader.ask("load", { clients: 0 });
    await Promise.all(servers.map((server) => server.stop()));
    return rows;
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    rmSync(root, { recursive: true, force: true });
  }
}

async function phases({ servers, leader, followers, seconds }) {
  const [away, ...others] = followers;
  const measured = (name, run) => phase({ name, servers, leader, run });
  const takeAll = () => Promise.all([leader, ...others].map((server) => server.ask("snapshot")));
  const rows = [await measured("before", () => pause(seconds * 1000))];
  const everywhere = () => Promise.all(servers.map((server) => server.ask("snapshot")));
  rows.push(await measured("every server takes a snapshot", everywhere));
  await away.ask("cut", { on: true });
  rows.push(await measured("one follower is cut off", () => pause(seconds * 1000)));
  await takeAll();
  const { snapshot } = await leader.ask("status");
  await away.ask("cut", { on: false });
  const caughtUp = async () => (await away.ask("status")).appliedIndex >= snapshot.index || null;
  rows.push(await measured("it catches up by a snapshot", () => until(caughtUp)));
  rows.push(await measured("after", () => pause(seconds * 1000)));
  return rows;
}

async function phase({ name, servers, leader, run }) {
  await Promise.all(servers.map((server) => server.ask("measure")));
  const before = await leader.ask("written");
  const startedMs = performance.now();
  await run();
  const tookMs = performance.now() - startedMs;
  const perSecond = ((await leader.ask("written")) - before) / (tookMs / 1000);
  const of = async (server) => [server.id, await server.ask("measured")];
  const stalls = Object.fromEntries(await Promise.all(servers.map(of)));
  return { name, tookMs, perSecond, leader: leader.id, stalls };
}

async function leaderOf(servers) {
  for (const server of servers) {
    const { role } = await server.ask("status");
    if (role === "leader") return server;
  }
  return null;
}

async function until(probe, limitMs = 120_000) {
  const endsAt = performance.now() + limitMs;
  while (performance.now() < endsAt) {
    const found = await probe();
    if (found !== null) return found;
    await pause(20);
  }
  throw new Error("it takes too long");
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** Prints the rows. The leader has a star. */
export function printSnapshots(rows) {
  const base = rows[0].perSecond;
  console.log("  longest stalls in ms: on the core · without the wait for a core · all; collector");
  for (const { name, tookMs, perSecond, leader, stalls } of rows) {
    const cell = ([id, { cpuMs, ownMs, wallMs, collectionMs }]) => {
      const [cpu, own, wall, gc] = [cpuMs, ownMs, wallMs, collectionMs].map((ms) => ms.toFixed(0));
      return `${id === leader ? `${id}*` : id} ${cpu} · ${own} · ${wall}; ${gc}`.padEnd(22);
    };
    console.log(
      `  ${name.padEnd(30)}`,
      `${(tookMs / 1000).toFixed(1)} s`.padStart(6),
      `${Math.round(perSecond).toLocaleString("en")} writes/s`.padStart(15),
      `× ${(perSecond / base).toFixed(2)}  `,
      Object.entries(stalls).map(cell).join(" "),
    );
  }
}
