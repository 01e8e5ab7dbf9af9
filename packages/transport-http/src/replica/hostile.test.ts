import { connect } from "node:net";
import type { Socket } from "node:net";

import { bytes, echo, patient, Replicas, say, text } from "../test-support/replicas.ts";
import type { TestReplica } from "../test-support/replicas.ts";
import { HEALTH_TYPE, RECORDS_TYPE } from "./routes.ts";

const replicas = new Replicas();
afterEach(() => replicas.endAll());

const records = { "Content-Type": RECORDS_TYPE };

describe("a hostile request", () => {
  const limits = { messageMaxBytes: 1000 };

  it.each([
    {
      what: "an unknown path",
      path: "/v1/other",
      headers: records,
      status: 404,
      code: "not-found",
    },
    { what: "a query", path: "/increment?by=7", headers: records, status: 404, code: "not-found" },
    {
      what: "another method",
      path: "/v1/internal/sync",
      method: "PUT",
      headers: records,
      status: 405,
      code: "method-not-allowed",
    },
    {
      what: "another type",
      path: "/v1/internal/fill",
      headers: { "Content-Type": "text/plain" },
      status: 415,
      code: "unsupported-type",
    },
    {
      what: "an encoding",
      path: "/increment",
      headers: { ...records, "Content-Encoding": "gzip" },
      status: 415,
      code: "unsupported-type",
    },
    {
      what: "an empty body",
      path: "/increment",
      headers: records,
      body: "",
      status: 400,
      code: "malformed",
    },
    {
      what: "a body above the limit",
      path: "/increment",
      headers: { ...records, "Content-Length": 1001 },
      body: "x".repeat(1001),
      status: 413,
      code: "too-large",
    },
    {
      what: "a chunked body above the limit",
      path: "/increment",
      headers: { ...records, "Transfer-Encoding": "chunked" },
      body: "x".repeat(1001),
      status: 413,
      code: "too-large",
    },
    {
      what: "a page in a browser behind it",
      path: "/increment",
      headers: { ...records, Origin: "http://127.0.0.1" },
      status: 403,
      code: "unauthenticated",
    },
    {
      what: "a browser behind it",
      path: "/increment",
      headers: { ...records, "Sec-Fetch-Site": "same-origin" },
      status: 403,
      code: "unauthenticated",
    },
    {
      what: "a health check of nobody",
      path: "/health",
      method: "GET",
      headers: { Accept: HEALTH_TYPE },
      status: 400,
      code: "malformed",
    },
    {
      what: "a health check in no base64url",
      path: "/health",
      method: "GET",
      headers: { Accept: HEALTH_TYPE, "Counter-Peer": "a+b=" },
      status: 400,
      code: "malformed",
    },
    {
      what: "a health check with bits left over",
      path: "/health",
      method: "GET",
      headers: { Accept: HEALTH_TYPE, "Counter-Peer": "AB" },
      status: 400,
      code: "malformed",
    },
    {
      what: "an endless health check",
      path: "/health",
      method: "GET",
      headers: { Accept: HEALTH_TYPE, "Counter-Peer": "A".repeat(1367) },
      status: 400,
      code: "malformed",
    },
  ])("with $what is refused: $status $code", async (it) => {
    const { path, method = "POST", headers, body = "x", status, code } = it;
    const n1 = await replicas.listen({ limits });
    const content = method === "GET" ? {} : { body: bytes(body) };
    const said = await say(n1.port, { path, method, headers: { ...headers }, ...content });
    expect(said.status).toBe(status);
    expect(JSON.parse(said.body)).toMatchObject({ code });
    expect(said.headers["content-type"]).toContain("application/json");
    expect(n1.asked).toEqual([]);
    expect(n1.events).toMatchObject([{ type: "refused", from: "127.0.0.1", code, count: 1 }]);
  });

  it("with a body as large as allowed is answered, also without a length", async () => {
    const n1 = await replicas.listen({ limits }, async (_, request) => request);
    for (const extra of [{}, { "Transfer-Encoding": "chunked" }]) {
      const headers = { ...records, ...extra };
      const said = await say(n1.port, {
        path: "/increment",
        headers,
        body: bytes("x".repeat(1000)),
      });
      expect([said.status, said.body]).toEqual([200, "x".repeat(1000)]);
    }
  });

  it("whose body does not come is given up, and its connection closed", async () => {
    const n1 = await replicas.listen({ limits: { bodyTimeoutMs: 30 } });
    const { socket, over } = speak(n1, `${postHead(10)}x`);
    const said = await over;
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
    expect(said).toContain('"code":"too-slow"');
    expect(socket.destroyed).toBe(true);
  });

  it("that never ends is answered, and read only for a while", async () => {
    const n1 = await replicas.listen({ limits: { messageMaxBytes: 1000, lingerMs: 30 } });
    const { socket, over } = speak(n1, postHead(1_000_000_000));
    const flood = (): void => {
      if (!socket.destroyed) socket.write("x".repeat(10_000), flood);
    };
    flood();
    expect(await over).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("that breaks off is forgotten", async () => {
    const n1 = await replicas.listen({ limits: { bodiesMax: 1 } });
    const { socket } = speak(n1, `${postHead(10)}x`);
    await n1.watch.until(() => n1.connections === 1);
    socket.destroy();
    await n1.watch.until(() => n1.sockets.size === 0);
    const n2 = replicas.caller();
    const reply = await n2.transport.exchange(n1.address, "sync", bytes("x"), patient);
    expect([text(reply), n1.events]).toEqual(["sync: x", []]);
  });
});

describe("too much at once", () => {
  it("bodies beyond the limit are refused with 503, health checks are not", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const n2 = await replicas.listen({ limits: { bodiesMax: 2 } }, async (kind, request) => {
      if (kind === "push") await held;
      return echo(kind, request);
    });
    const n1 = replicas.caller();
    const send = (kind: "push" | "sync" | "health"): Promise<Uint8Array> =>
      n1.transport.exchange(n2.address, kind, bytes("x"), patient);
    const two = [send("push"), send("push")];
    await n2.watch.until(() => n2.asked.length === 2);
    await expect(send("sync")).rejects.toMatchObject({ status: 503, reason: "busy" });
    expect(text(await send("health"))).toBe("health: x");
    release();
    await Promise.all(two);
    expect(text(await send("sync"))).toBe("sync: x");
  });
});

describe("a node that has no answer", () => {
  it.each([
    {
      what: "an error with a code",
      error: Object.assign(new Error("x"), { code: "STORAGE_FULL" }),
      code: "STORAGE_FULL",
    },
    { what: "an error without one", error: new Error("secret path"), code: "not-answered" },
    {
      what: "a strange code",
      error: Object.assign(new Error("x"), { code: "a\r\nb" }),
      code: "not-answered",
    },
  ])("says 503 and the code of its error: $what", async ({ error, code }) => {
    const n2 = await replicas.listen({}, () => Promise.reject(error));
    const n1 = replicas.caller();
    const asking = n1.transport.exchange(n2.address, "push", bytes("x"), patient);
    await expect(asking).rejects.toMatchObject({
      code: "REPLICA_REFUSED",
      status: 503,
      reason: code,
    });
    const said = await say(n2.port, { path: "/increment", headers: records, body: bytes("x") });
    expect(said.body).not.toContain("secret path");
  });

  it("says 400 to what it cannot read: sent again it would be no better", async () => {
    const error = Object.assign(new Error("x"), { code: "EVENTUAL_MALFORMED" });
    const n2 = await replicas.listen({}, () => Promise.reject(error));
    const said = await say(n2.port, { path: "/increment", headers: records, body: bytes("x") });
    expect([said.status, JSON.parse(said.body)]).toMatchObject([400, { code: "malformed" }]);
  });
});

function postHead(length: number): string {
  const lines = [`Host: x`, `Content-Type: ${RECORDS_TYPE}`, `Content-Length: ${length}`];
  return `POST /v1/internal/sync HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Says something, and gives what came back once the other side has closed. */
function speak(to: TestReplica, start: string): { socket: Socket; over: Promise<string> } {
  const socket = connect(to.port, "127.0.0.1");
  const over = new Promise<string>((resolve) => {
    let said = "";
    socket.on("data", (chunk: Buffer) => (said += chunk.toString()));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(said));
  });
  socket.write(start);
  return { socket, over };
}
