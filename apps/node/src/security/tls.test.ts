/** Nodes that speak TLS alone, to clients and to each other, in both modes. */
import { once } from "node:events";
import { copyFile, readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";

import { HttpTransport } from "@counter/transport-http";

import type { RaftConfig, TlsConfig } from "../config/node-config.ts";
import { call } from "../test-support/calling.ts";
import { Certificates, type Certified } from "../test-support/certificates.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { listenAnywhere, TestNodes, type TestNode } from "../test-support/test-node.ts";
import { tlsOptions } from "./security.ts";
import { readTls } from "./tls-files.ts";

const raft = new TestNodes();
const eventual = new EventualNodes();
let authority: Certificates;
let ca: Buffer;
let ofNodes: Certified;
let flags: readonly string[];
let config: TlsConfig;

beforeAll(async () => {
  authority = await Certificates.create();
  ca = await readFile(authority.ca);
  ofNodes = await authority.sign("node");
  config = { ...ofNodes, ca: authority.ca, clientAuth: "require" };
  flags = flagsOf(config);
});
afterEach(async () => {
  await raft.end();
  await eventual.end();
});
afterAll(() => authority.end());

function flagsOf({ cert, key, ca: signer, clientAuth }: TlsConfig): readonly string[] {
  const files = [`--tls-cert=${cert}`, `--tls-key=${key}`, `--tls-ca=${signer ?? ""}`];
  return [...files, `--tls-client-auth=${clientAuth}`];
}

async function shown({ cert, key }: Certified): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  return { ca, cert: await readFile(cert), key: await readFile(key) };
}

async function three(...more: readonly string[]): Promise<TestNode[]> {
  const started = await raft.threeAt(tlsOptions(config, await readTls(config)), ...flags, ...more);
  await Promise.all(started.map(({ node }) => node.ready));
  return started;
}

test("three nodes that know each other by certificates alone elect, forward and count", async () => {
  const cluster = await three();
  const client = await shown(await authority.sign("client"));
  const numbers: number[] = [];
  for (const { url } of cluster) {
    const reply = await call(`${url}/next`, { method: "POST", ...client });
    numbers.push(Number(reply.text));
  }
  expect(numbers).toEqual([1, 2, 3]);
  const redirected = await Promise.all(
    cluster.map(({ url }) => call(`${url}/next?redirect`, { method: "POST", ...client })),
  );
  const away = redirected.filter(({ status }) => status === 307);
  expect(away).toHaveLength(2);
  for (const { headers } of away)
    expect(headers.location).toMatch(/^https:\/\/127.0.0.1:\d+\/next$/);
});

test("what is no request is answered over TLS as well", async () => {
  const listening = await listenAnywhere(tlsOptions(config, await readTls(config)));
  const { node } = await raft.start(listening, await raft.directory(), flags);
  await node.ready;
  const own = await shown(await authority.sign("client"));
  const socket = connectTls({ host: "127.0.0.1", port: listening.port, ...own });
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.write("marker\r\n\r\n");
  await once(socket, "close");
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"validation-failed"/);
});

test("who shows no certificate, or one of somebody else, is not even heard", async () => {
  const [{ url }] = (await three()) as [TestNode];
  const strangers = await Certificates.create();
  try {
    const theirs = await shown(await strangers.sign("node"));
    await expect(call(`${url}/livez`, { ca })).rejects.toThrow();
    await expect(call(`${url}/livez`, { ...theirs, ca })).rejects.toThrow();
    await expect(call(url.replace("https", "http"))).rejects.toThrow();
  } finally {
    await strangers.end();
  }
});

test("the certificate of a client makes nobody a peer", async () => {
  const [node] = (await three()) as [TestNode];
  const client = await shown(await authority.sign("client"));
  const bootstrap = `${node.url}/v1/cluster/bootstrap`;
  expect((await call(bootstrap, { method: "POST", ...client })).status).toBe(401);
  const peer = await shown(ofNodes);
  expect((await call(bootstrap, { method: "POST", ...peer })).status).toBe(400);
  const refused = new Promise<string>((resolve) => {
    const transport = new HttpTransport({
      ...{ id: "x", clusterId: "x", directoryId: "x", tls: () => client },
      knownDirectories: { get: () => null, remember: () => Promise.resolve() },
      onEvent: (event) => {
        if (event.type !== "refused") return;
        void transport.close().then(() => resolve(event.code));
      },
    });
    transport.start({ receive: () => undefined, unreachable: () => undefined });
    transport.setMembers([{ id: node.address, address: node.address }]);
  });
  expect(await refused).toBe("unauthenticated");
});

test("nodes do not talk to one whose certificate is for another address", async () => {
  const elsewhere = { ...config, ...(await authority.sign("node", "DNS:elsewhere.example")) };
  const seed = await raft.start(
    await listenAnywhere(tlsOptions(elsewhere, await readTls(elsewhere))),
    await raft.directory(),
    flagsOf(elsewhere),
  );
  await seed.node.ready;
  const asked = call(`${seed.url}/livez`, await shown(ofNodes));
  await expect(asked).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
});

test("certificates are read again, and open connections go on", async () => {
  const own = await authority.sign("node");
  const mine = { ...config, ...own, clientAuth: "none" } as const;
  const listening = await listenAnywhere(tlsOptions(mine, await readTls(mine)));
  const node = await raft.start(listening, await raft.directory(), flagsOf(mine));
  await node.node.ready;
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 1 });
  const serial = async (): Promise<string> => {
    const { port } = node.config satisfies Pick<RaftConfig, "port">;
    const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", ca });
    await once(socket, "secureConnect");
    const certificate: PeerCertificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate.serialNumber;
  };
  const before = await serial();
  expect((await call(`${node.url}/livez`, { agent })).status).toBe(200);
  const next = await authority.sign("node");
  await copyFile(next.cert, own.cert);
  await copyFile(next.key, own.key);
  await node.node.reload();
  expect(await serial()).not.toBe(before);
  expect((await call(`${node.url}/livez`, { agent })).status).toBe(200);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1); // the same one still
  agent.destroy();
  await copyFile(authority.ca, own.key); // no key at all
  await node.node.reload();
  expect(await serial()).not.toBe(before);
  expect(node.lines.at(-1)).toMatch(/^error: certificates stay as they were/);
});

test("nodes of eventual mode count together over TLS", async () => {
  const tls = tlsOptions(config, await readTls(config));
  const listening = await Promise.all([1, 2, 3].map(() => listenAnywhere(tls)));
  const peers = `--peers=${listening.map(({ port }) => port).join(",")}`;
  const mesh = await Promise.all(
    listening.map(async (at) => eventual.start(at, await newFolder(), [peers, ...flags])),
  );
  await Promise.all(mesh.map(({ node }) => node.ready));
  const client = await shown(await authority.sign("client"));
  const secure = (url: string): string => url.replace("http:", "https:");
  const path = "/increment?ack=all";
  const written = await call(secure(mesh[0]!.url) + path, { method: "POST", ...client });
  expect(written.status).toBe(200);
  for (const { url } of mesh) {
    const read = await call(`${secure(url)}/get`, client);
    expect(JSON.parse(read.text)).toEqual({ counter: 1 });
  }
});
