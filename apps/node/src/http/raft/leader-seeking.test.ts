/** What happens to a request while there is no leader. Real sockets, a scripted leader. */
import type { RequestListener } from "node:http";

import { NotLeaderError, OutcomeUnknownError, ProposalLostError } from "@counter/raft";
import winston from "winston";

import type { RaftEngine } from "../../engine/engine.ts";
import { SessionIds } from "../../engine/session-ids.ts";
import { TokenCodec } from "../../engine/tokens.ts";
import { failingRoute, Servers, type FailingRoute } from "../../test-support/answering.ts";
import { openLink } from "../../security/peer-link.ts";
import type { ApiReply, ApiRequest, Route } from "../api.ts";
import { createForwarder, type Forwarder } from "./forward.ts";
import { Gate } from "../gate.ts";
import { heldMax, HeldRequests } from "../held.ts";
import { Problem } from "../problems.ts";
import { LeaderSeeking, type ClusterView } from "./leader-seeking.ts";
import { Service } from "../service.ts";

/** What this node believes; a test changes it and releases who waits. */
interface Cluster {
  leaderAddress: string | null;
  leading: boolean;
  cutOff: boolean;
}

let cluster: Cluster;
let gate: Gate<RaftEngine>;
let held: HeldRequests;
let forwarder: Forwarder;
const servers = new Servers();

beforeEach(() => {
  cluster = { leaderAddress: null, leading: false, cutOff: false };
  gate = new Gate();
  held = new HeldRequests();
  forwarder = createForwarder({ own: "n1:1", timeoutMs: 2000, link: openLink });
});
afterEach(() => {
  held.close();
  forwarder.close();
  servers.close();
});

function service(applyTimeoutMs: number = 5000): Service {
  const view: ClusterView = {
    leaderAddress: () => cluster.leaderAddress,
    leaderAtHand: () => cluster.leading || cluster.leaderAddress !== null,
    cutOff: () => cluster.cutOff,
    unreachable: () => [],
    waiting: () => "an election is under way",
  };
  const config = { applyTimeoutMs, compat: "none", forward: "forward", tls: null } as const;
  const log = winston.createLogger({ silent: true });
  const handling = new LeaderSeeking({ config, gate, held, cluster: view, forwarder });
  return new Service({ address: "n1:1", problemBase: "urn:x:", gate, handling, log });
}

const route = (kind: Route["kind"], ...errors: readonly Error[]): FailingRoute =>
  failingRoute(kind, "/next", errors);

function request(headers: Record<string, string> = {}): ApiRequest {
  const query = new URLSearchParams();
  return { method: "POST", path: "/next", query, headers, body: new Uint8Array(0) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const unused = (): never => {
  throw new Error("the routes of these tests answer by themselves");
};
const engine: RaftEngine = {
  write: unused,
  writeAll: unused,
  restore: unused,
  read: unused,
  list: unused,
  tokens: new TokenCodec("c1"),
  openSession: unused,
  closeSession: unused,
  sessionIds: new SessionIds("c1"),
  backup: unused,
  makeDigest: unused,
  digests: unused,
  transferLeadership: unused,
  members: { view: unused, add: unused, remove: unused, promote: unused },
  status: unused,
};

/** Lets go of everything that waits, once so many wait, and lets them look around. */
async function releaseAll(count: number = 1): Promise<void> {
  while (held.size < count) await turn();
  held.release();
  await turn();
}

const noLeader = new NotLeaderError(null);
const key = { "idempotency-key": "k" };
const codeOf = ({ status, headers }: ApiReply) => [status, headers["counter-code"]];

describe("without a leader", () => {
  it.each(["write", "read", "control"] as const)("a %s waits, and is served", async (kind) => {
    const wanted = route(kind, noLeader);
    const reply = service().answer(wanted, request());
    await releaseAll(); // not for the right reason: it waits on
    await releaseAll();
    expect(wanted.attempts()).toBe(1);
    cluster.leading = true;
    await releaseAll();
    expect(await reply).toMatchObject({ status: 200, body: "7\n" });
  });

  test("a write goes to the leader that is found", async () => {
    const reply = service().answer(route("write", noLeader, noLeader), request());
    cluster.leaderAddress = await servers.serve((_incoming, outgoing) => outgoing.end("8\n"));
    await releaseAll();
    expect(String((await reply).body)).toBe("8\n");
  });

  test("it is refused when its time is over, and told when to come back", async () => {
    const reply = await service(20).answer(route("write", noLeader), request());
    expect(codeOf(reply)).toEqual([503, "no-leader"]);
    expect(reply.headers).toMatchObject({ "retry-after": "1", "counter-outcome": "not-applied" });
  });

  test("it is refused at once where too many wait, where it cannot help, and when the node stops", async () => {
    const patient = service();
    const waiting = Array.from({ length: heldMax }, () => {
      return patient.answer(route("write", noLeader), request());
    });
    await releaseAll(heldMax); // all wait again
    expect(codeOf(await patient.answer(route("write", noLeader), request()))[0]).toBe(503);
    held.close();
    const codes = new Set((await Promise.all(waiting)).map(({ status }) => status));
    expect([...codes]).toEqual([503]);

    held = new HeldRequests();
    cluster.cutOff = true;
    expect(codeOf(await service().answer(route("write", noLeader), request()))[0]).toBe(503);
  });

  test("a client that has hung up is not served behind its back", async () => {
    const wanted = route("write", noLeader);
    const reply = service().answer(wanted, { ...request(), hungUp: () => true });
    cluster.leading = true;
    await releaseAll();
    expect(codeOf(await reply)).toEqual([503, "no-leader"]);
    expect(wanted.attempts()).toBe(1);
  });

  test("what another node has forwarded does not wait here: that node tries again", async () => {
    const forwarded = request({ "counter-forwarded": "n2:2" });
    const reply = await service().answer(route("write", noLeader), forwarded);
    expect(codeOf(reply)).toEqual([503, "no-leader"]);
  });
});

describe("a request is tried again", () => {
  test("when its entry was lost to another leader", async () => {
    cluster.leading = true;
    const lost = route("write", new ProposalLostError());
    expect((await service().answer(lost, request())).status).toBe(200);
  });

  test("when the node has started", async () => {
    const early = service();
    const reply = early.answer(route("read", new Problem("starting", "")), request());
    await releaseAll();
    gate.open(engine);
    await releaseAll();
    expect((await reply).status).toBe(200);
  });

  test("when the leader sent it away, or was not there", async () => {
    let asked = 0;
    const address = await servers.serve((_incoming, outgoing) => {
      asked += 1;
      const away = { "counter-code": "draining", "counter-outcome": "not-applied" };
      if (asked === 1) outgoing.writeHead(503, away).end();
      else outgoing.end("9\n");
    });
    cluster.leaderAddress = address;
    const errors = [noLeader, noLeader, noLeader];
    expect(String((await service().answer(route("write", ...errors), request())).body)).toBe("9\n");
    expect(asked).toBe(2);

    cluster.leaderAddress = "127.0.0.1:1"; // nobody listens there
    const reply = service().answer(route("write", ...errors), request());
    while (held.size === 0) await turn();
    cluster.leaderAddress = address;
    held.release();
    expect((await reply).status).toBe(200);
  });
});

test("a node that drains sends its clients elsewhere, one that only hands over keeps them", async () => {
  gate.leave();
  const leaving = await service().answer(route("write"), request());
  expect([leaving.status, leaving.headers["connection"]]).toEqual([200, undefined]);
  gate.drain();
  const draining = await service().answer(route("write"), request());
  expect([...codeOf(draining), draining.headers["connection"]]).toEqual([503, "draining", "close"]);
});

describe("of unknown outcome", () => {
  const breaking: RequestListener = (incoming) => incoming.socket.resetAndDestroy();
  const unknown = new OutcomeUnknownError("a snapshot took its place");

  test("a write without a key is never tried again", async () => {
    cluster.leaderAddress = await servers.serve(breaking);
    const wanted = route("write", noLeader);
    expect(codeOf(await service().answer(wanted, request()))).toEqual([504, "outcome-unknown"]);
    expect(wanted.attempts()).toBe(1);
  });

  test("a read is, since it changes nothing", async () => {
    let asked = 0;
    cluster.leaderAddress = await servers.serve((incoming, outgoing) => {
      asked += 1;
      if (asked === 1) incoming.socket.resetAndDestroy();
      else outgoing.end("9\n");
    });
    const reply = await service().answer(route("read", noLeader, noLeader), request());
    expect([reply.status, asked]).toEqual([200, 2]);
  });

  it.each([
    { what: "a key", headers: key },
    { what: "a number in a session", headers: { "counter-session": "s1-1; seq=1" } },
  ])("a write with $what is, since that makes it safe", async ({ headers }) => {
    cluster.leading = true;
    const reply = await service().answer(route("write", unknown), request(headers));
    expect(reply.status).toBe(200);
  });

  test("it stays unknown when no later attempt succeeds, whatever that one says of itself", async () => {
    cluster.leading = true;
    const full = new Problem("idempotency-table-full", "");
    for (const later of [noLeader, full]) {
      const patience = later === full ? 5000 : 100;
      const errors = [unknown, ...Array.from({ length: 20 }, () => later)];
      const reply = await service(patience).answer(route("write", ...errors), request(key));
      expect(codeOf(reply)).toEqual([504, "outcome-unknown"]);
    }
  });

  test("a handover of leadership is not tried again", async () => {
    cluster.leading = true;
    const wanted = route("control", unknown);
    expect((await service().answer(wanted, request(key))).status).toBe(504);
    expect(wanted.attempts()).toBe(1);
  });
});
