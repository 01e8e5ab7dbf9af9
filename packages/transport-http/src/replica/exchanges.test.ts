import type { ExchangeKind } from "@counter/eventual";

import {
  bytes,
  patient,
  Replicas,
  say,
  secret,
  text,
  type TestReplica,
} from "../test-support/replicas.ts";
import { turn, turnsUntil } from "../test-support/watch.ts";
import { HEALTH_TYPE, RECORDS_TYPE } from "./routes.ts";

const replicas = new Replicas();
afterEach(() => replicas.endAll());

const kinds: readonly ExchangeKind[] = ["push", "health", "sync", "fill", "fetch"];

async function ask(from: TestReplica, to: TestReplica, message = "hello"): Promise<string> {
  return text(await from.transport.exchange(to.address, "sync", bytes(message), patient));
}

describe("an exchange", () => {
  it.each([null, secret])(
    "of each kind carries a request and its reply (secret: %p)",
    async (s) => {
      const n2 = await replicas.listen({ secret: s });
      const n1 = replicas.caller({ secret: s });
      for (const kind of kinds) {
        const request = Uint8Array.of(0, 1, 255, 10, 13, 0);
        const reply = await n1.transport.exchange(n2.address, kind, request, patient);
        expect(n2.asked.at(-1)).toEqual({ kind, request });
        expect(Object.getPrototypeOf(reply)).toBe(Uint8Array.prototype);
        expect([...reply]).toEqual([...bytes(`${kind}: ${text(request)}`)]);
      }
    },
  );

  it("goes both ways between two nodes", async () => {
    const [n1, n2] = [await replicas.listen(), await replicas.listen()];
    expect(await Promise.all([ask(n1, n2, "one"), ask(n2, n1, "two")])).toEqual([
      "sync: one",
      "sync: two",
    ]);
  });

  it("uses one connection again and again", async () => {
    const n2 = await replicas.listen();
    const n1 = replicas.caller();
    for (let i = 0; i < 20; i += 1) expect(await ask(n1, n2, String(i))).toBe(`sync: ${i}`);
    expect(n2.connections).toBe(1);
  });

  it("does not wait for others with the same peer, and keeps their answers apart", async () => {
    const waiting: (() => void)[] = [];
    const n2 = await replicas.listen({}, async (_, request) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return request;
    });
    const n1 = replicas.caller();
    const asked = Array.from({ length: 16 }, (_, i) => ask(n1, n2, String(i)));
    await n2.watch.until(() => n2.asked.length === 16);
    await turnsUntil(() => waiting.length === 16);
    for (const answer of waiting.reverse()) answer();
    expect(await Promise.all(asked)).toEqual(asked.map((_, i) => String(i)));
  });

  it("is refused at once when as many as allowed are under way with that peer", async () => {
    const n2 = await replicas.listen({}, () => new Promise(() => undefined));
    const n3 = await replicas.listen();
    const n1 = replicas.caller({ limits: { exchangesMax: 2 } });
    const ending = new AbortController();
    const exchange = (): Promise<Uint8Array> =>
      n1.transport.exchange(n2.address, "push", bytes("x"), ending.signal);
    const first = [exchange(), exchange()];
    await expect(exchange()).rejects.toMatchObject({ code: "REPLICA_BUSY" });
    expect(await ask(n1, n3)).toBe("sync: hello");
    ending.abort();
    await Promise.allSettled(first);
    const again = exchange();
    await expect(again).rejects.toMatchObject({ code: "REPLICA_ABORTED" });
  });

  it("carries as much as allowed in both directions, and not a byte more", async () => {
    const limits = { messageMaxBytes: 100_000 };
    const n2 = await replicas.listen({ limits }, async (_, request) => {
      const extra = request[0] === 1 ? 1 : 0;
      return new Uint8Array(request.length + extra).fill(7);
    });
    const n1 = replicas.caller({ limits });
    const send = (size: number, first: number, kind: ExchangeKind = "fill"): Promise<Uint8Array> =>
      n1.transport.exchange(n2.address, kind, new Uint8Array(size).fill(first), patient);
    expect(await send(100_000, 0)).toHaveLength(100_000);
    await expect(send(100_001, 0)).rejects.toMatchObject({ code: "REPLICA_TOO_LARGE" });
    await expect(send(100_000, 1)).rejects.toMatchObject({
      code: "REPLICA_REFUSED",
      status: 503,
      reason: "too-large",
    });
    expect(await send(1024, 0, "health")).toHaveLength(1024);
    await expect(send(1025, 0, "health")).rejects.toMatchObject({ code: "REPLICA_TOO_LARGE" });
    expect(n2.asked).toHaveLength(3);
  });

  it("carries 4 MiB", async () => {
    const n2 = await replicas.listen({ secret }, async (_, request) => request);
    const n1 = replicas.caller({ secret });
    const large = new Uint8Array(4 * 1024 * 1024).map((_, i) => i * 7);
    const reply = await n1.transport.exchange(n2.address, "fill", large, patient);
    expect(Buffer.compare(reply, large)).toBe(0);
  });

  it("is sent once more when an idle connection turns out to be closed", async () => {
    const n2 = await replicas.listen();
    const n1 = replicas.caller();
    await ask(n1, n2);
    // Closed in this very turn: the side that asks cannot know.
    for (const socket of n2.sockets) socket.destroy();
    expect(await ask(n1, n2)).toBe("sync: hello");
    expect(n1.events).toEqual([{ type: "connected", peer: n2.address }]);
  });
});

describe("an end", () => {
  it.each([true, false])("at a signal comes at once (given before: %p)", async (before) => {
    const n2 = await replicas.listen({}, () => new Promise(() => undefined));
    const n1 = replicas.caller();
    const ending = new AbortController();
    if (before) ending.abort();
    const asking = n1.transport.exchange(n2.address, "sync", bytes("x"), ending.signal);
    const failed = expect(asking).rejects.toMatchObject({ code: "REPLICA_ABORTED" });
    if (!before) await n2.watch.until(() => n2.asked.length === 1);
    ending.abort();
    await failed;
    await n2.watch.until(() => n2.sockets.size === 0);
    expect(n1.events).toEqual([]);
  });

  it("of the node that asks ends what it asked, and its connections", async () => {
    const n2 = await replicas.listen({}, (kind, request) =>
      kind === "sync" ? Promise.resolve(request) : new Promise(() => undefined),
    );
    const n1 = replicas.caller();
    await ask(n1, n2);
    const asking = n1.transport.exchange(n2.address, "push", bytes("x"), patient);
    const failed = expect(asking).rejects.toMatchObject({ code: "REPLICA_CLOSED" });
    await n2.watch.until(() => n2.asked.length === 2);
    await Promise.all([n1.transport.close(), n1.transport.close()]);
    await failed;
    await n2.watch.until(() => n2.sockets.size === 0);
    await expect(ask(n1, n2)).rejects.toMatchObject({ code: "REPLICA_CLOSED" });
  });

  it("of the node that answers leaves no connection open, idle or not", async () => {
    const n2 = await replicas.listen({}, (kind, request) =>
      kind === "sync" ? Promise.resolve(request) : new Promise(() => undefined),
    );
    const n1 = replicas.caller();
    await Promise.all([ask(n1, n2), ask(n1, n2)]);
    const asking = n1.transport.exchange(n2.address, "push", bytes("x"), patient);
    // Asked once more on a new connection, it says that it stops.
    const failed = expect(asking).rejects.toMatchObject({ status: 503, reason: "not-ready" });
    await n2.watch.until(() => n2.asked.length === 3);
    await n2.transport.close();
    await failed;
    await n2.watch.until(() => n2.sockets.size === 0);
  });

  it("is final: later requests are answered, but not by the node", async () => {
    const n2 = await replicas.listen();
    await n2.transport.close();
    const headers = { "Content-Type": RECORDS_TYPE };
    const said = await say(n2.port, { path: "/increment", headers, body: bytes("x") });
    expect([said.status, JSON.parse(said.body), said.headers.connection]).toMatchObject([
      503,
      { code: "not-ready" },
      "close",
    ]);
    expect(n2.asked).toEqual([]);
    expect(() => n2.transport.start(n2)).toThrow("started already");
  });
});

describe("which requests are a peer's", () => {
  const records = { "Content-Type": RECORDS_TYPE };
  it.each([
    { method: "POST", path: "/increment", headers: records, mine: true },
    {
      method: "POST",
      path: "/increment",
      headers: { "content-type": "Application/Vnd.Counter.Records; v=1" },
      mine: true,
    },
    { method: "POST", path: "/increment", headers: {}, mine: false },
    {
      method: "POST",
      path: "/increment",
      headers: { "Content-Type": "application/json" },
      mine: false,
    },
    { method: "POST", path: "/increment?by=2", headers: records, mine: true },
    { method: "POST", path: "/Increment/", headers: records, mine: true },
    { method: "POST", path: "/v1/counters/a/increment", headers: records, mine: true },
    { method: "GET", path: "/health", headers: { Accept: HEALTH_TYPE }, mine: true },
    {
      method: "GET",
      path: "/health?x",
      headers: { Accept: `text/plain, ${HEALTH_TYPE};q=0.5` },
      mine: true,
    },
    { method: "GET", path: "/health", headers: { Accept: "*/*" }, mine: false },
    { method: "GET", path: "/health", headers: {}, mine: false },
    { method: "GET", path: "/status", headers: { Accept: HEALTH_TYPE }, mine: false },
    { method: "POST", path: "/v1/internal/sync", headers: {}, mine: true },
    { method: "GET", path: "/v1/internal/fill?x=1", headers: {}, mine: true },
    { method: "POST", path: "/v1/internal/fetch", headers: records, mine: true },
    { method: "POST", path: "/v1/internal/other", headers: {}, mine: false },
  ])("$method $path $headers: $mine", async ({ method, path, headers, mine }) => {
    const n1 = await replicas.listen();
    const said = await say(n1.port, { method, path, headers: { ...headers } });
    expect(said.body === "for clients").toBe(!mine);
    expect(n1.asked).toEqual([]); // none of these carries a message
    await turn();
  });
});
