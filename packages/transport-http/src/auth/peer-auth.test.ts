import type { PeerRequest, SignedRequest } from "./peer-auth.ts";
import { PeerAuth, peerAuthHeader, targetsMax } from "./peer-auth.ts";
import { replayWindow, sessionsMax } from "./replay-guard.ts";
import { secretMinBytes, secretsMax } from "./secrets.ts";

const secret = (word: string): Uint8Array => new TextEncoder().encode(word.padEnd(16, "."));
const auth = (...words: readonly string[]): PeerAuth => new PeerAuth(words.map(secret));
const body = new TextEncoder().encode("hello");
const request: PeerRequest = { method: "POST", path: "/a?b=c", headers: { accept: "x" }, body };

/** A request as the other side sees it. */
function arriving(signed: SignedRequest, of: PeerRequest = request) {
  const headers = { ...of.headers, ...signed.headers };
  return { method: of.method, url: of.path, headers };
}

/** Signs over the challenge of the node that is asked. */
function signFor(server: PeerAuth, client: PeerAuth, target = "n2"): SignedRequest {
  const first = client.sign(target, request);
  const isKnown = server.verify(arriving(first)) !== null;
  if (!isKnown) expect(client.challenged(target, first, server.challenge())).toBe(true);
  return client.sign(target, request);
}

describe("a request", () => {
  it("is found right once, with what it covers, and no more", () => {
    const [server, client] = [auth("s"), auth("s")];
    const { headers, ...rest } = arriving(signFor(server, client));
    const seen = { ...rest, headers: { ...headers, "counter-principal": "admin" } };
    const verified = server.verify(seen);
    expect(verified?.headers).toEqual({ accept: "x" });
    expect(server.isBodyOf(verified!, body)).toBe(true);
    expect(server.isBodyOf(verified!, secret("other"))).toBe(false);
    expect(server.verify(seen)).toBeNull();
  });

  it.each([
    { what: "method", change: { method: "DELETE" } },
    { what: "path", change: { url: "/a" } },
    { what: "query", change: { url: "/a?b=d" } },
    { what: "header", change: { header: "y" } },
  ])("with another $what proves nothing", ({ change: { header, ...change } }) => {
    const [server, client] = [auth("s"), auth("s")];
    const right = arriving(signFor(server, client));
    const headers = header === undefined ? right.headers : { ...right.headers, accept: header };
    expect(server.verify({ ...right, ...change, headers })).toBeNull();
    expect(server.verify(right)).not.toBeNull();
  });

  it("that lost a header proves nothing, also where objects inherit one of that name", () => {
    const [server, client] = [auth("s"), auth("s")];
    const odd = { ...request, headers: { constructor: "x" } };
    signFor(server, client);
    const signed = client.sign("n2", odd);
    expect(server.verify(arriving(signed, { ...odd, headers: {} }))).toBeNull();
    expect(server.verify(arriving(signed, odd))).not.toBeNull();
  });

  it.each([
    { what: "in order", order: [1, 2, 3] },
    { what: "the other way round", order: [3, 2, 1] },
  ])("of one session may come $what, each once", ({ order }) => {
    const [server, client] = [auth("s"), auth("s")];
    signFor(server, client);
    const all = order.map(() => client.sign("n2", request));
    const come = (place: number): boolean => server.verify(arriving(all[place - 1]!)) !== null;
    expect(order.map(come)).toEqual([true, true, true]);
    expect(order.map(come)).toEqual([false, false, false]);
  });

  it(`that comes behind ${replayWindow} later ones is refused, and signed again in a new session`, () => {
    const [server, client] = [auth("s"), auth("s")];
    signFor(server, client);
    const late = client.sign("n2", request);
    const justInTime = client.sign("n2", request);
    for (let i = 0; i < replayWindow - 1; i += 1) {
      expect(server.verify(arriving(client.sign("n2", request)))).not.toBeNull();
    }
    expect(server.verify(arriving(justInTime))).not.toBeNull();
    expect(server.verify(arriving(client.sign("n2", request)))).not.toBeNull();
    expect(server.verify(arriving(late))).toBeNull();
    expect(client.challenged("n2", late, server.challenge())).toBe(true);
    expect(server.verify(arriving(client.sign("n2", request)))).not.toBeNull();
  });

  it("that knows the secret and not the challenge is told from one that does not know the secret", () => {
    const [server, client, stranger] = [auth("s"), auth("s"), auth("another")];
    const first = arriving(client.sign("n2", request));
    expect(server.verify(first)).toBeNull();
    expect(server.isChallengeMissing(first)).toBe(true);
    expect(server.isChallengeMissing({ ...first, url: "/elsewhere" })).toBe(false);
    expect(server.isChallengeMissing({ ...first, headers: {} })).toBe(false);
    expect(server.isChallengeMissing(arriving(stranger.sign("n2", request)))).toBe(false);
    const right = arriving(signFor(server, client));
    expect(server.verify(right)).not.toBeNull();
    expect(server.verify(right)).toBeNull();
    expect(server.isChallengeMissing(right)).toBe(false); // sent again
  });

  it(`of more than ${sessionsMax} sessions changes the challenge: nothing recorded comes in again`, () => {
    const server = auth("s");
    const before = server.challenge();
    const recorded = signFor(server, auth("s"));
    expect(server.verify(arriving(recorded))).not.toBeNull();
    for (let i = 1; i < sessionsMax; i += 1) {
      expect(server.verify(arriving(signFor(server, auth("s"))))).not.toBeNull();
    }
    expect(server.challenge()).toEqual(before);
    const oneTooMany = auth("s");
    expect(server.verify(arriving(signFor(server, oneTooMany)))).toBeNull();
    expect(server.challenge()).not.toEqual(before);
    expect(server.verify(arriving(recorded))).toBeNull();
    expect(server.verify(arriving(signFor(server, oneTooMany)))).not.toBeNull();
  });

  it(`is asked for anew of a node that was forgotten among ${targetsMax} others`, () => {
    const [server, client] = [auth("s"), auth("s")];
    expect(server.verify(arriving(signFor(server, client)))).not.toBeNull();
    for (let i = 0; i < targetsMax; i += 1) client.sign(`other ${i}`, request);
    expect(server.verify(arriving(client.sign("n2", request)))).toBeNull();
    expect(server.verify(arriving(signFor(server, client)))).not.toBeNull();
  });

  it.each(["", "none", "0".repeat(31), "G".repeat(32)])(
    "nothing is learnt of the challenge %p",
    (text) => {
      const client = auth("s");
      const signed = client.sign("n2", request);
      expect(client.challenged("n2", signed, { "counter-peer-challenge": text })).toBe(false);
    },
  );
});

describe("a reply", () => {
  const headers = { "counter-outcome": "applied" };
  const reply = { status: 200, headers, body: "done" };

  it("belongs to its request", () => {
    const [server, client] = [auth("s"), auth("s")];
    const signed = signFor(server, client);
    const proof = server.signReply(server.verify(arriving(signed))!, reply);
    const came = { ...reply, headers: { ...headers, ...proof, "counter-leader": "me:1" } };
    expect(client.verifyReply(signed, came)).toEqual(headers);
    expect(client.verifyReply(client.sign("n2", request), came)).toBeNull();
    expect(client.verifyReply(signed, { ...came, status: 201 })).toBeNull();
    expect(client.verifyReply(signed, { ...came, body: "DONE" })).toBeNull();
    const changed = { ...came.headers, "counter-outcome": "unknown" };
    expect(client.verifyReply(signed, { ...came, headers: changed })).toBeNull();
    expect(client.verifyReply(signed, { ...came, headers })).toBeNull();
  });
});

describe("secrets", () => {
  it("change while nodes run: any verifies, the first one signs", () => {
    const [server, client] = [auth("old"), auth("old")];
    const answers = (): boolean => {
      const signed = signFor(server, client);
      const verified = server.verify(arriving(signed));
      if (verified === null) return false;
      const proof = server.signReply(verified, { status: 200, headers: {}, body: "" });
      return client.verifyReply(signed, { status: 200, headers: proof, body: "" }) !== null;
    };
    for (const [at, words] of [
      [server, ["old", "new"]],
      [client, ["old", "new"]],
      [client, ["new", "old"]],
      [server, ["new", "old"]],
      [server, ["new"]],
      [client, ["new"]],
    ] as const) {
      at.replace(words.map(secret));
      expect(answers()).toBe(true);
    }
    server.replace([secret("other")]);
    expect(answers()).toBe(false);
  });

  it(`are 1 to ${secretsMax}, of at least ${secretMinBytes} bytes; else the old ones stay`, () => {
    const short = new Uint8Array(secretMinBytes - 1);
    expect(() => new PeerAuth([])).toThrow(RangeError);
    expect(() => new PeerAuth([secret("s"), short])).toThrow(RangeError);
    const [server, client] = [auth("s"), auth("s")];
    expect(() => server.replace(Array(secretsMax + 1).fill(secret("t")))).toThrow(RangeError);
    expect(server.verify(arriving(signFor(server, client)))).not.toBeNull();
  });

  it("do not follow changes of the bytes that they were given in", () => {
    const mutable = secret("s");
    const client = new PeerAuth([mutable]);
    mutable.fill(0);
    const server = auth("s");
    expect(server.verify(arriving(signFor(server, client)))).not.toBeNull();
  });

  it("are in no proof", () => {
    const { headers } = auth("sesame").sign("n2", request);
    expect(headers[peerAuthHeader]).not.toContain("sesame");
  });
});
