import { signable } from "./handshake.ts";
import { PeerAuth } from "./auth/peer-auth.ts";
import type { SignedRequest } from "./auth/peer-auth.ts";
import type { PeerTrust } from "./auth/peer-trust.ts";
import { HttpTransport } from "./http-transport.ts";
import { numbered } from "./test-support/messages.ts";
import { Directory, Nodes } from "./test-support/node.ts";
import { ask, handshakeHeaders } from "./test-support/raw.ts";

const nodes = new Nodes();
afterEach(() => nodes.closeAll());

const ends = { from: "n1", to: "n2" };

describe("handshakes that a node refuses", () => {
  it.each([
    {
      what: "another cluster",
      change: { "Counter-Raft-Cluster": "green" },
      status: 409,
      code: "foreign-cluster",
    },
    {
      what: "another receiver",
      change: { "Counter-Raft-To": "n3" },
      status: 409,
      code: "wrong-node",
    },
    {
      what: "a sender that is no member",
      change: { "Counter-Raft-From": "n9" },
      status: 403,
      code: "not-a-member",
    },
    {
      what: "our own id",
      change: { "Counter-Raft-From": "n2" },
      status: 409,
      code: "duplicate-identity",
    },
    {
      what: "another directory",
      change: { "Counter-Raft-Directory": "new" },
      status: 409,
      code: "duplicate-identity",
    },
    {
      what: "another directory of ours",
      change: { "Counter-Raft-Expected-Directory": "old" },
      status: 409,
      code: "duplicate-identity",
    },
    {
      what: "another version",
      change: { Upgrade: "counter-raft/2" },
      status: 426,
      code: "unsupported-version",
    },
    {
      what: "another protocol",
      change: { Upgrade: "websocket" },
      status: 426,
      code: "unsupported-version",
    },
    { what: "no sender", change: { "Counter-Raft-From": "" }, status: 400, code: "malformed" },
    {
      what: "an id with a space",
      change: { "Counter-Raft-From": "a b" },
      status: 400,
      code: "malformed",
    },
    {
      what: "an endless id",
      change: { "Counter-Raft-From": "x".repeat(129) },
      status: 400,
      code: "malformed",
    },
    {
      what: "no directory",
      change: { "Counter-Raft-Directory": "" },
      status: 400,
      code: "malformed",
    },
  ])("$what: $status $code", async ({ change, status, code }) => {
    const knownDirectories = new Directory();
    knownDirectories.ids.set("n1", "directory-of-n1");
    const n2 = await nodes.listen({ id: "n2", knownDirectories });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const answer = await ask(n2.port, { ...handshakeHeaders(ends), ...change });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(await n2.event("refused")).toMatchObject({ by: "us", code });
    expect(n2.transport.stats().refused).toBe(1);
    expect(knownDirectories.ids).toEqual(new Map([["n1", "directory-of-n1"]]));
  });

  it("a right one is answered with the node's own ids", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers([{ id: "n1", address: "127.0.0.1:1" }]);
    const { status, headers } = await ask(n2.port, handshakeHeaders(ends));
    expect(status).toBe(101);
    expect(headers).toMatchObject({
      "counter-raft-version": "1.0",
      "counter-raft-cluster": "blue",
      "counter-raft-from": "n2",
      "counter-raft-to": "n1",
      "counter-raft-directory": "directory-of-n2",
    });
  });

  it("a stream is opened with GET", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    const { status } = await ask(n2.port, handshakeHeaders(ends), { method: "POST" });
    expect(status).toBe(400);
  });

  it("before it started: 503 not-ready", async () => {
    const n2 = await nodes.listen({ id: "n2" });
    const waiting = new HttpTransport({
      ...{ id: "n3", clusterId: "blue", directoryId: "d3" },
      ...{ knownDirectories: new Directory(), path: "/other/stream" },
    });
    waiting.attach(n2.server);
    const { status, body } = await ask(n2.port, handshakeHeaders(ends), { path: "/other/stream" });
    expect([status, JSON.parse(body)]).toMatchObject([503, { code: "not-ready" }]);
    await waiting.close();
  });

  it("more at once than it can check: 503 busy", async () => {
    const stored: (() => void)[] = [];
    const remember = (): Promise<void> => new Promise((resolve) => stored.push(resolve));
    const knownDirectories = { get: () => null, remember };
    const limits = { handshakesMax: 1 };
    const n2 = await nodes.listen({ id: "n2", admit: "cluster", knownDirectories, limits });
    const first = ask(n2.port, handshakeHeaders(ends));
    const second = ask(n2.port, handshakeHeaders(ends));
    const { status } = await Promise.race([first, second]);
    expect(status).toBe(503);
    stored[0]!();
    expect((await first).status + (await second).status).toBe(503 + 101);
  });
});

describe("what those who dial see", () => {
  it.each([
    { what: "another cluster", n1: { clusterId: "green" }, code: "foreign-cluster", known: true },
    { what: "a receiver that does not know them", n1: {}, code: "not-a-member", known: false },
  ])("$what: the receiver's code", async ({ n1: options, code, known }) => {
    const n1 = await nodes.listen({ id: "n1", ...options });
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers(known ? [n1.member] : []);
    n1.transport.setMembers([n2.member]);
    const refused = await n1.event("refused", ({ by }) => by === "them");
    expect(refused).toMatchObject({ peer: "n2", code });
    expect(n1.isConnected("n2")).toBe(false);
    expect(n1.transport.stats().peers["n2"]?.lastError).toMatch(/./);
  });

  it("another node at the address: wrong-node", async () => {
    const [n1, n3] = [await nodes.listen({ id: "n1" }), await nodes.listen({ id: "n3" })];
    n3.transport.setMembers([n1.member]);
    n1.transport.setMembers([{ id: "n2", address: n3.member.address }]);
    const refused = await n1.event("refused", ({ by }) => by === "them");
    expect(refused).toMatchObject({ peer: "n2", code: "wrong-node" });
  });

  it("some other server at the address: unknown", async () => {
    const n1 = await nodes.listen({ id: "n1" });
    const other = await nodes.listen({ id: "n2", path: "/elsewhere" });
    n1.transport.setMembers([other.member]);
    expect(await n1.event("refused")).toMatchObject({ by: "them", peer: "n2", code: "unknown" });
  });

  it("nobody at the address: a failed dial, and another attempt", async () => {
    const n1 = await nodes.listen({ id: "n1" });
    n1.transport.setMembers([{ id: "n2", address: "127.0.0.1:1" }]);
    await n1.watch.until(() => n1.events.filter(({ type }) => type === "dialFailed").length >= 3);
  });
});

describe("who is believed", () => {
  const auth = (...words: readonly string[]): PeerAuth =>
    new PeerAuth(words.map((word) => new TextEncoder().encode(word.padEnd(16, "."))));
  const secret = (...words: readonly string[]): { readonly trust: PeerTrust } => ({
    trust: { kind: "secret", auth: auth(...words) },
  });

  it.each([
    { who: "both know one secret", one: ["sesame"], other: ["sesame"] },
    { who: "the new secret is known, and not used yet", one: ["old", "new"], other: ["old"] },
    { who: "one uses the new secret already", one: ["new", "old"], other: ["old", "new"] },
  ])("$who: they talk", async ({ one, other }) => {
    await nodes.cluster({ id: "n1", ...secret(...one) }, { id: "n2", ...secret(...other) });
  });

  it("does not count as a refusal that a node which knows it learns the challenge", async () => {
    const [n1, n2] = await nodes.cluster(
      { id: "n1", ...secret("sesame") },
      { id: "n2", ...secret("sesame") },
    );
    for (const { transport, events } of [n1!, n2!]) {
      expect(transport.stats().refused).toBe(0);
      expect(events.filter(({ type }) => type === "refused")).toEqual([]);
    }
  });

  it("counts as one that somebody who does not know it asks for the challenge", async () => {
    const n1 = await nodes.listen({ id: "n1", ...secret("sesame") });
    const n2 = await nodes.listen({ id: "n2", ...secret("mellon") });
    n2.transport.setMembers([n1.member]);
    n1.transport.setMembers([n2.member]);
    expect(await n1.event("refused", ({ by }) => by === "us")).toMatchObject({
      code: "unauthenticated",
    });
  });

  it("refuses the others before it tells them anything", async () => {
    const n1 = await nodes.listen({ id: "n1", clusterId: "green" });
    const n2 = await nodes.listen({ id: "n2", ...secret("sesame") });
    n1.transport.setMembers([n2.member]);
    expect(await n1.event("refused")).toMatchObject({ by: "them", code: "unauthenticated" });
  });

  it("also checks who answers", async () => {
    const n1 = await nodes.listen({ id: "n1", ...secret("sesame") });
    const n2 = await nodes.listen({ id: "n2" });
    n2.transport.setMembers([n1.member]);
    n1.transport.setMembers([n2.member]);
    expect(await n1.event("refused")).toMatchObject({ by: "us", code: "unauthenticated" });
  });

  it("does not act on refusals of who does not know the secret", async () => {
    const n1 = await nodes.listen({ id: "n1", ...secret("sesame") });
    const stranger = await nodes.listen({ id: "n2", clusterId: "green" });
    stranger.transport.setMembers([n1.member]);
    n1.transport.setMembers([stranger.member]);
    const refused = await n1.event("refused", ({ by }) => by === "them");
    expect(refused).toMatchObject({ code: "unknown" });
  });

  it("acts on refusals of who does", async () => {
    const n1 = await nodes.listen({ id: "n1", ...secret("sesame") });
    const n2 = await nodes.listen({ id: "n2", clusterId: "green", ...secret("sesame") });
    n2.transport.setMembers([n1.member]);
    n1.transport.setMembers([n2.member]);
    const refused = await n1.event("refused", ({ by, code }) => {
      return by === "them" && code !== "unauthenticated";
    });
    expect(refused).toMatchObject({ code: "foreign-cluster" });
  });

  it("a handshake that is sent again, or with another header, is refused", async () => {
    const n2 = await nodes.listen({ id: "n2", admit: "cluster", ...secret("sesame") });
    const plain = handshakeHeaders(ends);
    const knower = auth("sesame");
    const path = "/raft/stream";
    const lower = Object.entries(plain).map(([name, value]) => [name.toLowerCase(), value]);
    const headers = signable(Object.fromEntries(lower) as Record<string, string>);
    const sign = (): SignedRequest =>
      knower.sign("n2", { method: "GET", path, headers, body: new Uint8Array(0) });
    const first = sign();
    const challenged = await ask(n2.port, { ...plain, ...first.headers });
    expect(challenged.status).toBe(401);
    expect(knower.challenged("n2", first, challenged.headers)).toBe(true);
    const right = { ...plain, ...sign().headers };
    const forged = { ...right, "counter-raft-address": "10.0.0.1:1" };
    expect((await ask(n2.port, forged)).status).toBe(401); // no proof covers the address
    const again = { ...plain, ...sign().headers };
    expect((await ask(n2.port, again)).status).toBe(101);
    expect((await ask(n2.port, again)).status).toBe(401);
  });
});

describe("who is admitted", () => {
  it("with admit: cluster, a sender that we do not know yet is heard and answered", async () => {
    const n1 = await nodes.listen({ id: "n1" });
    const n2 = await nodes.listen({ id: "n2", admit: "cluster" });
    n1.transport.setMembers([n2.member]);
    await n1.dialled("n2");
    n1.transport.send(numbered(ends, 1));
    await n2.watch.until(() => n2.received.length === 1);
    n2.transport.send(numbered({ from: "n2", to: "n1" }, 2));
    await n1.watch.until(() => n1.received.length === 1);
  });

  it("with admit: cluster, only so many of them", async () => {
    const n2 = await nodes.listen({ id: "n2", admit: "cluster", limits: { strangersMax: 2 } });
    const from = async (id: string): Promise<number> =>
      (await ask(n2.port, handshakeHeaders({ from: id, to: "n2" }))).status;
    expect([await from("a"), await from("b"), await from("c"), await from("a")]).toEqual([
      101, 101, 503, 101,
    ]);
  });
});
