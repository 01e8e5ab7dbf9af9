// The systems that can stand side by side in one run. Each one starts on its own ports with its own
// temporary directory and says how to ask it for the next number.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** Our own three nodes, durable, on loopback; every client talks to the leader. */
function startCounter() {
  const dir = mkdtempSync(join(tmpdir(), "counter-bench-"));
  return startRaft({ dir, ports: [17080, 17081, 17082], flags: [], headers: {} });
}

/** The same with bearer tokens and a secret between the nodes. */
async function startSecured() {
  const { newToken } = await import("@counter/node/offline");
  const dir = mkdtempSync(join(tmpdir(), "counter-bench-"));
  const { token, entry } = newToken({ name: "bench", scopes: ["read", "write"] });
  const auth = join(dir, "tokens.json");
  writeFileSync(auth, JSON.stringify({ tokens: [entry] }), { mode: 0o600 });
  const secret = join(dir, "peer-secret");
  writeFileSync(secret, randomBytes(32).toString("hex"), { mode: 0o600 });
  return startRaft({
    dir,
    ports: [17090, 17091, 17092],
    flags: [`--auth-file=${auth}`, `--peer-secret-file=${secret}`],
    headers: { Authorization: `Bearer ${token}` },
  });
}

async function startRaft({ dir, ports, flags, headers }) {
  const children = ports.map((port) => {
    const peers = ports.filter((other) => other !== port).join(",");
    const own = [`--port=${port}`, `--peers=${peers}`, `--data-dir=${join(dir, String(port))}`];
    return spawn(process.execPath, [join(root, "apps/node/dist/main.js"), ...own, ...flags], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  });
  const leader = await until(async () => {
    const status = await (await fetch(`http://127.0.0.1:${ports[0]}/status`, { headers })).json();
    const port = Number(status.leader.httpAddress.split(":").pop());
    const ready = await Promise.all(ports.map((p) => fetch(`http://127.0.0.1:${p}/readyz`)));
    return ready.every((response) => response.ok) && port > 0 ? port : null;
  });
  return running(children, dir, {
    hosts: [{ host: "127.0.0.1", port: leader }],
    method: "POST",
    path: "/next",
    headers,
  });
}

/** Three nodes of eventual mode; clients talk to one of them, or to all in turn. */
async function startEventual(hostsUsed) {
  const dir = mkdtempSync(join(tmpdir(), "counter-bench-"));
  const ports = hostsUsed === 1 ? [17083, 17084, 17085] : [17086, 17087, 17088];
  const children = ports.map((port) => {
    const peers = ports.filter((other) => other !== port).join(",");
    const flags = [`--port=${port}`, `--peers=${peers}`, `--data-dir=${join(dir, String(port))}`];
    return spawn(
      process.execPath,
      [join(root, "apps/node/dist/main.js"), "--mode=eventual", ...flags],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
  });
  await until(async () => {
    const ready = await Promise.all(ports.map((port) => fetch(`http://127.0.0.1:${port}/readyz`)));
    return ready.every((response) => response.ok) || null;
  });
  const hosts = ports.slice(0, hostsUsed).map((port) => ({ host: "127.0.0.1", port }));
  return running(children, dir, { hosts, method: "POST", path: "/increment" });
}

/** What the service does, done with etcd: one key that all clients count in, by compare-and-swap. */
const etcdIncrement = { protocol: "etcdIncrement", key: "counter" };

/** Its cheapest linearizable write, which counts nothing: how fast its consensus is. */
const etcdPut = {
  method: "POST",
  path: "/v3/kv/put",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ key: "Y291bnRlcg==", value: "MQ==" }),
};

/**
 * Three etcd members, if etcd is installed.
 *
 * @param base - the first of six ports
 */
async function startEtcd(base, operation) {
  if (spawnSync("etcd", ["--version"]).error !== undefined) return null;
  const dir = mkdtempSync(join(tmpdir(), "etcd-bench-"));
  const nodes = [0, 1, 2].map((at) => ({ name: `m${at}`, client: base + at, peer: base + 3 + at }));
  const cluster = nodes.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(",");
  const children = nodes.map(({ name, client, peer }) =>
    spawn(
      "etcd",
      [
        ...["--name", name, "--data-dir", join(dir, name), "--initial-cluster", cluster],
        ...["--listen-client-urls", `http://127.0.0.1:${client}`],
        ...["--advertise-client-urls", `http://127.0.0.1:${client}`],
        ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
        ...["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
      ],
      { stdio: "ignore" },
    ),
  );
  const leader = await until(async () => {
    for (const { client } of nodes) {
      const url = `http://127.0.0.1:${client}/v3/maintenance/status`;
      const status = await (await fetch(url, { method: "POST", body: "{}" })).json();
      if (status.leader !== undefined && status.leader === status.header.member_id) return client;
    }
    return null;
  });
  return running(children, dir, { hosts: [{ host: "127.0.0.1", port: leader }], ...operation });
}

/** One Redis, if it is installed, that syncs before it answers. It has no replica to lose it to. */
async function startRedis() {
  if (spawnSync("redis-server", ["--version"]).error !== undefined) return null;
  const dir = mkdtempSync(join(tmpdir(), "redis-bench-"));
  const port = 16379;
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const flags = ["--port", String(port), "--dir", dir, ...durable];
  const child = spawn("redis-server", flags, { stdio: "ignore" });
  await until(() => connected(port));
  const hosts = [{ host: "127.0.0.1", port }];
  return running([child], dir, { hosts, protocol: "redisIncrement", key: "counter" });
}

export const targets = {
  counter: startCounter,
  secured: startSecured,
  eventual: () => startEventual(1),
  "eventual-spread": () => startEventual(3),
  etcd: () => startEtcd(23790, etcdIncrement),
  "etcd-put": () => startEtcd(23800, etcdPut),
  redis: startRedis,
};

/** Something that runs already: `name=POST:http://127.0.0.1:8080/next`. */
export function externalTarget(method, url) {
  const { hostname: host, port, pathname, search } = new URL(url);
  const target = { hosts: [{ host, port: Number(port || 80) }], method, path: pathname + search };
  return { target, cpuMs: () => null, stop: () => Promise.resolve() };
}

function running(children, dir, target) {
  return {
    target,
    /** User and system time of all its processes so far, from the kernel's own accounting. */
    cpuMs: () => children.reduce((sum, child) => sum + cpuMsOf(child.pid), 0),
    stop: async () => {
      await Promise.all(
        children.map(
          (child) =>
            new Promise((done) => {
              child.on("exit", done);
              child.kill("SIGTERM");
            }),
        ),
      );
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms
}

/** Resolves once somebody listens there. */
function connected(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy()));
    socket.on("error", reject);
  });
}

async function until(probe, limitMs = 30_000) {
  const endsAt = performance.now() + limitMs;
  while (performance.now() < endsAt) {
    const found = await probe().catch(() => null);
    if (found !== null) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the system under test did not become ready");
}
