// What do snapshots cost those who go on working? Three processes on real disks and sockets, under
// load: all take a snapshot, then one that was away is brought up to date by one.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause, ServerProcess, until } from "./server-process.mjs";

const ids = ["n1", "n2", "n3"];

const script = join(import.meta.dirname, "snapshot-node.mjs");

/**
 * @param options - `machine`: `kv` or `counter`; `size`: megabytes, or thousands of keys;
 *   `clients`: writers at once; `seconds`: length of the phases that have none of their own;
 *   `raft`: overrides of the core's options
 * @returns one row a phase
 */
export async function benchSnapshots({ machine, size, clients, seconds, raft = {} }) {
  const root = mkdtempSync(join(tmpdir(), "counter-snapshot-"));
  const servers = ids.map(
    (id) => new ServerProcess(script, { id, directory: join(root, id), machine, size }),
  );
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
