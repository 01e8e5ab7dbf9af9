/** Three real nodes that want tokens of clients and a secret of each other. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer as createTcpServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { PeerAuth, peerAuthHeader } from "@counter/transport-http";

import { call, type Called } from "../test-support/calling.ts";
import { TestNodes, type TestNode } from "../test-support/test-node.ts";
import { principalHeader, type Scope } from "./caller.ts";
import { newToken } from "./token-file.ts";

const nodes = new TestNodes();
let cluster: TestNode[];
let folder: string;

const grants = {
  reader: { scopes: ["read"] },
  writer: { scopes: ["read", "write"] },
  other: { scopes: ["write"] },
  operator: { scopes: ["admin"] },
  meter: { scopes: ["metrics"] },
  orders: { scopes: ["read", "write"], counters: ["orders-*"] },
} as const satisfies Record<string, { scopes: readonly Scope[]; counters?: readonly string[] }>;

const made = Object.entries(grants).map(([name, grant]) => {
  const counters = "counters" in grant ? { counters: [...grant.counters] } : {};
  return newToken({ name, scopes: [...grant.scopes], ...counters });
});
const secret = "a secret of this cluster and no other";

const tokenOf = (name: string): string =>
  made.find(({ entry }) => entry.name === name)?.token ?? `ctr_${"x".repeat(43)}`;
const bearer = (name: string): { authorization: string } => ({
  authorization: `Bearer ${tokenOf(name)}`,
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

beforeAll(async () => {
  folder = await nodes.directory();
  const tokens = JSON.stringify({ tokens: made.map(({ entry }) => entry) });
  const auth = `--auth-file=${await file("tokens.json", tokens)}`;
  const peers = `--peer-secret-file=${await file("secret", secret)}`;
  cluster = await nodes.three(auth, peers);
  await Promise.all(cluster.map(({ node }) => node.ready));
});
afterAll(() => nodes.end());

/** A follower is asked as well as the leader: every one of them. */
const everywhere = (
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<Called[]> =>
  Promise.all(cluster.map(({ url }) => call(`${url}${path}`, { method, headers })));

const codeOf = ({ text }: Called): unknown => (JSON.parse(text) as { code: unknown }).code;

test.each([
  { method: "GET", path: "/livez", who: null, status: 200 },
  { method: "GET", path: "/readyz", who: null, status: 200 },
  { method: "GET", path: "/health", who: null, status: 200 },
  { method: "GET", path: "/get", who: null, status: 401 },
  { method: "GET", path: "/status", who: null, status: 401 },
  { method: "GET", path: "/get", who: "nobody", status: 401 },
  { method: "GET", path: "/get", who: "reader", status: 200 },
  { method: "GET", path: "/status", who: "reader", status: 200 },
  { method: "GET", path: "/get", who: "other", status: 403 },
  { method: "POST", path: "/next", who: "reader", status: 403 },
  { method: "POST", path: "/next", who: "writer", status: 200 },
  { method: "POST", path: "/next", who: "operator", status: 403 },
  { method: "POST", path: "/next", who: "orders", status: 403 },
  { method: "POST", path: "/backup", who: "writer", status: 403 },
  { method: "POST", path: "/join?id=x&addr=10.0.0.1:1", who: "writer", status: 403 },
  { method: "POST", path: "/v1/cluster/leave", who: "writer", status: 403 },
  { method: "DELETE", path: "/v1/cluster/members/x", who: "writer", status: 403 },
  { method: "DELETE", path: "/v1/cluster/members/x", who: "operator", status: 404 },
  { method: "POST", path: "/v1/sessions", who: "orders", status: 201 },
  { method: "POST", path: "/v1/cluster/bootstrap", who: "operator", status: 401 },
])("$method $path by $who: $status at every node", async ({ method, path, who, status }) => {
  const headers = { accept: "application/json", ...(who === null ? {} : bearer(who)) };
  const replies = await everywhere(method, path, headers);
  expect(replies.map((reply) => reply.status)).toEqual([status, status, status]);
  for (const reply of replies) {
    if (status === 401) expect(codeOf(reply)).toBe("unauthenticated");
    if (status === 403) expect(codeOf(reply)).toBe("forbidden");
  }
});

test("a session is its principal's alone, and unknown to everybody else", async () => {
  const post = (at: number, path: string, headers: Record<string, string>): Promise<Called> =>
    call(`${cluster[at]!.url}/v1/${path}`, { method: "POST", headers });
  const { id } = JSON.parse((await post(1, "sessions", bearer("writer"))).text) as { id: string };
  const write = (who: string, at: number): Promise<Called> =>
    post(at, "counters/kept/increment", { ...bearer(who), "counter-session": `${id}; seq=1` });
  expect(codeOf(await write("other", 0))).toBe("session-unknown");
  const replies = [await write("writer", 1), await write("writer", 2)];
  expect(replies.map(({ headers }) => headers["idempotent-replayed"])).toEqual([undefined, "true"]);
});

/** A batch of two additions, as the token for orders-* sends it to the node at this place. */
const batch = (at: number, ...counters: readonly string[]): Promise<Called> => {
  const headers = { ...bearer("orders"), "content-type": "application/json" };
  const ops = counters.map((counter) => ({ op: "add", counter, delta: "1" }));
  const body = JSON.stringify({ ops });
  return call(`${cluster[at]!.url}/v1/batch`, { method: "POST", headers, body });
};

test("a batch is for who may touch all of its counters, and otherwise does nothing", async () => {
  for (const at of [0, 1, 2]) {
    expect((await batch(at, "orders-1", "orders-2")).status).toBe(200);
    for (const names of [
      ["orders-1", "stock-1"],
      ["stock-1", "orders-1"],
    ]) {
      const refused = await batch(at, ...names);
      expect([refused.status, codeOf(refused)]).toEqual([403, "forbidden"]);
      expect(refused.text).toContain("stock-1");
    }
  }
  const path = `${cluster[0]!.url}/v1/counters`;
  const reply = await call(`${path}/orders-1`, { headers: bearer("orders") });
  expect(JSON.parse(reply.text)).toMatchObject({ value: "3" });
  expect((await call(`${path}/stock-1`, { headers: bearer("reader") })).status).toBe(404);
});

test.each([
  { path: "/v1/counters?prefix=orders-", status: 200 },
  { path: "/v1/counters?prefix=orders-2", status: 200 },
  { path: "/v1/counters?prefix=orders", status: 403 },
  { path: "/v1/counters?prefix=orders&prefix=orders-", status: 403 },
  { path: "/v1/counters", status: 403 },
  { path: "/v1/watch?prefix=orders-", status: 200 },
  { path: "/v1/watch?prefix=o", status: 403 },
  { path: "/v1/watch?prefix=stock-", status: 403 },
  { path: "/v1/watch", status: 403 },
  { path: "/v1/counters/orders-1/watch", status: 200 },
  { path: "/v1/counters/stock-1/watch", status: 403 },
])("a token for orders-* gets $status of GET $path at every node", async ({ path, status }) => {
  for (const { url } of cluster) {
    const wanted = path.includes("watch") ? "text/event-stream" : "application/json";
    const aborting = new AbortController();
    const headers = { ...bearer("orders"), accept: wanted };
    const reply = await fetch(`${url}${path}`, { headers, signal: aborting.signal });
    expect(reply.status).toBe(status);
    aborting.abort(); // what is watched has no end of its own
  }
});

test("401 says what is wanted, and 403 which scope is missing", async () => {
  const [{ url }] = cluster as [TestNode];
  const missing = await call(`${url}/get`);
  expect(missing.headers["www-authenticate"]).toBe('Bearer realm="counter"');
  const wrong = await call(`${url}/get`, { headers: bearer("nobody") });
  expect(wrong.headers["www-authenticate"]).toContain('error="invalid_token"');
  const accept = { accept: "application/json" };
  const headers = { ...bearer("reader"), ...accept };
  const lacking = await call(`${url}/next`, { method: "POST", headers });
  expect(lacking.headers["www-authenticate"]).toContain('scope="write"');
  expect(JSON.parse(lacking.text)).toMatchObject({ code: "forbidden", scope: "write" });
});

test.each([
  { what: "of another scheme", authorization: "Basic dXNlcjpwYXNz" },
  { what: "empty", authorization: "Bearer" },
  { what: "two", authorization: "Bearer a b" },
  { what: "very long", authorization: `Bearer ${"x".repeat(5000)}` },
])("what is $what is no token", async ({ authorization }) => {
  const [{ url }] = cluster as [TestNode];
  expect((await call(`${url}/get`, { headers: { authorization } })).status).toBe(401);
});

test("who may not write costs no memory: nothing of a body is read", async () => {
  const socket = connect(cluster[0]!.config.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("POST /restore HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\nbegun");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /);
  socket.destroy();
});

test("a key of one client is not the key of another, at whichever node they are sent", async () => {
  const key = { "idempotency-key": "0190f5c2-7c1e-7b6a-9d53-0f0d4f6b2a11" };
  const next = async (who: string, at: number): Promise<Called> =>
    call(`${cluster[at]!.url}/next`, { method: "POST", headers: { ...bearer(who), ...key } });
  const mine = await next("writer", 0);
  expect([mine.status, mine.headers["idempotent-replayed"]]).toEqual([200, undefined]);
  for (const at of [0, 1, 2]) {
    const again = await next("writer", at);
    expect([again.text, again.headers["idempotent-replayed"]]).toEqual([mine.text, "true"]);
  }
  const theirs = await next("other", 1);
  expect(theirs.headers["idempotent-replayed"]).toBeUndefined();
  expect(Number(theirs.text)).toBeGreaterThan(Number(mine.text));
  expect((await next("other", 2)).text).toBe(theirs.text);
});

test("nobody but a peer can say for whom he speaks", async () => {
  const principal = JSON.stringify({ name: "me", scopes: ["admin"], counters: null });
  const headers = { [principalHeader]: principal, "counter-forwarded": "127.0.0.1:1" };
  for (const reply of await everywhere("POST", "/backup", headers)) expect(reply.status).toBe(401);
  const [{ url }] = cluster as [TestNode];
  const forged = new PeerAuth([new TextEncoder().encode("a secret of somebody else")]);
  const message = { method: "POST", path: "/backup", headers, body: new Uint8Array(0) };
  const sign = (): Record<string, string> => ({ ...headers, ...forged.sign("n", message).headers });
  const first = forged.sign("n", message);
  const refused = await call(`${url}/backup`, {
    method: "POST",
    headers: { ...headers, ...first.headers },
  });
  expect(forged.challenged("n", first, refused.headers)).toBe(true);
  expect((await call(`${url}/backup`, { method: "POST", headers: sign() })).status).toBe(401);
});

test("a message of a peer counts once, and only what it has signed", async () => {
  const [{ url }] = cluster as [TestNode];
  const auth = new PeerAuth([new TextEncoder().encode(secret)]);
  const request = { method: "POST", path: "/next", headers: {}, body: new Uint8Array(0) };
  const send = (headers: Record<string, string>): Promise<Called> =>
    call(`${url}/next`, { method: "POST", headers });
  const first = auth.sign("n", request);
  expect(auth.challenged("n", first, (await send({ ...first.headers })).headers)).toBe(true);
  const right = auth.sign("n", request);
  // A header that is not covered means nothing: this one would have been refused.
  const sent = { ...right.headers, "idempotency-key": "k".repeat(300) };
  const reply = await send(sent);
  expect(reply.status).toBe(200);
  expect(auth.verifyReply(right, { ...reply, body: reply.text })).not.toBeNull();
  expect((await send(sent)).status).toBe(401);
  const another = auth.sign("n", { ...request, path: "/increment" });
  expect((await send({ ...another.headers })).status).toBe(401);
  const emptied = auth.sign("n", { ...request, body: new Uint8Array(1) });
  expect((await send({ ...emptied.headers })).status).toBe(401);
});

test("hostile requests make no node connect anywhere", async () => {
  let connections = 0;
  const trap = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(trap, "listening");
  const at = `127.0.0.1:${(trap.address() as AddressInfo).port}`;
  const attacks: readonly (readonly [method: string, path: string, body?: string])[] = [
    ["POST", `/join?id=x&addr=${at}`],
    ["POST", "/v1/cluster/members", JSON.stringify({ id: "x", address: at })],
    ["POST", "/v1/cluster/leader/transfer", JSON.stringify({ to: at })],
    ["GET", `/get?redirect=${at}`],
    ["POST", "/next?redirect"],
    ["GET", "/raft/stream"],
    ["POST", "/v1/cluster/bootstrap", JSON.stringify({ phase: "pledge", to: at })],
  ];
  const forged = {
    host: at,
    forwarded: `host=${at}`,
    "x-forwarded-host": at,
    "counter-forwarded": at,
    "counter-leader": at,
    "counter-peer-from": at,
    "counter-raft-address": at,
    [peerAuthHeader]: "v2 x",
  };
  for (let round = 0; round < 20; round += 1) {
    for (const [method, path, body] of attacks) {
      for (const who of ["nobody", "writer"]) {
        const headers = { ...forged, ...bearer(who), "content-type": "application/json" };
        const sent = { method, headers, ...(body === undefined ? {} : { body }) };
        const reply = await call(`${cluster[round % 3]!.url}${path}`, sent);
        expect(reply.headers.location ?? "").not.toContain(at);
        expect(reply.status).toBeGreaterThanOrEqual(400);
      }
    }
  }
  expect(connections).toBe(0);
  trap.close();
}, 60_000);

test("tokens are read again, and a file that is none changes nothing", async () => {
  const [one] = cluster as [TestNode];
  const added = newToken({ name: "new", scopes: ["read"] });
  const headers = { authorization: `Bearer ${added.token}` };
  const status = async (): Promise<number> => (await call(`${one.url}/get`, { headers })).status;
  expect(await status()).toBe(401);
  const entries = [...made.map(({ entry }) => entry), added.entry];
  await file("tokens.json", JSON.stringify({ tokens: entries }));
  await one.node.reload();
  expect(await status()).toBe(200);
  await file("tokens.json", `{"tokens": "${added.token}`);
  await one.node.reload();
  expect(await status()).toBe(200);
  const said = one.lines.filter((line) => /tokens (were|stay)/.test(line));
  expect(said.at(-1)).toMatch(/stay as they were/);
  expect(one.lines.join("\n")).not.toContain(added.token);
});
