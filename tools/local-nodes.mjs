// Nodes of this workspace for as long as something uses them: built, on free ports, on loopback.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "./packages.mjs";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when the node is ready; rejects when it has ended, or is not after two minutes. */
async function ready(url, node) {
  const end = performance.now() + 120_000;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    if (node.exitCode !== null) throw new Error(`the node of ${url} ended with ${node.exitCode}`);
    if (performance.now() > end) throw new Error(`the node of ${url} does not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Starts a cluster of so many nodes in raft mode with their data under `dir`, and gives `use` their
 * URLs once all are ready. They end with it.
 */
export async function withNodes(count, dir, use) {
  const ports = [];
  while (ports.length < count) ports.push(await freePort());
  const nodes = ports.map((port) => {
    const peers = ports.filter((other) => other !== port).join();
    const flags = [`--port=${port}`, `--data-dir=${join(dir, `node-${port}`)}`];
    if (peers !== "") flags.push(`--peers=${peers}`);
    const args = [join(root, "apps/node/dist/main.js"), ...flags, "--gossip-port=off"];
    const stdio = ["ignore", "ignore", "inherit"];
    return spawn(process.execPath, [...args, "--log-level=warn"], { stdio });
  });
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  try {
    await Promise.all(urls.map((url, at) => ready(url, nodes[at])));
    return await use(urls);
  } finally {
    const ends = nodes.map((node) => node.exitCode ?? once(node, "exit"));
    for (const node of nodes) node.kill("SIGKILL"); // nothing that they know is needed any more
    await Promise.all(ends);
  }
}
