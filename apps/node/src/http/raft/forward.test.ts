import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";

import { openLink } from "../../security/peer-link.ts";
import type { ApiRequest } from "../api.ts";
import { createForwarder, type Forwarder } from "./forward.ts";

let forwarder: Forwarder;
const servers: { close(): unknown; closeAllConnections?: () => void }[] = [];

beforeEach(() => {
  forwarder = createForwarder({ own: "127.0.0.1:1", timeoutMs: 300, link: openLink });
});
afterEach(() => {
  forwarder.close();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
});

async function leader(listener: RequestListener): Promise<{ address: string; server: Server }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { address: addressOf(server.address()), server };
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") throw new Error("not listening");
  return `127.0.0.1:${address.port}`;
}

function write(headers: Record<string, string> = {}, body: string = ""): ApiRequest {
  return {
    method: "POST",
    path: "/increment",
    query: new URLSearchParams("a=1"),
    headers,
    body: new TextEncoder().encode(body),
  };
}

test("method, path, body and the headers that matter reach the leader, and its reply comes back", async () => {
  const { address } = await leader((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    void incoming.toArray().then((chunks: Buffer[]) => {
      outgoing.writeHead(201, { "content-type": "text/x-test", "counter-served-by": "n9" });
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      outgoing.end(JSON.stringify(seen));
    });
  });
  const headers = { "content-type": "application/json", "idempotency-key": "k", cookie: "c" };
  const reply = await forwarder.forward(write(headers, '{"delta":2}'), address);
  expect(reply).toMatchObject({
    status: 201,
    headers: { "content-type": "text/x-test", "counter-served-by": "n9" },
  });
  const seen: unknown = JSON.parse(Buffer.from(reply.body).toString());
  expect(seen).toMatchObject({ method: "POST", url: "/increment?a=1", body: '{"delta":2}' });
  expect(seen).toMatchObject({
    headers: { "idempotency-key": "k", "counter-forwarded": "127.0.0.1:1" },
  });
  expect(seen).not.toHaveProperty("headers.cookie");
});

test("a leader that is gone refuses the connection: certainly not applied", async () => {
  const { address, server } = await leader(() => undefined);
  server.close();
  await once(server, "close");
  await expect(forwarder.forward(write(), address)).rejects.toMatchObject({ code: "no-leader" });
});

test("a leader that does not answer in time leaves the outcome unknown", async () => {
  const { address } = await leader(() => undefined);
  await expect(forwarder.forward(write(), address)).rejects.toMatchObject({
    code: "outcome-unknown",
  });
});

describe("a connection that breaks after the write was sent", () => {
  async function breaking(): Promise<{ address: string; requests: () => number }> {
    let requests = 0;
    const { address } = await leader((incoming, outgoing) => {
      requests += 1;
      if (requests === 1) incoming.socket.resetAndDestroy();
      else outgoing.end("7\n");
    });
    return { address, requests: () => requests };
  }

  test("leaves the outcome unknown, and nothing is sent again", async () => {
    const { address, requests } = await breaking();
    await expect(forwarder.forward(write(), address)).rejects.toMatchObject({
      code: "outcome-unknown",
    });
    expect(requests()).toBe(1);
  });
});

test.each(["no-leader", "draining", "starting"])(
  "a leader that sends it away with %s has certainly done nothing",
  async (code) => {
    const { address } = await leader((_incoming, outgoing) => {
      outgoing.writeHead(503, { "counter-code": code, "counter-outcome": "not-applied" }).end();
    });
    const problem = { code: "no-leader", message: `the leader ${address} answers ${code}` };
    await expect(forwarder.forward(write(), address)).rejects.toMatchObject(problem);
  },
);

test("a leader that talks nonsense leaves the outcome unknown", async () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => socket.end("SSH-2.0-nonsense\r\n"));
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  await expect(forwarder.forward(write(), addressOf(server.address()))).rejects.toMatchObject({
    code: "outcome-unknown",
  });
  for (const socket of sockets) socket.destroy();
});
