import { get } from "node:http";
import { connect } from "node:net";

import { clusterTagOf } from "./codec/frame.ts";
import { bytesOf, frameOf } from "./test-support/frames.ts";
import { pingFrame } from "./codec/frame.ts";
import { numbered } from "./test-support/messages.ts";
import { Nodes } from "./test-support/node.ts";
import type { TestNode } from "./test-support/node.ts";
import { ask, closed, handshakeHeaders } from "./test-support/raw.ts";

const nodes = new Nodes();
afterEach(() => nodes.closeAll());

const ends = { from: "n1", to: "n2" };
const tag = clusterTagOf("blue");

async function fetchText(node: TestNode): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port: node.port, path: "/any", agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

describe("bytes that no node sends", () => {
  const good = frameOf(numbered(ends, 1), tag);
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1]! ^= 1;

  it.each([
    { what: "garbage", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), fault: "length" },
    { what: "a length beyond the limit", bytes: Buffer.from([0x7f, 0, 0, 0]), fault: "length" },
    { what: "a length of nothing", bytes: Buffer.from([0, 0, 0, 0]), fault: "length" },
    { what: "a flipped bit", bytes: flipped, fault: "checksum" },
  ])(
    "$what: that stream is closed and counted, everything else goes on",
    async ({ bytes, fault }) => {
      const n2 = await nodes.listen({ id: "n2" });
      const other = await nodes.listen({ id: "n3" });
      n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }, other.member]);
      other.transport.setMembers([n2.member]);
      await other.dialled("n2");
      const { socket } = await ask(n2.port, handshakeHeaders(ends));
      socket!.write(Buffer.concat([good, bytes]));
      await closed(socket!);
      const { reason } = await n2.event("disconnected");
      expect(reason).toBe(`malformed frame (${fault})`);
      // What came before was right, and was delivered.
      expect(n2.received).toEqual([numbered(ends, 1)]);
      expect(n2.transport.stats().peers["n1"]).toMatchObject({ malformed: 1, accepted: false });
      expect(await fetchText(n2)).toBe("hello");
      other.transport.send(numbered({ from: "n3", to: "n2" }, 5));
      await n2.watch.until(() => n2.received.length === 2);
    },
  );

  it("a frame that ends in the middle is never delivered", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const { socket } = await ask(n2.port, handshakeHeaders(ends));
    socket!.end(good.subarray(0, -1));
    expect(await n2.event("disconnected")).toMatchObject({ reason: "closed by the peer" });
    expect(n2.received).toEqual([]);
  });

  it("frames that come together with the handshake are not lost", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const head = Object.entries({ Host: "n2", ...handshakeHeaders(ends) });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const frames = [good, bytesOf(pingFrame(tag)), frameOf(numbered(ends, 2), tag)];
    const socket = connect(n2.port, "127.0.0.1");
    socket.write(
      Buffer.concat([Buffer.from(`GET /raft/stream HTTP/1.1\r\n${lines}\r\n`), ...frames]),
    );
    await n2.watch.until(() => n2.received.length === 2);
    socket.destroy();
    expect(n2.received).toEqual([numbered(ends, 1), numbered(ends, 2)]);
  });
});

describe("ordinary requests on the same port", () => {
  it("are served while streams are open", async () => {
    const [n1, n2] = await nodes.cluster({ id: "n1" }, { id: "n2" });
    const answers = await Promise.all([1, 2, 3].map(() => fetchText(n2!)));
    expect(answers).toEqual(["hello", "hello", "hello"]);
    n1!.transport.send(numbered(ends, 1));
    await n2!.watch.until(() => n2!.received.length === 1);
  });

  const h2c = {
    Connection: "Upgrade, HTTP2-Settings",
    Upgrade: "h2c",
    "HTTP2-Settings": "AAMAAABk",
  };

  it("are served although they offer some other upgrade", async () => {
    const n2 = await nodes.listen({
      id: "n2",
      onRequest: (request, response) => {
        request.resume();
        request.on("end", () => {
          response.writeHead(201, { "x-url": request.url ?? "" });
          response.end("made");
        });
      },
    });
    const answer = await ask(n2.port, h2c, { path: "/next?n=1", method: "POST" });
    expect([answer.status, answer.headers["x-url"], answer.body]).toEqual([
      201,
      "/next?n=1",
      "made",
    ]);
    expect(answer.headers.connection).toBe("close");
  });

  it("with a body and another upgrade are refused, not misread", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    const headers = { ...h2c, "Content-Length": "2" };
    const answer = await ask(n2.port, headers, { path: "/next", method: "POST", body: "{}" });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      501,
      { code: "upgrade-unsupported" },
    ]);
  });

  it("upgrades that somebody else waits for are left to them", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    n2.server.on("upgrade", (request, socket) => {
      if (request.url === "/chat") socket.end("HTTP/1.1 418 Mine\r\nContent-Length: 0\r\n\r\n");
    });
    const headers = { Connection: "Upgrade", Upgrade: "websocket" };
    expect((await ask(n2.port, headers, { path: "/chat" })).status).toBe(418);
  });
});
