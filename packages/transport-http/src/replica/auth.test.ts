import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

import type { ExchangeKind } from "@counter/eventual";

import {
  bytes,
  otherSecret,
  patient,
  Replicas,
  say,
  secret,
  text,
} from "../test-support/replicas.ts";
import { PeerAuth, peerAuthHeader, peerChallengeHeader } from "../auth/peer-auth.ts";
import type { SignedRequest } from "../auth/peer-auth.ts";
import { HEALTH_TYPE, PEER_HEADER, RECORDS_TYPE, routeOf } from "./routes.ts";

const replicas = new Replicas();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await replicas.endAll();
  for (const close of closers.splice(0)) await close();
});

interface Passing {
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
  readonly body: Buffer;
}

/** Stands between two nodes and changes what it passes on. */
async function middleman(
  port: number,
  change: {
    readonly path?: (path: string) => string;
    readonly request?: (request: Omit<Passing, "status">) => Omit<Passing, "status">;
    readonly reply?: (reply: Passing) => Passing;
  },
): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const taken = { headers: incoming.headers, body: Buffer.concat(chunks) };
      const { headers, body } = (change.request ?? ((same) => same))(taken);
      const path = (change.path ?? ((same) => same))(incoming.url ?? "");
      const method = incoming.method ?? "";
      const passing = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false });
      passing.on("response", (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => parts.push(chunk));
        answer.on("end", () => {
          const whole = { headers: answer.headers, status: answer.statusCode ?? 0 };
          const reply = { ...whole, body: Buffer.concat(parts) };
          const passed = (change.reply ?? ((same) => same))(reply);
          outgoing.writeHead(passed.status, passed.headers);
          outgoing.end(passed.body);
        });
      });
      passing.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function flipped(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  copy[copy.length - 1]! ^= 1;
  return copy;
}

describe("who is believed", () => {
  it.each([
    { who: "nobody has a secret", here: null, there: null, outcome: "answered" },
    { who: "both have the same", here: secret, there: secret, outcome: "answered" },
    { who: "we have none", here: null, there: secret, outcome: "REPLICA_REFUSED" },
    { who: "we have another", here: otherSecret, there: secret, outcome: "REPLICA_REFUSED" },
    { who: "only we have one", here: secret, there: null, outcome: "REPLICA_UNVERIFIED" },
  ])("$who: $outcome", async ({ here, there, outcome }) => {
    const n2 = await replicas.listen({ secret: there });
    const n1 = replicas.caller({ secret: here });
    for (const kind of ["push", "health", "sync"] as const) {
      const asking = n1.transport.exchange(n2.address, kind, bytes("x"), patient);
      if (outcome === "answered") expect(text(await asking)).toBe(`${kind}: x`);
      else await expect(asking).rejects.toMatchObject({ code: outcome });
    }
    if (outcome !== "REPLICA_REFUSED") return;
    const [refused] = n2.events;
    expect(refused).toMatchObject({ type: "refused", code: "unauthenticated" });
    expect(n2.asked).toEqual([]);
  });

  const kinds: readonly ExchangeKind[] = ["push", "health", "fetch"];

  it.each(kinds)("a changed %s never reaches the node", async (kind) => {
    const n2 = await replicas.listen({ secret });
    const n1 = replicas.caller({ secret });
    const to = await middleman(n2.port, {
      request: ({ headers, body }) => {
        const header = headers[PEER_HEADER];
        if (typeof header !== "string") return { headers, body: flipped(body) };
        const changed = flipped(Buffer.from(header, "base64url")).toString("base64url");
        return { headers: { ...headers, [PEER_HEADER]: changed }, body };
      },
    });
    const asking = n1.transport.exchange(to, kind, bytes("hello"), patient);
    await expect(asking).rejects.toMatchObject({ status: 401, reason: "unauthenticated" });
    expect(n2.asked).toEqual([]);
  });

  it("a request that was signed for another address is refused", async () => {
    const n2 = await replicas.listen({ secret });
    const n1 = replicas.caller({ secret });
    const to = await middleman(n2.port, { path: () => "/v1/internal/fill" });
    const asking = n1.transport.exchange(to, "sync", bytes("hello"), patient);
    await expect(asking).rejects.toMatchObject({ status: 401 });
    expect(n2.asked).toEqual([]);
  });

  it.each([
    { what: "another body", reply: (r: Passing) => ({ ...r, body: flipped(r.body) }) },
    { what: "no proof", reply: (r: Passing) => ({ ...r, headers: without(r.headers) }) },
  ])("a reply with $what counts as none", async ({ reply }) => {
    const n2 = await replicas.listen({ secret });
    const n1 = replicas.caller({ secret });
    const to = await middleman(n2.port, { reply });
    const asking = n1.transport.exchange(to, "sync", bytes("hello"), patient);
    await expect(asking).rejects.toMatchObject({ code: "REPLICA_UNVERIFIED", peer: to });
  });

  it("a reply that was right for the same request before counts as none", async () => {
    const n2 = await replicas.listen({ secret });
    const n1 = replicas.caller({ secret });
    let first: Passing | null = null;
    const to = await middleman(n2.port, {
      reply: (r) => (r.status === 200 ? (first ??= r) : r),
    });
    const ask = (): Promise<Uint8Array> =>
      n1.transport.exchange(to, "sync", bytes("hello"), patient);
    expect(text(await ask())).toBe("sync: hello");
    await expect(ask()).rejects.toMatchObject({ code: "REPLICA_UNVERIFIED" });
  });

  it("a request that is sent again is refused", async () => {
    const n2 = await replicas.listen({ secret });
    const { headers } = await knownTo(n2.port, new PeerAuth([secret]));
    const statuses = [];
    for (let i = 0; i < 2; i += 1) {
      const sent = { path: "/increment", headers, body: bytes("x") };
      statuses.push((await say(n2.port, sent)).status);
    }
    expect([statuses, n2.asked.length]).toEqual([[200, 401], 1]);
  });

  it("a request that was recorded before the node began anew is refused", async () => {
    const auth = new PeerAuth([secret]);
    const { headers } = await knownTo((await replicas.listen({ secret })).port, auth);
    const again = await replicas.listen({ secret });
    const said = await say(again.port, { path: "/increment", headers, body: bytes("x") });
    expect([said.status, again.asked]).toEqual([401, []]);
  });

  it("who asks learns the challenge of a node, and that is no refusal", async () => {
    const n2 = await replicas.listen({ secret });
    const n1 = replicas.caller({ secret });
    for (let i = 0; i < 3; i += 1) {
      await n1.transport.exchange(n2.address, "sync", bytes("x"), patient);
    }
    expect(n2.asked).toHaveLength(3);
    expect(n2.events.filter(({ type }) => type === "refused")).toEqual([]);
  });
});

/** A push of "x", signed over the challenge of the node at this port. */
async function knownTo(port: number, auth: PeerAuth): Promise<SignedRequest> {
  const { path, method } = routeOf("push");
  const headers = { "content-type": RECORDS_TYPE };
  const request = { method, path, headers, body: bytes("x") };
  const sign = (): SignedRequest => auth.sign(String(port), request);
  const first = sign();
  const said = await say(port, { path, headers: { ...headers, ...first.headers } });
  expect(said.headers[peerChallengeHeader]).toMatch(/^[0-9a-f]{32}$/);
  expect(auth.challenged(String(port), first, said.headers)).toBe(true);
  const signed = sign();
  return { ...signed, headers: { ...headers, ...signed.headers } };
}

function without(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== peerAuthHeader));
}

describe("a proof", () => {
  it.each([
    { what: "missing", change: () => null },
    { what: "empty", change: () => "" },
    { what: "of another version", change: (right: string) => right.replace("v2", "v1") },
    { what: "in capitals", change: (right: string) => right.toUpperCase() },
    { what: "cut", change: (right: string) => right.slice(0, -1) },
    { what: "given twice", change: (right: string) => `${right}, ${right}` },
    {
      what: "of another session",
      change: (right: string) => right.replace(/ \w{32}/, ` ${zeros}`),
    },
    { what: "with another number", change: (right: string) => right.replace(/ 2 /, " 3 ") },
    { what: "without its headers", change: (right: string) => right.replace("content-type", "-") },
    {
      what: "wrong in its last digit",
      change: (right: string) => right.slice(0, -1) + (right.endsWith("0") ? "1" : "0"),
    },
  ])("that is $what is refused with 401", async ({ change }) => {
    const n2 = await replicas.listen({ secret });
    const { headers: right } = await knownTo(n2.port, new PeerAuth([secret]));
    const proof = change(right[peerAuthHeader]!);
    const signed = proof === null ? {} : { [peerAuthHeader]: proof };
    const headers = { "Content-Type": RECORDS_TYPE, ...signed };
    const said = await say(n2.port, { path: "/increment", headers, body: bytes("x") });
    expect([said.status, JSON.parse(said.body)]).toMatchObject([401, { code: "unauthenticated" }]);
    expect(said.headers[peerAuthHeader]).toBeUndefined();
    expect(n2.asked).toEqual([]);
  });

  it("that is missing is refused before the body is read", async () => {
    const n2 = await replicas.listen({ secret, limits: { messageMaxBytes: 10 } });
    const headers = { "Content-Type": RECORDS_TYPE };
    const said = await say(n2.port, { path: "/increment", headers, body: new Uint8Array(5000) });
    expect(said.status).toBe(401); // and not 413
  });

  it("goes with refusals too, once the request was found right", async () => {
    const auth = new PeerAuth([secret]);
    const n2 = await replicas.listen({ secret }, () => Promise.reject(new Error("no")));
    const signed = await knownTo(n2.port, auth);
    const { headers } = signed;
    const said = await say(n2.port, { path: "/increment", headers, body: bytes("x") });
    const reply = { status: 503, headers: said.headers, body: said.body };
    expect(auth.verifyReply(signed, reply)).not.toBeNull();
    expect(auth.verifyReply(signed, { ...reply, status: 200 })).toBeNull();
  });
});

const zeros = "0".repeat(32);

describe("without a secret", () => {
  it.each([
    { from: "127.0.0.1", trust: undefined, status: 200 },
    { from: "127.8.9.1", trust: undefined, status: 200 },
    { from: "::1", trust: "loopback", status: 200 },
    { from: "::ffff:127.0.0.1", trust: "loopback", status: 200 },
    { from: "192.0.2.1", trust: undefined, status: 401 },
    { from: "::ffff:192.0.2.1", trust: "loopback", status: 401 },
    { from: "2001:db8::127.0.0.1", trust: "loopback", status: 401 },
    { from: "1.127.0.1", trust: "loopback", status: 401 },
    { from: undefined, trust: "loopback", status: 401 },
    { from: "192.0.2.1", trust: "network", status: 200 },
  ])("a peer at $from with trust $trust: $status", async ({ from, trust, status }) => {
    const n2 = await replicas.listen(trust === "network" ? { trust: { kind: trust } } : {});
    n2.server.on("connection", (socket) => {
      Object.defineProperty(socket, "remoteAddress", { value: from });
    });
    const headers = { Accept: HEALTH_TYPE, [PEER_HEADER]: "eA" };
    const said = await say(n2.port, { method: "GET", path: "/health", headers });
    expect(said.status).toBe(status);
    if (status === 401) expect(n2.events).toMatchObject([{ from: from ?? null, count: 1 }]);
  });

  it.each([
    { who: "an address, where there is a secret", options: { secret } },
    { who: "nobody", options: { trust: { kind: "nobody" } as const } },
    {
      who: "certificates, and there is none",
      options: { trust: { kind: "certificate", isPeer: () => false } as const },
    },
  ])("it is refused where it trusts $who", async ({ options }) => {
    const n2 = await replicas.listen(options);
    const headers = { Accept: HEALTH_TYPE, [PEER_HEADER]: "eA" };
    expect((await say(n2.port, { method: "GET", path: "/health", headers })).status).toBe(401);
  });

  it("who shows a certificate of the cluster is heard", async () => {
    const n2 = await replicas.listen({ trust: { kind: "certificate", isPeer: () => true } });
    const headers = { Accept: HEALTH_TYPE, [PEER_HEADER]: "eA" };
    expect((await say(n2.port, { method: "GET", path: "/health", headers })).status).toBe(200);
  });
});
