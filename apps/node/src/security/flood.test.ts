/** A flood of connections must not keep the nodes from each other. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { call } from "../test-support/calling.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { TestNodes } from "../test-support/test-node.ts";

const nodes = new TestNodes();
const eventual = new EventualNodes();
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await nodes.end();
  await eventual.end();
});

/** More connections than there may be, on which nobody ever says a word. */
async function flood(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    for (let i = 0; i < 300; i += 1) {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => undefined);
      if (i % 50 === 0) await once(socket, "connect");
    }
  }
}

async function secretFlag(): Promise<string> {
  const path = join(await newFolder(), "secret");
  await writeFile(path, "a secret of this cluster and no other", { mode: 0o600 });
  return `--peer-secret-file=${path}`;
}

test("in raft mode a node that was away finds its way back through a flood, and forwards", async () => {
  const flags = ["--connections-max=16", await secretFlag()];
  const cluster = await nodes.three(...flags);
  await Promise.all(cluster.map(({ node }) => node.ready));
  const [one, two, away] = cluster;
  await away!.node.stop();
  await flood([one!.config.port, two!.config.port]);
  expect((await call(`${one!.url}/v1/counters`)).status).toBe(503);
  expect((await call(`${one!.url}/livez`)).status).toBe(200);
  const back = await nodes.again(away!, ...flags, `--peers=${away!.config.peers.join(",")}`);
  await back.node.ready;
  const added = await call(`${back.url}/v1/counters/likes/increment`, { method: "POST" });
  expect([added.status, added.text]).toEqual([200, expect.stringContaining('"value":"1"')]);
}, 60_000);

test("in eventual mode nodes reach each other through a flood", async () => {
  const [one, two] = await eventual.mesh(2, "--connections-max=16", await secretFlag());
  await two!.node.stop();
  await flood([one!.config.port]);
  const flags = ["--connections-max=16", `--peers=${one!.config.address}`];
  const secret = `--peer-secret-file=${two!.config.peerSecretFile ?? ""}`;
  const back = await eventual.again(two!, ...flags, secret);
  await back.node.ready;
  const path = "/v1/counters/likes/increment?ack=all";
  const add = (): Promise<number> =>
    call(`${back.url}${path}`, { method: "POST" }).then(({ status }) => status);
  while ((await add()) !== 200); // until the two have found each other
}, 60_000);
