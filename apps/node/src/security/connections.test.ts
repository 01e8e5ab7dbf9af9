import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

import { connectionLimits, Connections, type ConnectionLimits } from "./connections.ts";

const read = { kind: "read" } as const;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  const closing = servers.splice(0).map((server) => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  await Promise.all(closing);
});

interface Opened {
  readonly socket: Socket;
  /** The status that one request was answered with; `null`: the connection was closed. */
  readonly status: string | null;
}

/** A server that takes whoever asks for /peer for a peer, and /probe for a probe. */
async function start(limits: Partial<ConnectionLimits>) {
  const server = createServer((request, response) => {
    const isPeer = request.url === "/peer";
    const route = request.url === "/probe" ? ({ kind: "probe" } as const) : read;
    if (connections.isGuest(request.socket)) response.setHeader("connection", "close");
    try {
      connections.receive(route, request.socket, isPeer);
      if (isPeer) response.removeHeader("connection");
      response.end();
    } catch {
      response.writeHead(503).end();
    }
  });
  servers.push(server);
  const connections = new Connections(server, { ...connectionLimits(1000), ...limits });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const silent = async (from = "127.0.0.1"): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    sockets.push(socket);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
  const ask = async (socket: Socket, path = "/"): Promise<Opened> => {
    const closed = once(socket, "close").then(() => null);
    const data = once(socket, "data").then(([text]) => String(text).slice(9, 12));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return { socket, status: await Promise.race([data, closed]) };
  };
  const open = async (path = "/", from?: string): Promise<Opened> => ask(await silent(from), path);
  return { server, connections, silent, ask, open };
}

const statuses = (opened: readonly Opened[]): (string | null)[] =>
  opened.map(({ status }) => status);

test("one address has so many connections, and another one as soon as one is closed", async () => {
  const { open } = await start({ perAddressMax: 2 });
  const opened = [await open(), await open(), await open(), await open("/", "127.0.0.2")];
  expect(statuses(opened)).toEqual(["200", "200", "503", "200"]);
  opened[0]?.socket.destroy();
  while ((await open()).status !== "200"); // until the server has seen the end
});

test("all addresses together have so many, and each one more is answered 503 and closed", async () => {
  const { open, connections } = await start({ max: 3 });
  const from = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
  const opened = await Promise.all(from.map((address) => open("/", address)));
  expect(statuses(opened).filter((status) => status === "200")).toHaveLength(3);
  for (const { socket, status } of opened) {
    if (status === "503" && !socket.closed) await once(socket, "close");
  }
  expect([connections.clients, connections.refused]).toEqual([3, 2]);
});

test("a peer stays when no client gets in any more, and a probe is answered once", async () => {
  const { open, ask } = await start({ max: 1 });
  expect((await open()).status).toBe("200");
  const peer = await open("/peer");
  const probe = await open("/probe");
  expect(statuses([peer, probe])).toEqual(["200", "200"]);
  if (!probe.socket.closed) await once(probe.socket, "close");
  for (let i = 0; i < 3; i += 1) expect((await ask(peer.socket, "/")).status).toBe("200");
});

test("who says nothing has to go when others come, so that a peer gets in through a flood", async () => {
  const { open, silent, connections } = await start({ max: 1, guestsMax: 3 });
  const first = await open();
  const flood = await Promise.all(Array.from({ length: 20 }, () => silent()));
  const peer = await open("/peer");
  expect(peer.status).toBe("200");
  while (flood.filter((socket) => socket.closed).length < 17) await open("/peer");
  expect(first.socket.closed).toBe(false);
  expect(peer.socket.closed).toBe(false);
  expect(connections.refused).toBeGreaterThanOrEqual(17);
});

test("the system is asked for no more connections than all limits together", async () => {
  const { server } = await start({ max: 5, guestsMax: 3, peersMax: 2 });
  expect(server.maxConnections).toBe(10);
});
