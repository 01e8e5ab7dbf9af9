import { bytes, patient, Replicas } from "../test-support/replicas.ts";
import type { ReplicaLimits } from "./options.ts";
import { RECORDS_TYPE } from "./routes.ts";

const replicas = new Replicas();
afterEach(() => replicas.endAll());

/** Answers every request with these bytes. */
async function answering(response: string | Uint8Array): Promise<string> {
  return replicas.strange((socket) => {
    socket.once("data", () => socket.write(response));
  });
}

function head(status: number, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Any\r\n${lines.join("")}\r\n`;
}

describe("a peer that answers", () => {
  const type = RECORDS_TYPE;
  const small: Partial<ReplicaLimits> = { messageMaxBytes: 1000, exchangeTimeoutMs: 60_000 };

  it.each([
    { what: "garbage", response: "SSH-2.0-x\r\n", code: "REPLICA_UNREACHABLE" },
    {
      what: "another type",
      response: head(200, { "Content-Type": "text/html", "Content-Length": 2 }) + "ok",
      code: "REPLICA_BAD_REPLY",
    },
    {
      what: "no type",
      response: head(200, { "Content-Length": 2 }) + "ok",
      code: "REPLICA_BAD_REPLY",
    },
    {
      what: "404",
      response: head(404, { "Content-Length": 9 }) + "not found",
      code: "REPLICA_REFUSED",
    },
    { what: "204", response: head(204, {}), code: "REPLICA_REFUSED" },
    {
      what: "a redirect",
      response: head(302, { Location: "http://127.0.0.1:1/", "Content-Length": 0 }),
      code: "REPLICA_REFUSED",
    },
    {
      what: "an upgrade",
      response: head(101, { Connection: "Upgrade", Upgrade: "x" }),
      code: "REPLICA_UNREACHABLE",
    },
    {
      what: "an announced flood",
      response: head(200, { "Content-Type": type, "Content-Length": 1001 }),
      code: "REPLICA_BAD_REPLY",
    },
    {
      what: "a flood",
      response:
        head(200, { "Content-Type": type, "Transfer-Encoding": "chunked" }) +
        `3e9\r\n${"x".repeat(1001)}\r\n`,
      code: "REPLICA_BAD_REPLY",
    },
    {
      what: "a flood of headers",
      response: `HTTP/1.1 200 Any\r\n${"x: y\r\n".repeat(100_000)}`,
      code: "REPLICA_UNREACHABLE",
    },
    {
      what: "a long refusal",
      response: head(500, { "Content-Length": 5000 }) + "x".repeat(5000),
      code: "REPLICA_BAD_REPLY",
    },
    {
      what: "a refusal of strange things",
      response: head(409, { "Content-Length": 27 }) + '{"code":"a b","message":{}}',
      code: "REPLICA_REFUSED",
    },
  ])("$what counts as no answer", async ({ response, code }) => {
    const peer = await answering(response);
    const n1 = replicas.caller({ limits: small });
    const asking = n1.transport.exchange(peer, "sync", bytes("x"), patient);
    await expect(asking).rejects.toMatchObject({ code, peer, kind: "sync", reason: null });
    expect(n1.events).toMatchObject([{ type: "failed", peer, code, count: 1 }]);
  });

  it("less than it announced, and hangs up, counts as no answer", async () => {
    const peer = await replicas.strange((socket) => {
      socket.once("data", () => {
        socket.end(head(200, { "Content-Type": type, "Content-Length": 100 }) + "half");
      });
    });
    const asking = replicas.caller().transport.exchange(peer, "sync", bytes("x"), patient);
    await expect(asking).rejects.toMatchObject({ code: "REPLICA_UNREACHABLE" });
  });

  it.each([
    { what: "nothing", first: "" },
    { what: "half of a head", first: "HTTP/1.1 200 " },
    {
      what: "half of a body",
      first: head(200, { "Content-Type": type, "Content-Length": 9 }) + "x",
    },
  ])("$what is not waited for beyond the limit", async ({ first }) => {
    const peer = await replicas.strange((socket) => socket.once("data", () => socket.write(first)));
    const n1 = replicas.caller({ limits: { exchangeTimeoutMs: 30 } });
    const asking = n1.transport.exchange(peer, "fetch", bytes("x"), patient);
    await expect(asking).rejects.toMatchObject({ code: "REPLICA_TIMEOUT" });
  });

  it("by hanging up, or is not there at all, is unreachable", async () => {
    const peer = await replicas.strange((socket) => socket.destroy());
    const n1 = replicas.caller();
    const gone = await replicas.listen();
    const addresses = [peer, gone.address];
    await gone.close();
    for (const address of addresses) {
      const asking = n1.transport.exchange(address, "sync", bytes("x"), patient);
      await expect(asking).rejects.toMatchObject({ code: "REPLICA_UNREACHABLE" });
    }
  });

  it("is not even dialled when its address is none", async () => {
    const asking = replicas.caller().transport.exchange("no port", "sync", bytes("x"), patient);
    await expect(asking).rejects.toMatchObject({ code: "REPLICA_BAD_ADDRESS" });
  });
});
